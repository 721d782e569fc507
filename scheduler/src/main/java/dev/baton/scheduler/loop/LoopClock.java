package dev.baton.scheduler.loop;

/**
 * When a loop began its turn, and how long it has been busy: the clock is read once per poll. The
 * owner in IO, but for {@link #busyNanos}.
 */
final class LoopClock {
  private long startNanos;
  private long turnNanos; // 0 if the clock was not read since the last poll
  private long idleSinceNanos; // 0 unless the loop is about to sleep, or sleeps
  private long idleNanos;

  void start() {
    startNanos = System.nanoTime();
  }

  /** The loop has been away from the clock: the next look reads it. */
  void forget() {
    turnNanos = 0;
  }

  /** When this turn began, {@link System#nanoTime}. */
  long turnNanos() {
    long now = turnNanos;
    if (now == 0) {
      now = System.nanoTime();
      turnNanos = now;
      if (idleSinceNanos != 0) {
        idleNanos += now - idleSinceNanos;
        idleSinceNanos = 0;
      }
    }
    return now;
  }

  /** Time not spent asleep until this turn began. */
  long busyAtTurnNanos() {
    return turnNanos() - startNanos - idleNanos;
  }

  /** The loop is about to sleep. */
  void idle(long nowNanos) {
    if (idleSinceNanos == 0) {
      idleSinceNanos = nowNanos;
    }
  }

  boolean wasIdle() {
    return idleSinceNanos != 0;
  }

  /** Time not spent asleep. Any thread; may be a turn old. */
  long busyNanos() {
    if (startNanos == 0) {
      return 0;
    }
    long since = idleSinceNanos;
    long idle = idleNanos;
    long now = System.nanoTime();
    return Math.max(0, now - startNanos - idle - (since == 0 ? 0 : Math.max(0, now - since)));
  }
}
