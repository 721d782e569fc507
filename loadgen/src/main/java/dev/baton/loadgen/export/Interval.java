package dev.baton.loadgen.export;

import org.HdrHistogram.Histogram;

/**
 * What the last second of a running load showed. Immutable.
 *
 * @param response response times
 * @param lateness lateness of the generator
 */
public record Interval(Quantiles response, Quantiles lateness) {
  /** Before the first second is over. */
  public static final Interval NONE = new Interval(new Quantiles(0, 0, 0), new Quantiles(0, 0, 0));

  /** In milliseconds; 0 without values. */
  public record Quantiles(double p50Millis, double p99Millis, double maxMillis) {
    /** Of a histogram in nanoseconds. */
    public static Quantiles of(Histogram histogram) {
      return histogram.getTotalCount() == 0
          ? new Quantiles(0, 0, 0)
          : new Quantiles(
              histogram.getValueAtPercentile(50) / 1e6,
              histogram.getValueAtPercentile(99) / 1e6,
              histogram.getMaxValue() / 1e6);
    }
  }
}
