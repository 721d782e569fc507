package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.client.Rehearsal;
import dev.baton.loadgen.compare.Comparer.Side;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;

/**
 * Repeats one comparison and counts the verdicts: how often the same is called different, and how
 * often a difference is found. Arguments: URL of A, URL of B, trials, pairs, requests/s or {@code
 * closed}, seconds of a block, first seed.
 */
final class ComparisonTrials {
  private ComparisonTrials() {}

  public static void main(String[] arguments) {
    int trials = Integer.parseInt(arguments[2]);
    int pairs = Integer.parseInt(arguments[3]);
    long firstSeed = Long.parseLong(arguments[6]);
    var verdicts = new EnumMap<Verdict, Integer>(Verdict.class);
    Rehearsal.run();
    for (int trial = 0; trial < trials; trial++) {
      long seed = firstSeed + 1_000L * trial;
      var comparison =
          new Comparer(pairs, (label, report) -> {})
              .run(
                  new Side("A", options(arguments[0], arguments, seed), null),
                  new Side("B", options(arguments[1], arguments, seed), null));
      verdicts.merge(comparison.verdict(), 1, Integer::sum);
      var line = new StringBuilder(String.format("%-22s", comparison.verdict().text()));
      for (var d : comparison.differences()) {
        line.append(
            String.format(
                Locale.ROOT,
                "  %s %+.2f%% [%+.2f, %+.2f] p=%.3f",
                d.metric(),
                d.percent(),
                d.lowPercent(),
                d.highPercent(),
                d.pValue()));
      }
      System.out.println(line + "  invalid " + comparison.invalidBlocks() + "/" + 2 * pairs);
    }
    System.out.println(verdicts);
  }

  private static LoadOptions options(String url, String[] arguments, long seed) {
    var options =
        new LoadOptions()
            .addRequest(RequestSpec.get(url))
            .setConnections(16)
            .setWarmup(Duration.ofMillis(300))
            .setDuration(Duration.ofMillis(Math.round(1_000 * Double.parseDouble(arguments[5]))))
            .setDrain(Duration.ofMillis(300))
            .setRealtime(true)
            .setSeed(seed);
    return arguments[4].equals("closed")
        ? options.setClosedLoop(true)
        : options.setRate(Double.parseDouble(arguments[4]));
  }
}
