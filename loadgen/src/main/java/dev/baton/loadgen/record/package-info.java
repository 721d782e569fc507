/** What is measured: accounting, histograms, the generator's own lateness and cost. */
@NullMarked
package dev.baton.loadgen.record;

import org.jspecify.annotations.NullMarked;
