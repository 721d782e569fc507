package dev.baton.scheduler.loop;

import java.util.concurrent.RejectedExecutionException;

/** An event loop that changes hands, as executors on top of it see it. */
public interface ContinuationLoop {
  /**
   * Adds a continuation: code of users, run in state CONTINUATION by whoever owns this loop then.
   * Any thread. Continuations that one thread adds run in that order, unless another one's slip in
   * between.
   *
   * @throws RejectedExecutionException after shutdown
   */
  void continuation(Runnable continuation);

  /** {@link System#nanoTime}; in IO as the loop last looked. Any thread. */
  default long clockNanos() {
    return System.nanoTime();
  }

  /** What {@link #isStillOwned} compares with. Inside a continuation. */
  long token();

  /**
   * Whether the loop that the calling thread last drove is still its own: false once it was taken.
   * For executors that run several callbacks in one continuation.
   *
   * @param seen {@link #token} at the start of the continuation
   */
  boolean isStillOwned(long seen);
}
