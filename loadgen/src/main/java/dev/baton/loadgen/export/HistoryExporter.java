package dev.baton.loadgen.export;

import dev.baton.loadgen.results.History;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;

/** Results over time, as a table for people and as a page with the trend. */
public final class HistoryExporter {
  private HistoryExporter() {}

  /** Writes one line per result, then the band and what is beyond it. */
  public static void write(History history, PrintWriter out) {
    out.printf("%-28s", "");
    history.metrics().forEach(m -> out.printf(" %12s", m.name() + " " + m.unit()));
    out.println();
    for (int i = 0; i < history.runs().size(); i++) {
      var run = history.runs().get(i);
      out.printf("%-28s", run.startedAt());
      for (var metric : history.metrics()) {
        out.printf(" %12s", SummaryExporter.millis(metric.values().get(i)));
      }
      out.println("  " + run.file() + (run.report().valid() ? "" : "  INVALID"));
    }
    if (history.others() > 0) {
      out.printf("%n%d results are of another load than the newest%n", history.others());
    }
    int before = history.runs().size() - 1;
    if (before < History.LEAST_FOR_A_BAND) {
      out.printf(
          "%nno band: there are %d results before the newest, %d are needed%n",
          before, History.LEAST_FOR_A_BAND);
      return;
    }
    out.println();
    for (var metric : history.metrics()) {
      out.printf(
          "%-12s %12s in the band %s to %s%s%n",
          metric.name(),
          SummaryExporter.millis(metric.values().getLast()),
          SummaryExporter.millis(metric.low()),
          SummaryExporter.millis(metric.high()),
          metric.worse() ? "  WORSE than it used to be" : "");
    }
  }

  /** The page. */
  public static String page(History history, Provenance provenance) {
    var newest = history.runs().getLast();
    var worse = history.worse();
    var data = new LinkedHashMap<String, Object>();
    data.put("provenance", provenance.toMap());
    data.put(
        "title",
        String.join("  ", newest.report().requests().stream().map(r -> r.name()).toList()));
    data.put(
        "subtitle",
        String.format(
            Locale.ROOT,
            "%d results from %s to %s%s",
            history.runs().size(),
            history.runs().getFirst().startedAt(),
            newest.startedAt(),
            history.others() == 0 ? "" : "; " + history.others() + " of other loads left out"));
    data.put("valid", newest.report().valid());
    data.put("reasons", newest.report().invalidReasons());
    var tiles = new ArrayList<Object>();
    for (var metric : history.metrics()) {
      tiles.add(
          HtmlExporter.tile(
              metric.name(),
              SummaryExporter.millis(metric.values().getLast()) + " " + metric.unit(),
              Double.isNaN(metric.high())
                  ? "no band yet"
                  : worse.contains(metric)
                      ? "worse than it used to be"
                      : "band "
                          + SummaryExporter.millis(metric.low())
                          + " to "
                          + SummaryExporter.millis(metric.high())));
    }
    data.put("tiles", tiles);
    data.put("spectrum", List.of());
    data.put("history", history.metrics().stream().map(m -> metric(history, m)).toList());
    return HtmlExporter.fill(data);
  }

  private static Object metric(History history, History.Metric metric) {
    var points = new ArrayList<Object>();
    for (int i = 0; i < history.runs().size(); i++) {
      var run = history.runs().get(i);
      var point = new LinkedHashMap<String, Object>();
      point.put("at", run.startedAt().toEpochMilli());
      point.put("value", metric.values().get(i));
      point.put("file", run.file());
      point.put("valid", run.report().valid());
      points.add(point);
    }
    var map = new LinkedHashMap<String, Object>();
    map.put("name", metric.name());
    map.put("unit", metric.unit());
    map.put("points", points);
    map.put("low", metric.low());
    map.put("middle", metric.middle());
    map.put("high", metric.high());
    map.put("worse", metric.worse());
    return map;
  }
}
