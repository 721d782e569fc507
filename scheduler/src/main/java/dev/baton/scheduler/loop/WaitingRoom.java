package dev.baton.scheduler.loop;

import java.util.concurrent.atomic.AtomicInteger;

/** How much new work waits in one place, and how much may. Any thread. */
public final class WaitingRoom {
  private final int places;
  private final AtomicInteger taken = new AtomicInteger();

  /** A room with so many places. */
  public WaitingRoom(int places) {
    this.places = places;
  }

  /**
   * Takes a place; then {@link #leave}.
   *
   * @return false if there is none
   */
  public boolean enter() {
    int now;
    do {
      now = taken.get();
      if (now >= places) {
        return false;
      }
    } while (!taken.compareAndSet(now, now + 1));
    return true;
  }

  /** Gives a place back. */
  public void leave() {
    taken.getAndDecrement();
  }
}
