package dev.baton.scheduler.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Where handlers wait for a policy's order: one queue for each loop, one for all of them. Who runs a
 * handler is who removes its entry, so none runs twice; a loop that sleeps has looked after it had
 * said so, so none is forgotten:
 *
 *     producer:  add the entry;  count it;  read idle bits     (a set bit is cleared, that loop woken)
 *     loop:      set its bit;  compare the count with that of its last look;  sleep
 *
 * Dekker's pair: counting and setting the bit are atomic read-modify-writes. A loop compares counts,
 * since whether it may run what waits in other queues only its policy knows, and that is not asked
 * on the way to sleep.
 *
 * Committing to an idle loop is clearing its bit: of two that try, one succeeds, and it only while the
 * loop has not woken up by itself.
 */
// google-java-format on
/**
 * Handlers that wait, in the order of their ranks, then of their coming. Any thread, but for {@link
 * #park} and {@link #unpark}, which are for the loop they name.
 *
 * @param <T> a handler
 */
public final class HandlerQueues<T> {
  /**
   * A handler in its place.
   *
   * @param rank less is sooner
   * @param number of equal ranks less is sooner
   * @param handlerClass for who asks whether it may run it
   */
  public record Entry<T>(long rank, long number, int handlerClass, T handler)
      implements Comparable<Entry<T>> {
    @Override
    public int compareTo(Entry<T> other) {
      int byRank = Long.compare(rank, other.rank);
      return byRank != 0 ? byRank : Long.compare(number, other.number);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(number);
    }
  }

  private final List<ConcurrentSkipListSet<Entry<T>>> queues = new ArrayList<>();
  private final List<AtomicInteger> sizes = new ArrayList<>();
  private final int loops;
  private final IdleLoops idle;
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong added = new AtomicLong();

  /** Empty queues for so many loops, at least 1, and one more. */
  public HandlerQueues(int loops) {
    this.loops = loops;
    this.idle = new IdleLoops(loops);
    for (int i = 0; i <= loops; i++) {
      queues.add(new ConcurrentSkipListSet<>());
      sizes.add(new AtomicInteger());
    }
  }

  /** Says how loop {@code index} is woken. Before the first {@link #add}. */
  public void attach(int index, Runnable waker) {
    idle.attach(index, waker);
  }

  /** The queue of all loops. */
  public int shared() {
    return loops;
  }

  /** Adds a handler. Who may run it is to be woken then: {@link #wake}. */
  public Entry<T> add(int queue, long rank, int handlerClass, T handler) {
    var entry = new Entry<>(rank, numbers.getAndIncrement(), handlerClass, handler);
    sizes.get(queue).getAndIncrement();
    boolean _ = queues.get(queue).add(entry);
    added.getAndIncrement();
    return entry;
  }

  /** Removes a handler from its queue; false if somebody else has. */
  public boolean claim(int queue, Entry<T> entry) {
    if (!queues.get(queue).remove(entry)) {
      return false;
    }
    sizes.get(queue).getAndDecrement();
    return true;
  }

  /** The first of a queue, removed from it; null if it is empty. */
  public @Nullable Entry<T> poll(int queue) {
    if (sizes.get(queue).get() == 0) {
      return null;
    }
    Entry<T> first = queues.get(queue).pollFirst();
    if (first != null) {
      sizes.get(queue).getAndDecrement();
    }
    return first;
  }

  /**
   * The first of a queue that {@code wanted} is true of, left where it is: {@link #claim} it.
   *
   * @param most how many are looked at
   */
  public @Nullable Entry<T> find(int queue, int most, Predicate<Entry<T>> wanted) {
    int looked = 0;
    if (sizes.get(queue).get() > 0) {
      for (Entry<T> entry : queues.get(queue)) {
        if (wanted.test(entry)) {
          return entry;
        }
        if (++looked == most) {
          return null;
        }
      }
    }
    return null;
  }

  /** How many wait in a queue; an estimate. */
  public int size(int queue) {
    return sizes.get(queue).get();
  }

  /** Whether nothing waits anywhere; an estimate. */
  public boolean isEmpty() {
    for (int queue = 0; queue <= loops; queue++) {
      if (sizes.get(queue).get() > 0) {
        return false;
      }
    }
    return true;
  }

  /** Grows with every {@link #add}: what a loop that has looked compares with in {@link #park}. */
  public long added() {
    return added.get();
  }

  // ---------------------------------------------------------------- sleeping

  /**
   * Announces that {@code loop} is about to sleep.
   *
   * @param seen {@link #added} before it has looked for the last time
   * @return false if it must not: something was added since
   */
  public boolean park(int loop, long seen) {
    idle.park(loop);
    return added.get() == seen;
  }

  /** {@code loop} is awake. */
  public void unpark(int loop) {
    idle.unpark(loop);
  }

  /** Whether a loop sleeps, or is about to. */
  public boolean isIdle(int loop) {
    return idle.isIdle(loop);
  }

  /** Whether any loop does; an estimate. */
  public boolean isAnyIdle() {
    return idle.count() > 0;
  }

  /** Has a loop that sleeps count as awake; false if it does not sleep, or somebody else has. */
  public boolean claimIdle(int loop) {
    return idle.claim(loop);
  }

  /** Wakes a loop if it sleeps. */
  public void wake(int loop) {
    if (idle.claim(loop)) {
      idle.wake(loop);
    }
  }

  /** Wakes one of those that sleep, if there is one. */
  public void wakeAny() {
    idle.wakeOne(-1);
  }

  /** Wakes a loop that {@link #claimIdle} has claimed. */
  public void wakeClaimed(int loop) {
    idle.wake(loop);
  }
}
