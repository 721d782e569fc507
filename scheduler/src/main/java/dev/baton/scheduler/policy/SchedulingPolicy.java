package dev.baton.scheduler.policy;

import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.queue.RunQueue;
import org.jspecify.annotations.Nullable;

/**
 * What an enclave decides, apart from how it is carried out.
 *
 * <p>Every method is on a hot path or on the way from a kernel event to a takeover: no blocking, no
 * allocation, primitive arguments. An enclave holds one policy in a final field, so that a single
 * loaded implementation is inlined.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/3477132.3483542">ghOSt, SOSP '21</a>
 */
public interface SchedulingPolicy {
  /** {@link #graceNanos}: leave the loop where it is. */
  long NEVER = -1;

  /** The algorithm's name, for logs and metrics. */
  String name();

  /**
   * Placement, and with it <em>by whom</em>: a loop is driven, and taken over, by the workers of
   * its CPU. Asked once per loop at the start.
   *
   * @param loop index of the loop, 0 … loops-1
   * @param cpus the enclave's CPUs, not empty
   * @return a member of {@code cpus}
   */
  int cpuOf(int loop, CpuSet cpus);

  /**
   * What to run next. Called by the loop's owner in state IO.
   *
   * @return null to go back to I/O
   */
  @Nullable Runnable pickNext(RunQueue queue);

  /** How many continuations run in a row before the loop looks at its sockets again, at least 1. */
  int batch();

  /**
   * How long they may run in a row, nanoseconds: no further one begins after that. What waits in a
   * socket meanwhile is in no queue yet, and no deadline counts it.
   */
  long batchNanos();

  /**
   * When to take over: how long the owner may go on as it is seen now.
   *
   * @param loop index of the loop
   * @param cause {@link TakeoverCause#BLOCKED} or {@link TakeoverCause#HOG}
   * @return nanoseconds, less than a second; 0 takes the loop at once, {@link #NEVER} leaves it
   */
  long graceNanos(int loop, TakeoverCause cause);

  /** How long a continuation may compute before its loop is taken, nanoseconds. */
  long sliceNanos();
}
