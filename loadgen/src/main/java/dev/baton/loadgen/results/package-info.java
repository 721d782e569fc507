/** Results that were kept: written without loss, read back, joined, compared and put in a row. */
@NullMarked
package dev.baton.loadgen.results;

import org.jspecify.annotations.NullMarked;
