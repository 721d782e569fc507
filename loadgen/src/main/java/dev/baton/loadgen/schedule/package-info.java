/** Arrival schedules: when each request is meant to start, fixed by a seed before the run. */
@NullMarked
package dev.baton.loadgen.schedule;

import org.jspecify.annotations.NullMarked;
