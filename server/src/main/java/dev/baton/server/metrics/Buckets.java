package dev.baton.server.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The buckets of every latency histogram. Recorded in fine ones, eight to an octave in geometric
 * steps, from 12.5 µs; exposed in every second of these, so that a quantile interpolated between
 * two bounds is off by less than 10 %, or in whole octaves, 12.5 µs · 2^k up to 10 s.
 *
 * <p>A bucket holds values up to and including its bound, as in Prometheus.
 */
final class Buckets {
  /** The last finite bound, in nanoseconds. */
  static final long LARGEST_NANOS = 10_000_000_000L;

  /**
   * Bounds within an octave in 32nds of its lower end: the eighth roots of two, rounded. Every
   * second one is at most a fifth above the one before.
   */
  private static final int[] STEPS = {35, 38, 41, 45, 49, 54, 59, 64};

  private static final int PER_OCTAVE = STEPS.length;

  /** Which step a 32nd belongs to. */
  private static final byte[] STEP_OF = new byte[32];

  /** A 32nd of the first octave's lower end, in eighths of a nanosecond: 390.625 ns. */
  private static final long UNIT_EIGHTHS = 3_125;

  private static final int FIRST_OCTAVE_UNITS = 32;

  /** Index of the fine bucket for everything above {@link #LARGEST_NANOS}. */
  static final int INFINITE;

  /** Number of fine buckets. */
  static final int COUNT;

  private static final long[] BOUNDS;

  static {
    int step = 0;
    for (int unit = 0; unit < STEP_OF.length; unit++) {
      if (unit + 32 == STEPS[step]) {
        step++;
      }
      STEP_OF[unit] = (byte) step;
    }
    int last = PER_OCTAVE;
    while (bound(last) < LARGEST_NANOS) {
      last++;
    }
    INFINITE = last + 1;
    COUNT = INFINITE + 1;
    BOUNDS = new long[COUNT];
    Arrays.setAll(BOUNDS, i -> i == INFINITE ? Long.MAX_VALUE : bound(i));
  }

  private Buckets() {}

  private static long bound(int index) {
    if (index < PER_OCTAVE) {
      return UNIT_EIGHTHS * FIRST_OCTAVE_UNITS / PER_OCTAVE * (index + 1) / 8;
    }
    long units = (long) STEPS[index % PER_OCTAVE] << (index / PER_OCTAVE - 1);
    return Math.min(LARGEST_NANOS, units * UNIT_EIGHTHS / 8);
  }

  /** The fine bucket of a value; negative values count as 0. */
  static int index(long nanos) {
    if (nanos > LARGEST_NANOS) {
      return INFINITE;
    }
    long units = nanos <= 0 ? 0 : (nanos * 8 - 1) / UNIT_EIGHTHS;
    if (units < FIRST_OCTAVE_UNITS) {
      return (int) units / (FIRST_OCTAVE_UNITS / PER_OCTAVE);
    }
    int exponent = 63 - Long.numberOfLeadingZeros(units);
    return (exponent - 4) * PER_OCTAVE + STEP_OF[(int) (units >>> (exponent - 5)) & 31];
  }

  /** The bound of a fine bucket, inclusive, in nanoseconds; {@link Long#MAX_VALUE} for the last. */
  static long boundNanos(int index) {
    return BOUNDS[index];
  }

  /** Bounds of the fine buckets in nanoseconds. */
  static long[] boundsNanos() {
    return BOUNDS.clone();
  }

  /** In which buckets a histogram is exposed. */
  @SuppressWarnings("ImmutableEnumChecker") // nobody writes to its arrays
  enum Exposed {
    /** Four to an octave. */
    QUARTERS(2),
    /** One to an octave. */
    OCTAVES(PER_OCTAVE);

    /** The exposed bucket of each fine one. */
    private final int[] of = new int[COUNT];

    private final double[] boundsSeconds;

    Exposed(int fine) {
      int[] last =
          IntStream.range(0, INFINITE)
              .filter(i -> i >= PER_OCTAVE - 1)
              .filter(i -> (i + 1) % fine == 0 || i == INFINITE - 1)
              .toArray();
      for (int i = 0; i < COUNT; i++) {
        int at = Arrays.binarySearch(last, i);
        of[i] = at < 0 ? -at - 1 : at;
      }
      boundsSeconds = Arrays.copyOf(bounds(last), last.length + 1);
      boundsSeconds[last.length] = Double.POSITIVE_INFINITY;
    }

    private static double[] bounds(int[] last) {
      return Arrays.stream(last).mapToDouble(i -> BOUNDS[i] / 1e9).toArray();
    }

    /** How many there are, the infinite one included. */
    int count() {
      return boundsSeconds.length;
    }

    /** The exposed bucket that a fine one belongs to. */
    int of(int index) {
      return of[index];
    }

    /** Their bounds in seconds, the last infinite. */
    double[] boundsSeconds() {
      return boundsSeconds.clone();
    }

    /** Sums fine buckets to exposed ones, not cumulative. */
    long[] sum(long[] fine) {
      long[] sums = new long[count()];
      for (int i = 0; i < COUNT; i++) {
        sums[of[i]] += fine[i];
      }
      return sums;
    }
  }
}
