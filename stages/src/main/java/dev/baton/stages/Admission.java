package dev.baton.stages;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Refuses work by how long it has waited, not by how much waits: a queue that empties now and then
 * is a burst, one that never gets short is overload.
 *
 * <p>If the shortest wait of an interval was longer than the target, then in the next one whatever
 * has waited more than twice the target is refused. Any thread; the minimum is kept without a lock,
 * so a wait that is measured while the interval changes may count for either.
 *
 * @see <a href="https://queue.acm.org/detail.cfm?id=2209336">Nichols, Jacobson: Controlling queue
 *     delay</a>
 * @see <a href="https://queue.acm.org/detail.cfm?id=2839461">Maurer: Fail at scale</a>
 */
final class Admission {
  private static final VarHandle INTERVAL_END;

  static {
    try {
      INTERVAL_END =
          MethodHandles.lookup().findVarHandle(Admission.class, "intervalEnd", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long targetNanos;
  private final long intervalNanos;

  private volatile long intervalEnd;
  private volatile long shortestNanos;
  private volatile boolean overloaded;

  /**
   * @param targetNanos the wait that is fine to stay
   * @param nowNanos of {@link System#nanoTime}
   */
  Admission(long targetNanos, long intervalNanos, long nowNanos) {
    this.targetNanos = targetNanos;
    this.intervalNanos = intervalNanos;
    this.intervalEnd = nowNanos + intervalNanos;
  }

  /** Whether work that has waited {@code waitedNanos} is to be done. */
  boolean admits(long waitedNanos, long nowNanos) {
    long end = intervalEnd;
    if (nowNanos - end >= 0) {
      if (INTERVAL_END.compareAndSet(this, end, nowNanos + intervalNanos)) {
        // After a pause there is nothing to judge by.
        overloaded = nowNanos - end < intervalNanos && shortestNanos > targetNanos;
        shortestNanos = waitedNanos;
      }
    } else if (waitedNanos < shortestNanos) {
      shortestNanos = waitedNanos;
    }
    return !overloaded || waitedNanos <= 2 * targetNanos;
  }

  boolean isOverloaded() {
    return overloaded;
  }
}
