package dev.baton.loadgen.cli;

import dev.baton.loadgen.client.TimerFloor;
import java.io.PrintWriter;
import java.util.Locale;

/** Prints the timer floor: what no measurement on this machine can get below. */
final class IdleCheck {
  private IdleCheck() {}

  static void print(PrintWriter out) {
    out.println("2,000 sleeps of 1 ms each; how much later than asked the thread ran, in µs:");
    out.printf(Locale.ROOT, "%-44s %8s %8s %8s %8s%n", "", "p50", "p99", "p99.9", "max");
    for (var floor : TimerFloor.measure()) {
      var late = floor.lateNanos();
      out.printf(
          Locale.ROOT,
          "%-44s %8.1f %8.1f %8.1f %8.1f%n",
          floor.name(),
          late.getValueAtPercentile(50) / 1e3,
          late.getValueAtPercentile(99) / 1e3,
          late.getValueAtPercentile(99.9) / 1e3,
          late.getMaxValue() / 1e3);
    }
    out.flush();
  }
}
