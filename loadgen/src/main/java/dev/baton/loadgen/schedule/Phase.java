package dev.baton.loadgen.schedule;

import java.time.Duration;

/**
 * A stretch of the run during which the rate is constant or changes linearly.
 *
 * @param name shown in reports
 * @param startRate requests per second at its start, 0 or more
 * @param endRate requests per second at its end, 0 or more
 * @param duration its length, more than zero
 * @param recorded {@code false} for a warm-up: its requests are sent but not reported
 */
public record Phase(
    String name, double startRate, double endRate, Duration duration, boolean recorded) {

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if a rate is negative or not finite, or the duration not
   *     positive
   */
  public Phase {
    if (!(startRate >= 0 && Double.isFinite(startRate))) {
      throw new IllegalArgumentException("startRate=" + startRate + " of phase " + name);
    }
    if (!(endRate >= 0 && Double.isFinite(endRate))) {
      throw new IllegalArgumentException("endRate=" + endRate + " of phase " + name);
    }
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("duration=" + duration + " of phase " + name);
    }
  }

  /** A recorded phase at a constant rate in requests per second. */
  public static Phase hold(String name, double rate, Duration duration) {
    return new Phase(name, rate, rate, duration, true);
  }

  /** An unrecorded phase at a constant rate in requests per second. */
  public static Phase warmup(double rate, Duration duration) {
    return new Phase("warmup", rate, rate, duration, false);
  }

  /** Requests this phase asks for: the mean rate times the duration. */
  public double requests() {
    return (startRate + endRate) / 2 * seconds();
  }

  /** Length in seconds. */
  public double seconds() {
    return duration.toNanos() / 1e9;
  }
}
