/** Reports out: one class per format. */
@NullMarked
package dev.baton.loadgen.export;

import org.jspecify.annotations.NullMarked;
