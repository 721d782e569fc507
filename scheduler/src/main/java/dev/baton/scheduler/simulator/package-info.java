/**
 * The scheduling policies in virtual time: simulated CPUs, threads and loops, driven by a seeded
 * load and charged with measured costs. Nothing here knows the clock on the wall, so that the same
 * seed gives the same result.
 */
@NullMarked
package dev.baton.scheduler.simulator;

import org.jspecify.annotations.NullMarked;
