/** Tests of the simulator. */
@NullMarked
package dev.baton.scheduler.simulator;

import org.jspecify.annotations.NullMarked;
