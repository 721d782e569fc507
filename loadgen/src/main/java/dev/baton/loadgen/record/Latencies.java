package dev.baton.loadgen.record;

import org.HdrHistogram.Histogram;

/**
 * A latency distribution in nanoseconds in which some values are only lower bounds. Written by one
 * thread, read by others after the run.
 *
 * <p>A lower bound is counted at its value. Percentiles below the smallest lower bound are exact;
 * the others are lower bounds themselves.
 */
public final class Latencies {
  private static final long HIGHEST_NANOS = 3_600_000_000_000L;

  private final Histogram histogram = newHistogram();
  private long censored;
  private long exactBelowNanos = Long.MAX_VALUE;

  /** A histogram from 1 µs to an hour, in nanoseconds, exact to 0.1 %. */
  public static Histogram newHistogram() {
    return new Histogram(1_000, HIGHEST_NANOS, 3);
  }

  /** Brings a value into the range of {@link #newHistogram}. */
  static long clamp(long nanos) {
    return Math.max(0, Math.min(nanos, HIGHEST_NANOS));
  }

  void record(long nanos) {
    histogram.recordValue(clamp(nanos));
  }

  void recordAtLeast(long nanos) {
    histogram.recordValue(clamp(nanos));
    censored++;
    exactBelowNanos = Math.min(exactBelowNanos, nanos);
  }

  void add(Latencies other) {
    histogram.add(other.histogram);
    censored += other.censored;
    exactBelowNanos = Math.min(exactBelowNanos, other.exactBelowNanos);
  }

  /** A distribution that was recorded before. */
  static Latencies of(Histogram histogram, long censored, long exactBelowNanos) {
    var latencies = new Latencies();
    latencies.histogram.add(histogram);
    latencies.censored = censored;
    latencies.exactBelowNanos = exactBelowNanos;
    return latencies;
  }

  long exactBelowNanos() {
    return exactBelowNanos;
  }

  /** All values of several distributions. */
  public static Latencies sum(Iterable<Latencies> all) {
    var sum = new Latencies();
    for (var one : all) {
      sum.add(one);
    }
    return sum;
  }

  /** The values; do not change. */
  public Histogram histogram() {
    return histogram;
  }

  /** Number of values. */
  public long count() {
    return histogram.getTotalCount();
  }

  /** Number of values that are only lower bounds. */
  public long censored() {
    return censored;
  }

  private long nanosAt(double percentile) {
    return Math.min(histogram.getValueAtPercentile(percentile), histogram.getMaxValue());
  }

  /** The given percentile (0 to 100) in milliseconds; NaN when empty. */
  public double millisAt(double percentile) {
    return count() == 0 ? Double.NaN : nanosAt(percentile) / 1e6;
  }

  /** The highest value in milliseconds; NaN when empty. */
  public double maxMillis() {
    return count() == 0 ? Double.NaN : histogram.getMaxValue() / 1e6;
  }

  /** The mean in milliseconds; NaN when empty. */
  public double meanMillis() {
    return count() == 0 ? Double.NaN : histogram.getMean() / 1e6;
  }

  /** Whether the given percentile is only a lower bound. */
  public boolean lowerBoundAt(double percentile) {
    return censored > 0 && nanosAt(percentile) >= exactBelowNanos * 0.999;
  }

  /** Percentiles below this many milliseconds are exact; infinite if all are. */
  public double exactBelowMillis() {
    return censored == 0 ? Double.POSITIVE_INFINITY : exactBelowNanos / 1e6;
  }
}
