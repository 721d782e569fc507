package dev.baton.scheduler.loop;

import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.queue.RunQueue;
import org.jspecify.annotations.Nullable;

/** Runs to completion without grace, but for what a test decides otherwise. */
abstract class DelegatingPolicy implements SchedulingPolicy {
  private final SchedulingPolicy policy = new RunToCompletionPolicy(0, 1_000_000);

  @Override
  public String name() {
    return getClass().getSimpleName();
  }

  @Override
  public int cpuOf(int loop, CpuSet cpus) {
    return policy.cpuOf(loop, cpus);
  }

  @Override
  public @Nullable Runnable pickNext(RunQueue queue) {
    return policy.pickNext(queue);
  }

  @Override
  public int batch() {
    return policy.batch();
  }

  @Override
  public long batchNanos() {
    return policy.batchNanos();
  }

  @Override
  public long graceNanos(int loop, TakeoverCause cause) {
    return policy.graceNanos(loop, cause);
  }

  @Override
  public long sliceNanos() {
    return policy.sliceNanos();
  }
}
