package dev.baton.scheduler.loop;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

// google-java-format off
/*
 * New work is counted when it begins, and does not begin if that would be one too many; whether it
 * will be away is not known then, and is too late to know. Only what began before its kind was known
 * is counted when its loop is taken. What finds the bound reached waits here, and is passed on by a
 * token:
 *
 *     returned    one place is free: one that waits gets the token
 *     passOn      it has ended and was not counted: the next one gets the token
 *     it was over already, or its loop has ended: as above
 *
 * A token ends where the bound is reached again, or nobody waits. Who waits asks once more after it
 * has queued, who returns looks at the queue after it has counted: Dekker's protocol, in which a CAS
 * on each side is the fence.
 *
 *     hold:     add to waiting;  read inside          returned: inside - 1;  read waiting
 */
// google-java-format on
/**
 * How many callbacks of one kind may have begun and not ended at once on the loops of one pool, so
 * that others still find workers when these block, and the new work that waits until fewer have.
 * Any thread.
 */
public final class AwayBound {
  private record Waiting(ContinuationLoop loop, Runnable work, BooleanSupplier over) {}

  private final IntSupplier max;
  private final WaitingRoom room;
  private final AtomicInteger inside = new AtomicInteger();
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();

  /**
   * A bound that nobody counts towards yet.
   *
   * @param max how many may have begun, at least 1
   * @param places how much may wait
   */
  public AwayBound(int max, int places) {
    this(() -> max, places);
  }

  /**
   * As above.
   *
   * @param max may change: what has begun goes on, and what waits gets its turn with the next
   *     return
   */
  public AwayBound(IntSupplier max, int places) {
    this.max = max;
    this.room = new WaitingRoom(places);
  }

  /** How many may have begun. */
  public int max() {
    return max.getAsInt();
  }

  /** How many have begun and not ended. */
  public int inside() {
    return inside.get();
  }

  /** Whether new work must wait. */
  public boolean isFull() {
    return inside.get() >= max();
  }

  /** Where places for what waits are counted; {@link #hold} asks for none. */
  public WaitingRoom room() {
    // What waits longest is over first, so nothing piles up.
    for (Waiting first; (first = waiting.peek()) != null && first.over.getAsBoolean(); ) {
      if (waiting.remove(first)) {
        boolean _ = run(first, first.work);
      }
    }
    return room;
  }

  /**
   * Counts one that begins; then {@link #returned}.
   *
   * @return false if it must wait
   */
  public boolean tryBegin() {
    int now;
    do {
      now = inside.get();
      if (now >= max()) {
        return false;
      }
    } while (!inside.compareAndSet(now, now + 1));
    return true;
  }

  /** Counts one that began before its kind was known; then {@link #returned}. */
  public void left() {
    inside.getAndIncrement();
  }

  /** It has ended. */
  public void returned() {
    inside.getAndDecrement();
    if (!waiting.isEmpty()) {
      passOn();
    }
  }

  /**
   * Has {@code loop} run {@code work} when fewer have begun. It may find that they are too many
   * again, and be held again; else it begins and returns, or passes on.
   *
   * @param over whether it has only to be cleared away: it was refused meanwhile
   */
  public void hold(ContinuationLoop loop, Runnable work, BooleanSupplier over) {
    waiting.add(new Waiting(loop, work, over));
    passOn();
  }

  /** One that was held has ended without having been counted. */
  public void passOn() {
    while (!isFull()) {
      Waiting next = waiting.poll();
      if (next == null) {
        return;
      }
      if (next.over.getAsBoolean()) {
        boolean _ = run(next, next.work);
      } else if (run(next, next.work)) {
        return;
      }
    }
  }

  /**
   * @return false if its loop has shut down, and its connections with it
   */
  private static boolean run(Waiting next, Runnable work) {
    try {
      next.loop.continuation(work);
      return true;
    } catch (RejectedExecutionException ended) {
      return false;
    }
  }
}
