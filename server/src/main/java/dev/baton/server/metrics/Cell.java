package dev.baton.server.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The part of all numbers that one writer adds to, made when it is first written: the values of
 * counters, many in one array, and an array for each histogram. That has two places for each of the
 * fine {@link Buckets}, its count and when the writer has last looked for an exemplar, then their
 * sum. So what a request touches is few lines of the cache.
 *
 * <p>Written as {@link Recorder} says; read by any thread, which may see a count a moment before
 * the sum that belongs to it.
 */
final class Cell {
  /** How many series there can be. */
  static final int MAX_SERIES = 1 << 12;

  private static final int COUNTERS = 1 << 6;
  private static final int FIRST_SERIES = 1 << 6;
  private static final int SUM = 2 * Buckets.COUNT;
  private static final long LOOK_EVERY_NANOS = 100_000_000;

  private static final VarHandle NUMBER = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle ARRAY = MethodHandles.arrayElementVarHandle(long[][].class);
  private static final VarHandle HISTOGRAMS;

  static {
    try {
      HISTOGRAMS = MethodHandles.lookup().findVarHandle(Cell.class, "histograms", long[][].class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean manyWriters;

  /** Made by the writer when its first request begins. */
  private volatile @Nullable UnderWay underWay;

  /** {@value #COUNTERS} series each. */
  private final long[] @Nullable [] counters = new long[MAX_SERIES / COUNTERS][];

  /** By series; as long as its writers have needed it so far. Replaced under this. */
  private long[] @Nullable [] histograms = new long[FIRST_SERIES][];

  /**
   * An empty one.
   *
   * @param manyWriters whether several threads may write at the same time
   */
  Cell(boolean manyWriters) {
    this.manyWriters = manyWriters;
  }

  /** Where requests that begin here are noted. The writer. */
  UnderWay underWay() {
    UnderWay known = underWay;
    return known == null ? newUnderWay() : known;
  }

  private synchronized UnderWay newUnderWay() {
    UnderWay known = underWay;
    if (known == null) {
      known = new UnderWay();
      underWay = known;
    }
    return known;
  }

  /** The same; null if none ever began here. Any thread. */
  @Nullable UnderWay underWayOrNull() {
    return underWay;
  }

  /** Adds to a counter or gauge. The writer. */
  void add(int series, long delta) {
    long[] some = counters[series / COUNTERS];
    increase(some == null ? newCounters(series) : some, series % COUNTERS, delta);
  }

  /**
   * Records a duration in a histogram. The writer.
   *
   * @return the fine bucket it is in
   */
  int record(int series, long nanos) {
    long[] histogram = histogram(series);
    int bucket = Buckets.index(nanos);
    increase(histogram, SUM, nanos);
    increase(histogram, 2 * bucket, 1);
    return bucket;
  }

  /**
   * Whether an exemplar of this bucket is due: it is looked for ten times a second at most, so that
   * busy buckets cost a comparison and rare ones keep every id. The writer, after {@link #record}.
   */
  boolean looks(int series, int bucket, long nowNanos) {
    long[] histogram = histogram(series);
    long latest = histogram[2 * bucket + 1];
    if (latest != 0 && nowNanos - latest <= LOOK_EVERY_NANOS) {
      return false;
    }
    histogram[2 * bucket + 1] = nowNanos;
    return true;
  }

  private void increase(long[] numbers, int index, long delta) {
    if (manyWriters) {
      long _ = (long) NUMBER.getAndAdd(numbers, index, delta);
    } else {
      // Opaque: a reader sees whole numbers, in time; on x86-64 and AArch64 a plain store.
      NUMBER.setOpaque(numbers, index, numbers[index] + delta);
    }
  }

  private synchronized long[] newCounters(int series) {
    long[] some = counters[series / COUNTERS];
    if (some == null) {
      some = new long[COUNTERS];
      ARRAY.setRelease(counters, series / COUNTERS, some);
    }
    return some;
  }

  private long[] histogram(int series) {
    long[][] all = histograms;
    long[] histogram = series < all.length ? all[series] : null;
    return histogram == null ? newHistogram(series) : histogram;
  }

  private synchronized long[] newHistogram(int series) {
    long[][] all = histograms;
    if (series >= all.length) {
      all = Arrays.copyOf(all, Math.max(2 * all.length, series + 1));
      HISTOGRAMS.setRelease(this, all);
    }
    long[] histogram = all[series];
    if (histogram == null) {
      histogram = new long[SUM + 1];
      ARRAY.setRelease(all, series, histogram);
    }
    return histogram;
  }

  /** The value of a counter or gauge. Any thread. */
  long value(int series) {
    long[] some = (long[]) ARRAY.getAcquire(counters, series / COUNTERS);
    return some == null ? 0 : (long) NUMBER.getOpaque(some, series % COUNTERS);
  }

  /**
   * Adds a histogram to {@code counts}. Any thread.
   *
   * @param counts fine buckets
   * @return the sum of its durations in nanoseconds
   */
  long addTo(int series, long[] counts) {
    long[] histogram = histogramOrNull(series);
    if (histogram == null) {
      return 0;
    }
    for (int i = 0; i < Buckets.COUNT; i++) {
      counts[i] += (long) NUMBER.getOpaque(histogram, 2 * i);
    }
    return (long) NUMBER.getOpaque(histogram, SUM);
  }

  private long @Nullable [] histogramOrNull(int series) {
    long[][] all = (long[][]) HISTOGRAMS.getAcquire(this);
    return series < all.length ? (long[]) ARRAY.getAcquire(all, series) : null;
  }

  /** Adds everything in {@code other}, whose writer has ended. With many writers only. */
  void takeOver(Cell other) {
    for (int series = 0; series < MAX_SERIES; series++) {
      long value = other.value(series);
      if (value != 0) {
        add(series, value);
      }
      long[] from = other.histogramOrNull(series);
      if (from != null) {
        long[] to = histogram(series);
        for (int i = 0; i <= SUM; i += 2) {
          increase(to, i, from[i]);
        }
      }
    }
  }
}
