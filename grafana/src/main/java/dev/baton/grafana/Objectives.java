package dev.baton.grafana;

/**
 * What the service promises. The rules in {@code prometheus/rules/slo.yml} hold the same numbers; a
 * test compares the two.
 */
final class Objectives {
  /** The share of requests that may fail with a status of 500 or above. */
  static final String ERROR_BUDGET = "0.001";

  /** The share of requests that may take longer than {@link #SLOW_SECONDS}. */
  static final String SLOW_BUDGET = "0.01";

  /** In time, in seconds: must be the bound of a bucket, 50 µs times a power of two. */
  static final String SLOW_SECONDS = "0.1024";

  /** Burns the budget of 30 days in two: somebody is woken. */
  static final double PAGE_BURN = 14.4;

  private Objectives() {}
}
