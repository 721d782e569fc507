/** What follows from several runs: conditions, A/B comparisons, the search for a rate. */
@NullMarked
package dev.baton.loadgen.compare;

import org.jspecify.annotations.NullMarked;
