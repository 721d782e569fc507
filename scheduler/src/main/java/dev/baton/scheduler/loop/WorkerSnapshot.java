package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TakeoverCause;
import org.jspecify.annotations.Nullable;

/**
 * A picture of one worker.
 *
 * @param worker id of the worker
 * @param thread name of its thread
 * @param cpu the CPU it is pinned to while it owns a loop or waits, -1 if not pinned
 * @param loop index of the loop it drives or has lost, -1 if it waits
 * @param state what it does
 * @param awayCause why it lost its loop; null unless it is away
 * @param awaySinceNanos since when it is away, {@link System#nanoTime}; 0 unless it is
 */
public record WorkerSnapshot(
    int worker,
    String thread,
    int cpu,
    int loop,
    State state,
    @Nullable TakeoverCause awayCause,
    long awaySinceNanos) {
  /** What a worker does. */
  public enum State {
    /** Drives a loop. */
    OWNER,
    /** Waits to take a loop over. */
    STANDBY,
    /** Finishes a continuation whose loop it has lost. */
    AWAY
  }
}
