package dev.baton.server.main;

import dev.baton.scheduler.simulator.Durations;
import dev.baton.scheduler.simulator.Latencies;
import dev.baton.scheduler.simulator.SimulationResult;
import dev.baton.scheduler.simulator.Sweep;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The result of a simulation as text: a line for each policy and load. */
final class SimulationTable {
  private SimulationTable() {}

  static String of(Map<String, String> headline, List<Sweep.Curve> curves) {
    var text = new StringBuilder();
    headline.forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    text.append('\n');
    Latencies first = curves.getFirst().points().getFirst().result().latencies();
    text.append(
        String.format(
            "%-20s %6s %12s %8s %8s %8s", "policy", "load", "requests/s", "p50", "p99", "p99.9"));
    boolean byKind = first.kinds().size() > 1;
    if (byKind) {
      first.kinds().forEach(kind -> text.append(String.format(" %14s", shorter(kind) + " p99")));
    }
    text.append(String.format(" %6s %10s %8s%n", "busy", "takeovers", "pulled"));
    for (Sweep.Curve curve : curves) {
      for (Sweep.Point point : curve.points()) {
        SimulationResult result = point.result();
        Latencies latencies = result.latencies();
        text.append(
            String.format(
                Locale.ROOT,
                "%-20s %4.0f %% %,12.0f %8s %8s %8s",
                curve.policy(),
                100 * point.share(),
                result.perSecond(),
                Durations.text(latencies.nanosAt(50)),
                Durations.text(latencies.nanosAt(99)),
                Durations.text(latencies.nanosAt(99.9))));
        for (int kind = 0; byKind && kind < latencies.kinds().size(); kind++) {
          text.append(String.format(" %14s", Durations.text(latencies.nanosAt(kind, 99))));
        }
        text.append(
            String.format(
                Locale.ROOT,
                " %4.0f %% %,10d %,8d%s%n",
                100 * result.utilisation(),
                result.blockedTakeovers() + result.hogTakeovers(),
                result.pulled(),
                result.keepsUp() ? "" : "  does not keep up"));
      }
    }
    return text.toString();
  }

  private static String shorter(String kind) {
    return kind.length() <= 10 ? kind : kind.substring(0, 9) + "…";
  }
}
