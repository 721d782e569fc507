package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;

/**
 * A policy as an enclave asks it: what it leaves to the operator is filled in, and what it answers is
 * checked. One that fails is reported once, and what it was asked is decided as the default policy
 * decides it. Any thread.
 */
final class InstalledPolicy {
  /** Hears of a policy that has failed. */
  interface FaultListener {
    /** {@code failed} shall decide no more. Any thread, also inside a turn; does not block. */
    void failed(InstalledPolicy failed, Throwable cause);
  }

  private static final long MAX_GRACE_NANOS = 1_000_000_000;
  private static final long MIN_SLICE_NANOS = 10_000;
  private static final long MAX_SLICE_NANOS = 500_000_000;

  private final SchedulingPolicy policy;
  private final SchedulerOptions options;
  private final FaultListener faults;

  /**
   * @param options what the operator has set, not changed any more
   */
  InstalledPolicy(SchedulingPolicy policy, SchedulerOptions options, FaultListener faults) {
    this.policy = policy;
    this.options = options;
    this.faults = faults;
  }

  SchedulingPolicy policy() {
    return policy;
  }

  private static IllegalStateException outOfRange(String decision, long value, String range) {
    return new IllegalStateException(decision + " answered " + value + ", not " + range);
  }

  /** As {@link SchedulingPolicy#cpuOf}. */
  int cpuOf(int loop, int cpus) {
    try {
      int cpu = policy.cpuOf(loop, cpus);
      if (cpu >= 0 && cpu < cpus) {
        return cpu;
      }
      throw outOfRange("cpuOf", cpu, "0 to " + (cpus - 1));
    } catch (Throwable e) {
      faults.failed(this, e);
      return loop % cpus;
    }
  }

  /** As {@link SchedulingPolicy#graceNanos}, never {@link SchedulingPolicy#AS_SET}. */
  long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
    try {
      long grace = policy.graceNanos(loop, handlerClass, cause);
      if (grace == SchedulingPolicy.NEVER || (grace >= 0 && grace < MAX_GRACE_NANOS)) {
        return grace;
      }
      if (grace != SchedulingPolicy.AS_SET) {
        throw outOfRange("graceNanos", grace, "less than a second");
      }
    } catch (Throwable e) {
      faults.failed(this, e);
    }
    return cause == TakeoverCause.BLOCKED ? options.getGrace().toNanos() : 0;
  }

  /** As {@link SchedulingPolicy#sliceNanos}, never {@link SchedulingPolicy#AS_SET}. */
  long sliceNanos(int loop) {
    try {
      long slice = policy.sliceNanos(loop);
      if (slice >= MIN_SLICE_NANOS && slice <= MAX_SLICE_NANOS) {
        return slice;
      }
      if (slice != SchedulingPolicy.AS_SET) {
        throw outOfRange("sliceNanos", slice, "10 µs to 500 ms");
      }
    } catch (Throwable e) {
      faults.failed(this, e);
    }
    return options.getSlice().toNanos();
  }
}
