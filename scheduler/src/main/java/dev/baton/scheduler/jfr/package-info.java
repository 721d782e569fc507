/** Flight recorder events. */
@NullMarked
package dev.baton.scheduler.jfr;

import org.jspecify.annotations.NullMarked;
