package dev.baton.loadgen.peers.report;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;

/** The summary as tables in Markdown: medians, and in brackets the spread over the JVMs. */
public final class MarkdownExporter {
  /** Below this share of answers a peer counts as collapsed. */
  private static final double COLLAPSED = 0.99;

  private MarkdownExporter() {}

  /** All tables. */
  public static String tables(JsonObject summary) {
    var text = new StringBuilder();
    text.append("Response time of `/fast` at 4,000/s, p99 in milliseconds:\n\n");
    latencies(text, summary, "p99");
    text.append("\nThe same, p99.9:\n\n");
    latencies(text, summary, "p999");
    text.append("\nClosed loop on `/fast`, 32 connections:\n\n");
    capacity(text, summary);
    return text.toString();
  }

  private static void latencies(StringBuilder text, JsonObject summary, String percentile) {
    text.append("| server |");
    for (Object scenario : summary.getJsonArray("scenarios")) {
      text.append(" ").append(((JsonObject) scenario).getString("title")).append(" |");
    }
    text.append("\n|---|").append("---|".repeat(Scenario.OPEN.size())).append("\n");
    for (var peer : peers(summary)) {
      text.append("| ").append(peer.getString("title")).append(" |");
      for (var scenario : Scenario.OPEN) {
        var run = peer.getJsonObject("scenarios").getJsonObject(scenario.id());
        text.append(" ").append(latency(run, percentile)).append(" |");
      }
      text.append("\n");
    }
  }

  private static String latency(JsonObject run, String percentile) {
    var answered = Spread.of(run.getJsonObject("answered"));
    var spread = Spread.of(run.getJsonObject(percentile));
    String bound = run.getJsonArray("bound").contains(percentile) ? "≥ " : "";
    String late = run.getJsonArray("late").contains(percentile) ? " †" : "";
    if (answered.median() < COLLAPSED) {
      return String.format(
          Locale.ROOT,
          "%s%s; %.1f %% answered",
          bound,
          millis(spread.median()),
          100 * answered.median());
    }
    return bound
        + millis(spread.median())
        + " ("
        + millis(spread.min())
        + " – "
        + millis(spread.max())
        + ")"
        + late;
  }

  private static void capacity(StringBuilder text, JsonObject summary) {
    text.append("| server | requests/s | CPU µs per request | context switches per request |");
    text.append(" CPU µs per request at 4,000/s | resident MiB |\n");
    text.append("|---|---|---|---|---|---|\n");
    for (var peer : peers(summary)) {
      var alone = peer.getJsonObject("scenarios").getJsonObject(Scenario.ALONE.id());
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.3f | %s | %.0f |%n",
              peer.getString("title"),
              spread(peer.getJsonObject("rate"), "%,.0f"),
              spread(peer.getJsonObject("cpu_us"), "%.1f"),
              Spread.of(peer.getJsonObject("switches")).median(),
              spread(alone.getJsonObject("cpu_us"), "%.0f"),
              Spread.of(peer.getJsonObject("rss_mib")).median()));
    }
  }

  private static String spread(JsonObject json, String format) {
    var spread = Spread.of(json);
    return String.format(Locale.ROOT, format, spread.median())
        + " ("
        + String.format(Locale.ROOT, format, spread.min())
        + " – "
        + String.format(Locale.ROOT, format, spread.max())
        + ")";
  }

  private static List<JsonObject> peers(JsonObject summary) {
    JsonArray peers = summary.getJsonArray("peers");
    return peers.stream().map(JsonObject.class::cast).toList();
  }

  private static String millis(double millis) {
    String format = millis >= 100 ? "%,.0f" : millis >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, millis);
  }
}
