package dev.baton.scheduler.loop;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Knows what a worker's thread runs, for those who look on. The scheduler itself need not know. */
@FunctionalInterface
public interface WorkObserver {
  /** Knows nothing. */
  WorkObserver NONE = thread -> null;

  /**
   * What {@code worker} runs right now. Any thread, also on the way of a takeover: a few reads, no
   * lock. The answer may be stale by the time it is looked at, unless that thread sleeps.
   *
   * @return describes it when asked, soon after and once; the description outlives the work, so it
   *     must not keep the work's buffers alive. Null if the thread runs nothing that has a name
   */
  @Nullable Supplier<?> workOf(Thread worker);

  /**
   * A worker has lost {@code loop} while it ran {@code work}, or a thread runs that ahead. Whoever
   * has taken the loop, before it runs anything else of it: it must be quick.
   *
   * @return what to call when that thread is back, on any thread; null if nothing
   */
  default @Nullable Runnable left(TransferableEventLoop loop, Supplier<?> work) {
    return null;
  }
}
