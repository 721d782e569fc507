package dev.baton.stages;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;

/** What lends partitioned stages the loops they run on. */
@FunctionalInterface
public interface StageHost {
  /** For loops of a stage's own, with the threads of the host. */
  Scheduler.Builder newScheduler();

  /**
   * An enclave whose loops a stage may run on.
   *
   * @throws IllegalArgumentException if there is none of this name; the message has a remedy
   */
  default Enclave enclave(String name) {
    throw new IllegalArgumentException(
        "enclave=" + name + ": there are no enclaves here; give the stage cpus instead");
  }
}
