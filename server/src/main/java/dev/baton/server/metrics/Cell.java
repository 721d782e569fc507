package dev.baton.server.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The part of all numbers that one writer adds to: a slot for each series, made when it is first
 * written. A counter's slot holds its value, a histogram's its fine {@link Buckets} and their sum.
 *
 * <p>Written as {@link Recorder} says; read by any thread, which may see a count a moment before
 * the sum that belongs to it.
 */
final class Cell {
  /** How many series there can be. */
  static final int MAX_SERIES = 1 << 12;

  private static final int FIRST_SERIES = 1 << 6;
  private static final int SUM = Buckets.COUNT;
  private static final int HISTOGRAM_LENGTH = SUM + 1;
  private static final int COUNTER_LENGTH = 1;

  private static final VarHandle NUMBER = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[][].class);
  private static final VarHandle SLOTS;

  static {
    try {
      SLOTS = MethodHandles.lookup().findVarHandle(Cell.class, "slots", long[][].class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean manyWriters;

  /** Made by the writer when its first request begins. */
  private volatile @Nullable UnderWay underWay;

  /** By series; as long as its writers have needed it so far. Replaced under this. */
  private long[] @Nullable [] slots = new long[FIRST_SERIES][];

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
    increase(slot(series, COUNTER_LENGTH), 0, delta);
  }

  /**
   * Records a duration in a histogram. The writer.
   *
   * @return the fine bucket it is in
   */
  int record(int series, long nanos) {
    long[] slot = slot(series, HISTOGRAM_LENGTH);
    int bucket = Buckets.index(nanos);
    increase(slot, SUM, nanos);
    increase(slot, bucket, 1);
    return bucket;
  }

  private void increase(long[] slot, int index, long delta) {
    if (manyWriters) {
      long _ = (long) NUMBER.getAndAdd(slot, index, delta);
    } else {
      // Opaque: a reader sees whole numbers, in time; on x86-64 and AArch64 a plain store.
      NUMBER.setOpaque(slot, index, slot[index] + delta);
    }
  }

  private long[] slot(int series, int length) {
    long[][] all = slots;
    long[] slot = series < all.length ? all[series] : null;
    return slot == null ? newSlot(series, length) : slot;
  }

  private synchronized long[] newSlot(int series, int length) {
    long[][] all = slots;
    if (series >= all.length) {
      all = Arrays.copyOf(all, Math.max(2 * all.length, series + 1));
      SLOTS.setRelease(this, all);
    }
    long[] slot = all[series];
    if (slot == null) {
      slot = new long[length];
      SLOT.setRelease(all, series, slot);
    }
    return slot;
  }

  private long @Nullable [] slotAcquire(int series) {
    long[][] all = (long[][]) SLOTS.getAcquire(this);
    return series < all.length ? (long[]) SLOT.getAcquire(all, series) : null;
  }

  /** The value of a counter or gauge. Any thread. */
  long value(int series) {
    long[] slot = slotAcquire(series);
    return slot == null ? 0 : (long) NUMBER.getOpaque(slot, 0);
  }

  /**
   * Adds a histogram to {@code counts}. Any thread.
   *
   * @param counts fine buckets
   * @return the sum of its durations in nanoseconds
   */
  long addTo(int series, long[] counts) {
    long[] slot = slotAcquire(series);
    if (slot == null) {
      return 0;
    }
    for (int i = 0; i < Buckets.COUNT; i++) {
      counts[i] += (long) NUMBER.getOpaque(slot, i);
    }
    return (long) NUMBER.getOpaque(slot, SUM);
  }

  /** Adds everything in {@code other}, whose writer has ended. With many writers only. */
  void takeOver(Cell other) {
    for (int series = 0; series < MAX_SERIES; series++) {
      long[] from = other.slotAcquire(series);
      if (from != null) {
        long[] to = slot(series, from.length);
        for (int i = 0; i < from.length; i++) {
          increase(to, i, from[i]);
        }
      }
    }
  }
}
