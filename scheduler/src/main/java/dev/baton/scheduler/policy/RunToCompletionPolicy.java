package dev.baton.scheduler.policy;

import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.queue.RunQueue;
import org.jspecify.annotations.Nullable;

/**
 * The default: continuations run in order of arrival and to completion on the loop they came from.
 * A blocked loop is taken after a fixed grace, a busy one after its slice.
 */
public final class RunToCompletionPolicy implements SchedulingPolicy {
  private static final int BATCH = 32;
  private static final long BATCH_NANOS = 1_000_000;

  private final long graceNanos;
  private final long sliceNanos;

  /**
   * Fixes both times.
   *
   * @param graceNanos how long a worker may sleep inside a continuation, 0 … 999,999,999
   * @param sliceNanos how long a continuation may compute, 1 … 999,999,999
   */
  public RunToCompletionPolicy(long graceNanos, long sliceNanos) {
    this.graceNanos = graceNanos;
    this.sliceNanos = sliceNanos;
  }

  @Override
  public String name() {
    return "run-to-completion";
  }

  @Override
  public int cpuOf(int loop, CpuSet cpus) {
    return cpus.stream().skip(loop % cpus.size()).findFirst().orElseThrow();
  }

  @Override
  public @Nullable Runnable pickNext(RunQueue queue) {
    return queue.poll();
  }

  @Override
  public int batch() {
    return BATCH;
  }

  @Override
  public long batchNanos() {
    return BATCH_NANOS;
  }

  @Override
  public long graceNanos(int loop, TakeoverCause cause) {
    return cause == TakeoverCause.BLOCKED ? graceNanos : 0;
  }

  @Override
  public long sliceNanos() {
    return sliceNanos;
  }
}
