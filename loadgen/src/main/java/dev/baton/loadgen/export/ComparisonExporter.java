package dev.baton.loadgen.export;

import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.compare.ServerCost;
import dev.baton.loadgen.results.SavedComparison;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A comparison as a table for people. */
public final class ComparisonExporter {
  private ComparisonExporter() {}

  /** Writes the table and the verdict. */
  public static void write(Comparison comparison, PrintWriter out) {
    out.printf(Locale.ROOT, "%nA: %s%nB: %s%n", comparison.nameA(), comparison.nameB());
    out.printf(
        Locale.ROOT,
        "%n%-12s %12s %12s %10s   %-22s %8s%n",
        "",
        "A",
        "B",
        "B - A",
        "95 % interval",
        "p");
    for (var d : comparison.differences()) {
      if (!d.measured()) {
        out.printf(
            Locale.ROOT,
            "%-12s %12s %12s %10s   not measured in every block%n",
            d.metric() + " " + d.unit(),
            number(d.medianA()),
            number(d.medianB()),
            "–");
        continue;
      }
      String unit = d.differenceUnit();
      out.printf(
          Locale.ROOT,
          "%-12s %12s %12s %+9.2f%s   %-22s %8.4f  %s%n",
          d.metric() + " " + d.unit(),
          number(d.medianA()),
          number(d.medianB()),
          d.percent(),
          unit,
          String.format(
              Locale.ROOT, "[%+.2f%s, %+.2f%s]", d.lowPercent(), unit, d.highPercent(), unit),
          d.pValue(),
          comparison.shown().contains(d.metric()) ? "shown" : "no difference shown");
    }
    cost(out, "A", comparison.costA());
    cost(out, "B", comparison.costB());
    if (comparison.invalidBlocks() > 0) {
      out.printf(
          Locale.ROOT,
          "%d of %d blocks are INVALID: the generator was late in them%n",
          comparison.invalidBlocks(),
          2 * comparison.blocksA().size());
    }
    out.printf(
        Locale.ROOT,
        comparison.interrupted()
            ? "%nINTERRUPTED after %d pairs of blocks: %s%n"
            : "%nVerdict over %d pairs of blocks: %s%n",
        comparison.blocksA().size(),
        comparison.verdict().text());
  }

  /** Writes two results of different times. */
  public static void write(SavedComparison comparison, PrintWriter out) {
    out.printf(
        "%nbefore: %s%nafter:  %s%n",
        comparison.before().startedAt(), comparison.after().startedAt());
    out.printf(Locale.ROOT, "%n%-12s %12s %12s %12s%n", "", "before", "after", "change");
    for (var row : comparison.rows()) {
      out.printf(
          Locale.ROOT,
          "%-12s %12s %12s %12s  %s%n",
          row.metric() + " " + row.unit(),
          number(row.before()),
          number(row.after()),
          Double.isNaN(row.percent()) ? "–" : String.format(Locale.ROOT, "%+.2f %%", row.percent()),
          row.apart()
              ? "more than sampling explains"
              : String.format(
                  Locale.ROOT,
                  "[%s, %s] and [%s, %s]",
                  number(row.beforeLow()),
                  number(row.beforeHigh()),
                  number(row.afterLow()),
                  number(row.afterHigh())));
    }
    comparison.otherLoad().forEach(o -> out.println("not the same load: " + o));
    for (var report : List.of(comparison.before(), comparison.after())) {
      report.invalidReasons().forEach(r -> out.println("INVALID: " + r));
    }
    out.println();
    out.println(
        comparison.worse()
            ? "worse than before, by more than sampling explains"
            : "not worse than before by more than sampling explains");
    out.println(SavedComparison.CAVEAT);
  }

  private static void cost(PrintWriter out, String label, @Nullable ServerCost cost) {
    if (cost != null) {
      out.printf(
          Locale.ROOT,
          "server %s: %.2f µs CPU per response, %.2f context switches per response,"
              + " %.0f MiB resident%n",
          label,
          cost.cpuMicrosPerResponse(),
          cost.switchesPerResponse(),
          cost.peakRssBytes() / 1048576.0);
    }
  }

  private static String number(double value) {
    return Double.isNaN(value)
        ? "–"
        : String.format(Locale.ROOT, value >= 1_000 ? "%,.0f" : "%.3f", value);
  }
}
