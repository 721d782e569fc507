package dev.baton.loadgen.peers.report;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

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
    text.append("\n≥: the server's core was not used up; what the generator could ask for.\n");
    text.append("\nHow it was measured:\n\n");
    conduct(text, summary);
    discarded(text, summary);
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
    text.append("| server | requests/s | core used | CPU µs per request |");
    text.append(" context switches per request | CPU µs per request at 4,000/s | resident MiB |\n");
    text.append("|---|---|---|---|---|---|---|\n");
    for (var peer : peers(summary)) {
      var alone = peer.getJsonObject("scenarios").getJsonObject(Scenario.ALONE.id());
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s%s | %.2f | %s | %.3f | %s | %.0f |%n",
              peer.getString("title"),
              peer.getBoolean("limited") ? "" : "≥ ",
              spread(peer.getJsonObject("rate"), "%,.0f"),
              Spread.of(peer.getJsonObject("server_cpu_share")).median(),
              spread(peer.getJsonObject("cpu_us"), "%.1f"),
              Spread.of(peer.getJsonObject("switches")).median(),
              spread(alone.getJsonObject("cpu_us"), "%.0f"),
              Spread.of(peer.getJsonObject("rss_mib")).median()));
    }
  }

  private static void conduct(StringBuilder text, JsonObject summary) {
    text.append("| server | JVMs | of these disturbed | rounds of warm-up |");
    text.append(" CPU per request of `/fast` alone, again ÷ before |\n");
    text.append("|---|---|---|---|---|\n");
    for (var peer : peers(summary)) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %d | %d | %s | %s |%n",
              peer.getString("title"),
              peer.getInteger("forks"),
              peer.getLong("disturbed"),
              spread(peer.getJsonObject("warmups"), "%.0f"),
              spread(peer.getJsonObject("drift"), "%.2f")));
    }
  }

  private static void discarded(StringBuilder text, JsonObject summary) {
    var discarded = summary.getJsonArray("discarded");
    if (discarded.isEmpty()) {
      text.append("\nNo cell was measured again.\n");
      return;
    }
    text.append("\nMeasured again, and in none of the numbers above:\n\n");
    text.append("| server | JVM, try | why | requests/s |");
    Scenario.OPEN.forEach(scenario -> text.append(" p99 ").append(scenario.id()).append(" |"));
    text.append("\n|---|---|---|---|").append("---|".repeat(Scenario.OPEN.size())).append("\n");
    for (Object entry : discarded) {
      var cell = (JsonObject) entry;
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %d, %d | %s | %,.0f |",
              cell.getString("peer"),
              cell.getInteger("fork"),
              cell.getInteger("try"),
              cell.getJsonArray("why").stream()
                  .map(Object::toString)
                  .collect(Collectors.joining("; ")),
              cell.getDouble("rate")));
      for (var scenario : Scenario.OPEN) {
        double p99 = cell.getJsonObject("p99").getDouble(scenario.id());
        text.append(" ").append(millis(p99)).append(" |");
      }
      text.append("\n");
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
