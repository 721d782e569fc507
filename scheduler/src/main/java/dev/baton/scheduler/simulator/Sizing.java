package dev.baton.scheduler.simulator;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** How many CPUs a policy needs, so that what is asked of latencies holds. */
public final class Sizing {
  private Sizing() {}

  /**
   * The fewest.
   *
   * @param cpus how many
   * @param result with so many
   */
  public record Answer(int cpus, SimulationResult result) {}

  /**
   * Looks for the fewest: doubles until it holds, then halves what is between.
   *
   * @param run the policy under the load, with so many CPUs
   * @param most the most to try
   * @return null if it does not hold with {@code most}
   */
  public static @Nullable Answer fewest(Slo slo, IntFunction<SimulationResult> run, int most) {
    int fails = 0;
    int cpus = 1;
    SimulationResult result = run.apply(cpus);
    while (!slo.holds(result)) {
      if (cpus == most) {
        return null;
      }
      fails = cpus;
      cpus = Math.min(2 * cpus, most);
      result = run.apply(cpus);
    }
    var best = new Answer(cpus, result);
    while (best.cpus() - fails > 1) {
      int middle = (fails + best.cpus()) / 2;
      SimulationResult there = run.apply(middle);
      if (slo.holds(there)) {
        best = new Answer(middle, there);
      } else {
        fails = middle;
      }
    }
    return best;
  }
}
