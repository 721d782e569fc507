package dev.baton.server.metrics;

/**
 * What a latency histogram held at one time. Immutable. Counts only grow, so the difference of two
 * pictures ({@link #minus}) is what happened in between.
 */
public final class LatencySnapshot {
  private static final long[] BOUNDS_NANOS = Buckets.boundsNanos();

  private final long[] counts;
  private final long sumNanos;
  private final long count;

  LatencySnapshot(long[] counts, long sumNanos) {
    this.counts = counts;
    this.sumNanos = sumNanos;
    long all = 0;
    for (long c : counts) {
      all += c;
    }
    this.count = all;
  }

  /** Of no duration at all. */
  public static LatencySnapshot empty() {
    return new LatencySnapshot(new long[Buckets.COUNT], 0);
  }

  /**
   * Upper bounds of the buckets in nanoseconds, inclusive, ascending; the last one is {@link
   * Long#MAX_VALUE}. Eight to an octave, up to 10 s.
   */
  public static long[] boundsNanos() {
    return BOUNDS_NANOS.clone();
  }

  /** How many durations are in each bucket, not cumulative; as long as {@link #boundsNanos}. */
  public long[] counts() {
    return counts.clone();
  }

  /** How many durations there are. */
  public long count() {
    return count;
  }

  /** Their sum in nanoseconds. */
  public long sumNanos() {
    return sumNanos;
  }

  /** What was recorded since {@code earlier}, a picture of the same histogram. */
  public LatencySnapshot minus(LatencySnapshot earlier) {
    return plus(earlier, -1);
  }

  /** Both together. */
  public LatencySnapshot plus(LatencySnapshot other) {
    return plus(other, 1);
  }

  private LatencySnapshot plus(LatencySnapshot other, int sign) {
    long[] result = counts.clone();
    for (int i = 0; i < result.length; i++) {
      result[i] += sign * other.counts[i];
    }
    return new LatencySnapshot(result, sumNanos + sign * other.sumNanos);
  }

  /**
   * The duration that a share of all durations does not exceed, interpolated inside its bucket: off
   * by a twentieth at most from 12.5 µs on. What is beyond 10 s counts as 10 s.
   *
   * @param quantile 0..1, such as 0.99
   * @return in nanoseconds; 0 if there are no durations
   * @throws IllegalArgumentException if {@code quantile} is out of range
   */
  public long quantileNanos(double quantile) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new IllegalArgumentException("quantile=" + quantile + ": give 0..1");
    }
    double rank = quantile * count;
    double seen = 0;
    long below = 0;
    for (int i = 0; i < counts.length; i++) {
      long bound = Math.min(BOUNDS_NANOS[i], Buckets.LARGEST_NANOS);
      if (counts[i] > 0 && seen + counts[i] >= rank) {
        return below + (long) ((bound - below) * Math.max(0, rank - seen) / counts[i]);
      }
      seen += counts[i];
      below = bound;
    }
    return 0;
  }
}
