package dev.baton.scheduler.simulator;

import java.util.Objects;

/**
 * What is simulated, beside policy and load.
 *
 * @param cpus CPUs of the enclave, at least 1
 * @param loops its event loops, at least 1
 * @param sliceNanos how long a handler may compute where the policy does not say
 * @param graceNanos how long it may sleep where the policy does not say
 * @param maxStandbys the most workers of a CPU beside the owners of its loops
 * @param costs what things cost
 */
public record SimulationOptions(
    int cpus, int loops, long sliceNanos, long graceNanos, int maxStandbys, Costs costs) {
  /** Checks the numbers. */
  public SimulationOptions {
    if (cpus < 1 || loops < 1 || maxStandbys < 1) {
      throw new IllegalArgumentException(
          "cpus=" + cpus + ", loops=" + loops + ", maxStandbys=" + maxStandbys + ": at least 1");
    }
    if (sliceNanos < 1) {
      throw new IllegalArgumentException("sliceNanos=" + sliceNanos + ": at least 1");
    }
    Objects.requireNonNull(costs, "costs");
  }

  /** One loop for each CPU, everything else as a server does by default, costs as measured. */
  public static SimulationOptions of(int cpus) {
    return new SimulationOptions(cpus, cpus, 1_000_000, 0, 256, Costs.measured());
  }

  /** These with other costs. */
  public SimulationOptions withCosts(Costs other) {
    return new SimulationOptions(cpus, loops, sliceNanos, graceNanos, maxStandbys, other);
  }

  /** These with another slice. */
  public SimulationOptions withSlice(long nanos) {
    return new SimulationOptions(cpus, loops, nanos, graceNanos, maxStandbys, costs);
  }
}
