package dev.baton.loadgen.schedule;

/** How requests are spaced at a given rate. */
public enum Arrivals {
  /** Evenly spaced: the same gap between any two requests of a stream. */
  UNIFORM,
  /** Independent users: exponentially distributed gaps, so requests bunch up as in production. */
  POISSON
}
