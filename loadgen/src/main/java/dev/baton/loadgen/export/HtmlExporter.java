package dev.baton.loadgen.export;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.compare.PairedDifference;
import dev.baton.loadgen.compare.ServerCost;
import dev.baton.loadgen.record.Heatmap;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.Validity;
import dev.baton.loadgen.results.SavedComparison;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One self-contained page: the data as JSON in a template that draws it; nothing is loaded. */
public final class HtmlExporter {
  private static final String TEMPLATE = "report.html";
  private static final String MARK = "/*DATA*/null";

  private HtmlExporter() {}

  /** The page of a run that no command line started. */
  public static String page(LoadReport report) {
    return page(report, Provenance.of(List.of()));
  }

  /** The page of a run. */
  public static String page(LoadReport report, Provenance provenance) {
    var total = report.total();
    boolean closed = report.options().isClosedLoop();
    var data = new LinkedHashMap<String, Object>();
    var parts = report.sessions().isEmpty() ? report.requests() : report.sessions();
    data.put("title", String.join("  ", parts.stream().map(r -> r.name()).toList()));
    data.put(
        "subtitle",
        String.format(
            Locale.ROOT,
            "%s loop, %.0f s measured, %d connections, %s%s",
            closed ? "closed" : "open",
            report.windowSeconds(),
            report.options().getConnections(),
            report.options().getProtocol(),
            closed
                ? ""
                : ", "
                    + report.options().getArrivals().name().toLowerCase(Locale.ROOT)
                    + " arrivals, schedule "
                    + report.scheduleHash()));
    data.put("provenance", provenance.toMap());
    data.put("status", status(report));
    data.put("valid", report.valid());
    data.put("reasons", report.invalidReasons());
    data.put("errors", errors(List.of(report)));
    var tiles = new ArrayList<Object>();
    tiles.add(
        tile(
            "delivered",
            String.format(Locale.ROOT, "%,.0f/s", report.deliveredRate()),
            closed ? "" : String.format(Locale.ROOT, "of %,.0f/s asked", report.askedRate())));
    for (double percentile : new double[] {50, 99, 99.9}) {
      tiles.add(
          tile(
              "p" + (percentile == 99.9 ? "99.9" : Integer.toString((int) percentile)),
              SummaryExporter.marked(total.response(), percentile, report.validity()) + " ms",
              "service " + SummaryExporter.millis(total.service().millisAt(percentile)) + " ms"));
    }
    tiles.add(
        tile(
            "not ok",
            String.format(Locale.ROOT, "%.3f %%", 100 * total.errorShare()),
            String.format(Locale.ROOT, "of %,d requests", total.scheduled())));
    data.put("tiles", tiles);
    var series = new ArrayList<Object>();
    series.add(series("response", total.response()));
    series.add(series("service", total.service()));
    if (!closed) {
      series.add(series("lateness", report.lateness()));
    }
    data.put("spectrum", series);
    data.put("heatmap", heatmap(report.heatmap()));
    if (!closed) {
      data.put("lateness", latenessOverTime(report.latenessMap()));
    }
    if (report.requests().size() > 1) {
      data.put(
          "targets",
          report.requests().stream().<Object>map(r -> series(r.name(), r.response())).toList());
    }
    if (!report.sessions().isEmpty()) {
      data.put("steps", steps(report));
    }
    data.put("table", table(report));
    return fill(data);
  }

  /** Per scenario the name, its sessions, and each step's percentiles and errors. */
  private static List<Object> steps(LoadReport report) {
    var scenarios = new ArrayList<Object>();
    for (var session : report.sessions()) {
      String prefix = session.name() + ": ";
      var rows = new ArrayList<Object>();
      rows.add(step("whole session", session));
      report.requests().stream()
          .filter(record -> record.name().startsWith(prefix))
          .forEach(r -> rows.add(step(r.name().substring(prefix.length()), r)));
      var scenario = new LinkedHashMap<String, Object>();
      scenario.put("name", session.name());
      scenario.put(
          "note",
          String.format(
              Locale.ROOT,
              "%,d sessions arrived, %,d ok, %,d failed, %,d unfinished",
              session.sent(),
              session.count(Outcome.OK),
              session.sent() - session.count(Outcome.OK) - session.count(Outcome.UNFINISHED),
              session.count(Outcome.UNFINISHED)));
      scenario.put("rows", rows);
      scenarios.add(scenario);
    }
    return scenarios;
  }

  private static Map<String, Object> step(String name, RequestRecord record) {
    var row = new LinkedHashMap<String, Object>();
    row.put("name", name);
    row.put("sent", record.sent());
    row.put("ok", record.count(Outcome.OK));
    if (record.response().count() > 0) {
      row.put("p50", record.response().millisAt(50));
      row.put("p99", record.response().millisAt(99));
    }
    return row;
  }

  /** What has to be known before any number is read; the worst first. */
  private static List<String> status(LoadReport report) {
    var status = new ArrayList<String>();
    var total = report.total();
    if (report.interrupted()) {
      status.add(
          String.format(
              Locale.ROOT,
              "INTERRUPTED: only the first %.1f s were measured",
              report.windowSeconds()));
    }
    if (total.errorShare() > 0) {
      status.add(
          String.format(
              Locale.ROOT,
              "%.2f %% of the requests did not end ok (%,d of %,d)",
              100 * total.errorShare(),
              total.scheduled() - total.count(Outcome.OK),
              total.scheduled()));
    }
    return status;
  }

  /** Rows of a label, a count and a kind of error. */
  private static List<Object> errors(List<LoadReport> reports) {
    var sums = new TreeMap<String, Long>();
    for (var report : reports) {
      report.errorKinds().forEach((kind, count) -> sums.merge(kind, count, Long::sum));
      long unfinished = report.total().count(Outcome.UNFINISHED);
      if (unfinished > 0) {
        sums.merge("unfinished: no answer until the end of the drain", unfinished, Long::sum);
      }
      if (report.total().unsent() > 0) {
        sums.merge("unsent: no free connection", report.total().unsent(), Long::sum);
      }
    }
    var rows = new ArrayList<Object>();
    sums.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .forEach(
            e -> rows.add(List.of(String.format(Locale.ROOT, "%,d", e.getValue()), e.getKey())));
    return rows;
  }

  /** The page of a comparison. */
  public static String page(Comparison comparison, Provenance provenance) {
    var data = new LinkedHashMap<String, Object>();
    data.put("title", comparison.verdict().text());
    data.put(
        "subtitle",
        comparison.nameA()
            + "  against  "
            + comparison.nameB()
            + ", "
            + comparison.blocksA().size()
            + " pairs of blocks");
    data.put("provenance", provenance.toMap());
    data.put(
        "status",
        comparison.interrupted()
            ? List.of("INTERRUPTED after " + comparison.blocksA().size() + " pairs of blocks")
            : List.of());
    data.put("errorsA", errors(comparison.blocksA()));
    data.put("errorsB", errors(comparison.blocksB()));
    data.put("valid", comparison.valid());
    data.put(
        "reasons",
        comparison.invalidBlocks() == 0
            ? List.of()
            : List.of(
                comparison.invalidBlocks()
                    + " of "
                    + 2 * comparison.blocksA().size()
                    + " blocks were disturbed by the generator"));
    data.put("tiles", costTiles(comparison));
    var differences = new ArrayList<Object>();
    for (var d : comparison.differences()) {
      var row = new LinkedHashMap<String, Object>();
      row.put("metric", d.metric());
      row.put("unit", d.unit());
      row.put("a", d.medianA());
      row.put("b", d.medianB());
      row.put("percent", d.percent());
      row.put("low", d.lowPercent());
      row.put("high", d.highPercent());
      row.put("points", d.unit().equals(PairedDifference.SHARE));
      row.put("shown", comparison.shown().contains(d.metric()));
      differences.add(row);
    }
    data.put("differences", differences);
    data.put(
        "spectrum",
        List.of(
            series("A", Comparison.responses(comparison.blocksA())),
            series("B", Comparison.responses(comparison.blocksB()))));
    var blocks = new LinkedHashMap<String, Object>();
    blocks.put("a", p99(comparison.blocksA()));
    blocks.put("b", p99(comparison.blocksB()));
    data.put("blocks", blocks);
    return fill(data);
  }

  /** The page of two results of different times. */
  public static String page(SavedComparison comparison, Provenance provenance) {
    var data = new LinkedHashMap<String, Object>();
    data.put("provenance", provenance.toMap());
    data.put(
        "title",
        comparison.worse()
            ? "worse than before, by more than sampling explains"
            : "not worse than before by more than sampling explains");
    data.put(
        "subtitle", comparison.before().startedAt() + "  and  " + comparison.after().startedAt());
    data.put("valid", comparison.before().valid() && comparison.after().valid());
    var reasons = new ArrayList<Object>();
    reasons.add(SavedComparison.CAVEAT);
    comparison.otherLoad().forEach(other -> reasons.add("not the same load: " + other));
    reasons.addAll(comparison.before().invalidReasons());
    reasons.addAll(comparison.after().invalidReasons());
    data.put("reasons", reasons);
    var tiles = new ArrayList<Object>();
    for (var change : comparison.rows()) {
      boolean points = change.unit().equals(PairedDifference.SHARE);
      tiles.add(
          tile(
              change.metric(),
              SummaryExporter.millis(change.after()) + " " + change.unit(),
              String.format(
                  Locale.ROOT,
                  "before %s, %s%s",
                  SummaryExporter.millis(change.before()),
                  Double.isNaN(change.percent())
                      ? "–"
                      : String.format(
                          Locale.ROOT, points ? "%+.3f points" : "%+.1f %%", change.percent()),
                  change.apart() ? ", apart" : "")));
    }
    data.put("tiles", tiles);
    data.put(
        "spectrum",
        List.of(
            series("before", Comparison.focus(comparison.before())),
            series("after", Comparison.focus(comparison.after()))));
    return fill(data);
  }

  private static List<Double> p99(List<LoadReport> blocks) {
    return blocks.stream().map(r -> Comparison.focus(r).millisAt(99)).toList();
  }

  private static List<Object> costTiles(Comparison comparison) {
    var tiles = new ArrayList<Object>();
    addCost(tiles, "A", comparison.costA());
    addCost(tiles, "B", comparison.costB());
    return tiles;
  }

  private static void addCost(List<Object> tiles, String label, @Nullable ServerCost cost) {
    if (cost != null) {
      tiles.add(
          tile(
              "server " + label,
              String.format(Locale.ROOT, "%.1f µs CPU", cost.cpuMicrosPerResponse()),
              String.format(
                  Locale.ROOT,
                  "per response; %.2f switches, %.0f MiB",
                  cost.switchesPerResponse(),
                  cost.peakRssBytes() / 1048576.0)));
    }
  }

  static Map<String, Object> tile(String label, String value, String note) {
    var tile = new LinkedHashMap<String, Object>();
    tile.put("label", label);
    tile.put("value", value);
    tile.put("note", note);
    return tile;
  }

  /** Points (percentile, milliseconds), eight per decade of 1/(1-p), up to one in the count. */
  private static Map<String, Object> series(String name, Latencies latencies) {
    var points = new ArrayList<Object>();
    long count = latencies.count();
    for (int i = 0; i <= 48 && count > 0; i++) {
      double inverse = Math.pow(10, i / 8.0);
      if (inverse > count) {
        break;
      }
      double percentile = 100 * (1 - 1 / inverse);
      points.add(List.of(percentile, latencies.millisAt(percentile)));
    }
    if (count > 0) {
      points.add(List.of(100 * (1 - 1.0 / (count + 1)), latencies.maxMillis()));
    }
    var series = new LinkedHashMap<String, Object>();
    series.put("name", name);
    series.put("points", points);
    if (latencies.censored() > 0) {
      series.put("exactBelow", latencies.exactBelowMillis());
    }
    return series;
  }

  private static Map<String, Object> heatmap(Heatmap heatmap) {
    var cells = new ArrayList<Object>();
    for (int column = 0; column < heatmap.columns(); column++) {
      for (int row = 0; row < Heatmap.ROWS; row++) {
        int count = heatmap.count(column, row);
        if (count > 0) {
          cells.add(List.of(column, row, count));
        }
      }
    }
    var map = new LinkedHashMap<String, Object>();
    map.put("seconds", heatmap.columnNanos() / 1e9);
    map.put("columns", heatmap.columns());
    map.put("cells", cells);
    return map;
  }

  /** Median and maximum of each column, at the upper ends of their rows. */
  private static Map<String, Object> latenessOverTime(Heatmap heatmap) {
    var median = new ArrayList<Object>();
    var max = new ArrayList<Object>();
    double seconds = heatmap.columnNanos() / 1e9;
    for (int column = 0; column < heatmap.columns(); column++) {
      long sum = 0;
      int highest = -1;
      for (int row = 0; row < Heatmap.ROWS; row++) {
        sum += heatmap.count(column, row);
        highest = heatmap.count(column, row) > 0 ? row : highest;
      }
      if (highest >= 0) {
        long seen = 0;
        int middle = 0;
        while ((seen += heatmap.count(column, middle)) * 2 < sum) {
          middle++;
        }
        median.add(List.of(column * seconds, Heatmap.rowNanos(middle + 1) / 1e6));
        max.add(List.of(column * seconds, Heatmap.rowNanos(highest + 1) / 1e6));
      }
    }
    var map = new LinkedHashMap<String, Object>();
    map.put("median", median);
    map.put("max", max);
    return map;
  }

  private static List<Object> table(LoadReport report) {
    var rows = new ArrayList<Object>();
    rows.add(
        List.of(
            "",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "max",
            "scheduled",
            "sent",
            "unsent",
            "ok",
            "http error",
            "timeout",
            "connection error",
            "unfinished"));
    var judge = report.validity();
    rows.add(row("total", report.total(), judge));
    if (report.requests().size() > 1) {
      report.requests().forEach(r -> rows.add(row(r.name(), r, judge)));
    }
    report.sessions().forEach(r -> rows.add(row("session " + r.name(), r, judge)));
    if (report.phases().size() > 1) {
      report.phases().forEach(r -> rows.add(row("phase " + r.name(), r, judge)));
    }
    return rows;
  }

  private static List<String> row(String name, RequestRecord record, Validity judge) {
    var cells = new ArrayList<String>();
    cells.add(name);
    for (double percentile : new double[] {50, 90, 99, 99.9, 100}) {
      cells.add(SummaryExporter.marked(record.response(), percentile, judge));
    }
    cells.add(String.format(Locale.ROOT, "%,d", record.scheduled()));
    cells.add(String.format(Locale.ROOT, "%,d", record.sent()));
    cells.add(String.format(Locale.ROOT, "%,d", record.unsent()));
    for (var outcome : Outcome.values()) {
      cells.add(String.format(Locale.ROOT, "%,d", record.count(outcome)));
    }
    return cells;
  }

  static String fill(Map<String, Object> data) {
    try (var in = HtmlExporter.class.getResourceAsStream(TEMPLATE)) {
      if (in == null) {
        throw new IllegalStateException("resource missing: " + TEMPLATE);
      }
      String template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      // "<" could end the script the data is in.
      return template.replace(MARK, JsonExporter.write(data, false).replace("<", "\\u003c"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
