package dev.baton.scheduler.loop;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.AbstractOwnableSynchronizer;
import java.util.concurrent.locks.LockSupport;

// google-java-format off
/*
 * Locks. Whoever waits for a lock mostly gets it before a takeover would have paid, and the next handler
 * of its loop often wants the same one: a loop that is taken at once runs into it again, and is taken
 * again, until a convoy of workers waits there. So the wait is given as long as a takeover costs, which
 * is at most twice of what knowing its length would have cost [1]; and twice as long for each worker that
 * is away at a lock already, up to MAX_DOUBLINGS. It shows in the JVM's own state: at a monitor, or
 * parked at a synchronizer.
 *
 * Safepoints. A GC pause puts every thread to sleep that runs Java, also inside a handler, and the standby
 * itself cannot run before it is over. A worker that is asleep in the eyes of the kernel, runnable in
 * the eyes of the JVM, and was so for longer than a wake-up takes, has probably just been released: it
 * gets a moment to show up.
 *
 * [1] Karlin, Li, Manasse, Owicki: Empirical studies of competitive spinning for a shared-memory
 *     multiprocessor, SOSP '91
 */
// google-java-format on
/** How long a sleep is waited out that will probably end sooner than a takeover pays. */
final class Patience {
  static final long LOCK_NANOS = 100_000;
  static final long SAFEPOINT_NANOS = 50_000;
  static final int MAX_DOUBLINGS = 4;
  private static final long SAFEPOINT_SUSPECT_NANOS = 200_000;

  private final AtomicInteger awayAtLocks = new AtomicInteger();

  /**
   * How long to wait in nanoseconds, 0 for not at all. Any thread.
   *
   * @param thread what sleeps
   * @param asleepNanos for how long it has; 0 if unknown
   */
  long nanos(Thread thread, long asleepNanos) {
    if (isAtLock(thread)) {
      return LOCK_NANOS << Math.min(awayAtLocks.get(), MAX_DOUBLINGS);
    }
    return thread.getState() == Thread.State.RUNNABLE && asleepNanos > SAFEPOINT_SUSPECT_NANOS
        ? SAFEPOINT_NANOS
        : 0;
  }

  /** Whether the thread waits for a lock. Any thread. */
  static boolean isAtLock(Thread thread) {
    Thread.State state = thread.getState(); // a switch would be a class to load at the first one
    return state == Thread.State.BLOCKED
        || ((state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING)
            && LockSupport.getBlocker(thread) instanceof AbstractOwnableSynchronizer);
  }

  /** A worker has lost its loop at a lock. */
  void left() {
    awayAtLocks.getAndIncrement();
  }

  /** A worker is back that had {@link #left}. */
  void returned() {
    awayAtLocks.getAndDecrement();
  }
}
