package dev.baton.scheduler.loop;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

// google-java-format off
/*
 * Those who are away are counted when their loop is taken, so new work asks before it begins. What
 * finds the bound reached waits here, and is passed on by a token:
 *
 *     returned    one place is free: one that waits gets the token
 *     it has run  whether it was away meanwhile or not: the next one gets the token
 *     it was over already, or its loop has ended: as above
 *
 * A token ends where the bound is reached again, or nobody waits. Who waits asks once more after it
 * has queued, who returns looks at the queue after it has counted: Dekker's protocol, in which a CAS
 * on each side is the fence.
 *
 *     hold:     add to waiting;  read away            returned: away - 1;  read waiting
 */
// google-java-format on
/**
 * How many callbacks of one kind may be away from the loops of one pool at once, so that others
 * still find workers, and the new work that waits until fewer are. Any thread.
 */
public final class AwayBound {
  private record Waiting(ContinuationLoop loop, Runnable work, BooleanSupplier over) {}

  private final int max;
  private final WaitingRoom room;
  private final AtomicInteger away = new AtomicInteger();
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();

  /**
   * A bound that nobody counts towards yet.
   *
   * @param max how many may be away, at least 1
   * @param places how much may wait
   */
  public AwayBound(int max, int places) {
    this.max = max;
    this.room = new WaitingRoom(places);
  }

  /** How many may be away. */
  public int max() {
    return max;
  }

  /** How many are away. */
  public int away() {
    return away.get();
  }

  /** Whether new work must wait. */
  public boolean isFull() {
    return away.get() >= max;
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

  /** One is away; then {@link #returned}. */
  public void left() {
    away.getAndIncrement();
  }

  /** It is back. */
  public void returned() {
    away.getAndDecrement();
    passOn();
  }

  /**
   * Has {@code loop} run {@code work} when fewer are away. It may find that they are too many
   * again.
   *
   * @param over whether it has only to be cleared away: it was refused meanwhile
   */
  public void hold(ContinuationLoop loop, Runnable work, BooleanSupplier over) {
    waiting.add(new Waiting(loop, work, over));
    passOn();
  }

  private void passOn() {
    while (!isFull()) {
      Waiting next = waiting.poll();
      if (next == null) {
        return;
      }
      if (next.over.getAsBoolean()) {
        boolean _ = run(next, next.work);
      } else if (run(next, () -> runWithToken(next))) {
        return;
      }
    }
  }

  private void runWithToken(Waiting next) {
    try {
      next.work.run();
    } finally {
      passOn();
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
