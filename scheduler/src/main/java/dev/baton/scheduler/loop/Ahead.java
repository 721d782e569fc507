package dev.baton.scheduler.loop;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * New work that is expected to block: another thread runs it, away from its loop from the start,
 * and no loop is taken over for it.
 */
public interface Ahead {
  /** Runs it, once. */
  void run();

  /** Whether the JVM sees what it waits for, so that a virtual thread waits at no one's cost. */
  boolean isSeen();

  /** What it is, for onlookers, as a {@link WorkObserver} would describe it. Any thread. */
  @Nullable Supplier<?> work();

  /**
   * It has run. The same thread.
   *
   * @param nanos how long that took
   */
  void ran(long nanos);
}
