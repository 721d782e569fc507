package dev.baton.server.metrics;

import java.util.Arrays;

/**
 * The buckets of every latency histogram. Recorded in fine ones, four linear steps to an octave,
 * from 3.125 µs; exposed in classic ones, the octaves 50 µs · 2^k up to 10 s, each the sum of fine
 * ones.
 *
 * <p>A bucket holds values up to and including its bound, as in Prometheus.
 */
final class Buckets {
  /** The last finite bound, in nanoseconds. */
  static final long LARGEST_NANOS = 10_000_000_000L;

  /** Index of the fine bucket for everything above {@link #LARGEST_NANOS}. */
  static final int INFINITE = 84;

  /** Number of fine buckets. */
  static final int COUNT = INFINITE + 1;

  /** Number of classic buckets, the infinite one included. */
  static final int CLASSIC_COUNT = 20;

  /** Classic buckets that begin two octaves lower, at 12.5 µs. */
  static final int LOW_COUNT = CLASSIC_COUNT + 2;

  private static final long UNIT_NANOS = 3_125;

  private Buckets() {}

  /** The fine bucket of a value; negative values count as 0. */
  static int index(long nanos) {
    if (nanos > LARGEST_NANOS) {
      return INFINITE;
    }
    long units = nanos <= 0 ? 0 : (nanos - 1) / UNIT_NANOS;
    if (units < 4) {
      return (int) units;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(units);
    return ((exponent - 1) << 2) + (int) ((units >>> (exponent - 2)) & 3);
  }

  /** The bound of a fine bucket, inclusive, in nanoseconds; {@link Long#MAX_VALUE} for the last. */
  static long boundNanos(int index) {
    if (index == INFINITE) {
      return Long.MAX_VALUE;
    }
    if (index < 4) {
      return UNIT_NANOS * (index + 1);
    }
    int exponent = (index >> 2) + 1;
    return Math.min(LARGEST_NANOS, (UNIT_NANOS * ((index & 3) + 5)) << (exponent - 2));
  }

  /** The classic bucket that a fine one belongs to. */
  static int classic(int index) {
    return Math.max(0, (index - 8) >> 2);
  }

  /**
   * Bounds of classic buckets in seconds, the last infinite.
   *
   * @param count {@link #CLASSIC_COUNT} or {@link #LOW_COUNT}
   */
  static double[] classicBoundsSeconds(int count) {
    double[] bounds = new double[count];
    int first = INFINITE - 1 - 4 * (count - 2); // ends of octaves, counted from the last one down
    for (int i = 0; i < count; i++) {
      bounds[i] = boundNanos(Math.min(first + 4 * i, INFINITE)) / 1e9;
    }
    bounds[count - 1] = Double.POSITIVE_INFINITY;
    return bounds;
  }

  /**
   * Sums fine buckets to classic ones, not cumulative.
   *
   * @param fine counts of fine buckets, at least {@link #COUNT}
   * @param count {@link #CLASSIC_COUNT} or {@link #LOW_COUNT}
   */
  static long[] toClassic(long[] fine, int count) {
    long[] classic = new long[count];
    int shift = count - CLASSIC_COUNT;
    for (int i = 0; i < COUNT; i++) {
      classic[Math.max(0, ((i - 8) >> 2) + shift)] += fine[i];
    }
    return classic;
  }

  /** Bounds of the fine buckets in nanoseconds. */
  static long[] boundsNanos() {
    long[] bounds = new long[COUNT];
    Arrays.setAll(bounds, Buckets::boundNanos);
    return bounds;
  }
}
