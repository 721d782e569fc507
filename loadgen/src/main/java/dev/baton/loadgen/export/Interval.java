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
  public static final Interval NONE = new Interval(Quantiles.NONE, Quantiles.NONE);

  /** What follows this one, from the last second's histograms in nanoseconds. */
  public Interval next(Histogram responses, Histogram latenesses) {
    return new Interval(response.next(responses), lateness.next(latenesses));
  }

  /**
   * In milliseconds; NaN without values.
   *
   * @param p50Millis median of the last second
   * @param p99Millis 99th percentile of the last second
   * @param maxMillis maximum of the last second
   * @param count values since the start of the run
   * @param sumMillis their sum
   */
  public record Quantiles(
      double p50Millis, double p99Millis, double maxMillis, long count, double sumMillis) {
    static final Quantiles NONE = new Quantiles(Double.NaN, Double.NaN, Double.NaN, 0, 0);

    /** Of the last second's histogram in nanoseconds, after these. */
    Quantiles next(Histogram histogram) {
      long added = histogram.getTotalCount();
      return added == 0
          ? new Quantiles(NONE.p50Millis, NONE.p99Millis, NONE.maxMillis, count, sumMillis)
          : new Quantiles(
              histogram.getValueAtPercentile(50) / 1e6,
              histogram.getValueAtPercentile(99) / 1e6,
              histogram.getMaxValue() / 1e6,
              count + added,
              sumMillis + histogram.getMean() * added / 1e6);
    }
  }
}
