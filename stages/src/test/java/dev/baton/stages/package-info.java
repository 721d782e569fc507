/** Stages driven by hand. */
@NullMarked
package dev.baton.stages;

import org.jspecify.annotations.NullMarked;
