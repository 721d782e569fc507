package dev.baton.scheduler.queue;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;

/**
 * Which loops sleep or are about to, a bit for each, and how they are woken. Any thread, but for
 * {@link #park} and {@link #unpark}, which are for the loop they name.
 *
 * <p>Both setting and clearing a bit are atomic read-modify-writes, so each is one half of a Dekker
 * pair: see {@link StageQueue} and {@link PullQueue}, which hold what the loops sleep for.
 */
final class IdleLoops {
  private static final VarHandle BITS = MethodHandles.arrayElementVarHandle(long[].class);

  private final Runnable[] wakers;
  private final LongAdder wakeUps = new LongAdder();

  // Written by any thread, through BITS
  final long[] bits;

  IdleLoops(int loops) {
    wakers = new Runnable[loops];
    bits = new long[(loops + Long.SIZE - 1) / Long.SIZE];
    for (int i = 0; i < loops; i++) {
      wakers[i] = () -> {};
    }
  }

  /** Says how loop {@code index} is woken. Before the first wake-up. */
  void attach(int index, Runnable waker) {
    wakers[index] = waker;
  }

  /** {@code loop} is about to sleep. */
  void park(int loop) {
    int word = loop / Long.SIZE;
    if ((bits(word) & bit(loop)) == 0) {
      long _ = (long) BITS.getAndBitwiseOr(bits, word, bit(loop));
    }
  }

  /** {@code loop} is awake. */
  void unpark(int loop) {
    boolean _ = clear(loop);
  }

  /**
   * Wakes one loop that sleeps, if there is one.
   *
   * @param preferred the loop to wake if it sleeps, or -1
   */
  void wakeOne(int preferred) {
    if (preferred >= 0 && clear(preferred)) {
      wake(preferred);
      return;
    }
    for (int word = 0; word < bits.length; word++) {
      long now;
      while ((now = bits(word)) != 0) {
        int loop = word * Long.SIZE + Long.numberOfTrailingZeros(now);
        if (clear(loop)) {
          wake(loop);
          return;
        }
      }
    }
  }

  /** Wakes a loop whose bit the caller has cleared. */
  void wake(int loop) {
    wakeUps.increment();
    wakers[loop].run();
  }

  /** Whether {@code loop} sleeps, or is about to. */
  boolean isIdle(int loop) {
    return (bits(loop / Long.SIZE) & bit(loop)) != 0;
  }

  /** Has {@code loop} count as awake; false if it did already. */
  boolean claim(int loop) {
    return clear(loop);
  }

  /** How many sleep; an estimate. */
  int count() {
    int count = 0;
    for (int word = 0; word < bits.length; word++) {
      count += Long.bitCount(bits(word));
    }
    return count;
  }

  /** How often a loop was woken, since the start. */
  long wakeUps() {
    return wakeUps.sum();
  }

  private long bits(int word) {
    return (long) BITS.getVolatile(bits, word);
  }

  /** The bit of a loop in its word: the shift takes the number modulo 64. */
  private static long bit(int loop) {
    return 1L << loop;
  }

  /** Whether the bit of {@code loop} was set and this call has cleared it. */
  private boolean clear(int loop) {
    int word = loop / Long.SIZE;
    return (bits(word) & bit(loop)) != 0
        && ((long) BITS.getAndBitwiseAnd(bits, word, ~bit(loop)) & bit(loop)) != 0;
  }
}
