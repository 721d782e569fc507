package dev.baton.loadgen.export;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.results.SavedComparison;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results as tables in Markdown, for summaries of builds and for issues. */
public final class MarkdownExporter {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};

  private MarkdownExporter() {}

  /** A run, with what conditions said of it. */
  public static String toMarkdown(LoadReport report, List<JunitExporter.Case> cases) {
    var text = new StringBuilder();
    text.append(
        """
        | ms | p50 | p90 | p99 | p99.9 | max | ok/s | asked/s | sent | not ok |
        |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
        """);
    row(text, report, "total", report.total());
    if (report.requests().size() > 1) {
      report.requests().forEach(r -> row(text, report, r.name(), r));
    }
    report.sessions().forEach(r -> row(text, report, "session " + r.name(), r));
    text.append(
        String.format(
            Locale.ROOT,
            "%n%s, %s loop, %.0f s from %s%n",
            report.valid() ? "VALID" : "**INVALID**",
            report.options().isClosedLoop() ? "closed" : "open",
            report.windowSeconds(),
            report.startedAt()));
    report.invalidReasons().forEach(reason -> text.append("- ").append(reason).append('\n'));
    report
        .errorKinds()
        .forEach((kind, count) -> text.append("- " + count + " × " + escape(kind) + "\n"));
    append(text, cases);
    return text.toString();
  }

  private static void row(
      StringBuilder text, LoadReport report, String name, RequestRecord record) {
    var cells = new ArrayList<String>();
    cells.add(escape(name));
    for (double percentile : PERCENTILES) {
      cells.add(SummaryExporter.marked(record.response(), percentile, report.validity()));
    }
    cells.add(String.format(Locale.ROOT, "%,.0f", record.okInWindow() / report.windowSeconds()));
    cells.add(
        report.options().isClosedLoop()
            ? "–"
            : String.format(Locale.ROOT, "%,.0f", record.scheduled() / report.windowSeconds()));
    cells.add(String.format(Locale.ROOT, "%,d", record.sent()));
    cells.add(String.format(Locale.ROOT, "%,d", record.scheduled() - record.count(Outcome.OK)));
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  /** A comparison in interleaved blocks. */
  public static String toMarkdown(Comparison comparison, List<JunitExporter.Case> cases) {
    var text = new StringBuilder();
    text.append("A: " + escape(comparison.nameA()) + "  \nB: " + escape(comparison.nameB()));
    text.append("\n\n| | A | B | B − A | 95 % interval | |\n|---|--:|--:|--:|--:|---|\n");
    for (var d : comparison.differences()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s %s | %s | %s | %s | %s | %s |%n",
              d.metric(),
              d.unit(),
              SummaryExporter.millis(d.medianA()),
              SummaryExporter.millis(d.medianB()),
              change(d.percent()),
              d.measured() ? change(d.lowPercent()) + " … " + change(d.highPercent()) : "–",
              comparison.shown().contains(d.metric()) ? "shown" : ""));
    }
    text.append("\n**" + comparison.verdict().text() + "**\n");
    append(text, cases);
    return text.toString();
  }

  /** Two results of different times. */
  public static String toMarkdown(SavedComparison comparison, List<JunitExporter.Case> cases) {
    var text = new StringBuilder();
    text.append("| | before | after | change | |\n|---|--:|--:|--:|---|\n");
    for (var row : comparison.rows()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s %s | %s | %s | %s | %s |%n",
              row.metric(),
              row.unit(),
              SummaryExporter.millis(row.before()),
              SummaryExporter.millis(row.after()),
              change(row.percent()),
              row.apart() ? "more than sampling explains" : ""));
    }
    text.append('\n').append(SavedComparison.CAVEAT).append('\n');
    comparison.otherLoad().forEach(o -> text.append("- another load: " + escape(o) + "\n"));
    append(text, cases);
    return text.toString();
  }

  private static String change(double percent) {
    return Double.isNaN(percent) ? "–" : String.format(Locale.ROOT, "%+.2f %%", percent);
  }

  private static void append(StringBuilder text, List<JunitExporter.Case> cases) {
    for (var one : cases) {
      text.append(one.failure().isEmpty() ? "- ✓ " : "- ✗ ").append(escape(one.name()));
      text.append(one.failure().isEmpty() ? "" : ": " + escape(one.failure())).append('\n');
    }
  }

  /** Keeps bars and brackets of names from being read as Markdown. */
  private static String escape(String text) {
    return text.replaceAll("([\\\\|*_`<\\[\\]])", "\\\\$1");
  }
}
