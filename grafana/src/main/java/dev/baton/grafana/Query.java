package dev.baton.grafana;

import io.vertx.core.json.JsonObject;

/**
 * One PromQL query of a panel.
 *
 * @param expression as Grafana sends it, with its variables
 * @param legend how a series is named, with labels in double braces; empty in a table or heatmap
 * @param format {@code time_series}, {@code table} or {@code heatmap}
 * @param instant whether only the end of the time range is asked for
 * @param exemplar whether single requests are shown with their ids, where they are kept
 */
record Query(String expression, String legend, String format, boolean instant, boolean exemplar) {
  private static final String MATCHERS = "job=~\"$job\",instance=~\"$instance\"";

  /**
   * @param expression in which {@code @} stands for the matchers of job and instance
   */
  static Query of(String expression, String legend) {
    return new Query(
        expression.strip().replace("@", MATCHERS), legend, "time_series", false, false);
  }

  /** The same, with exemplars. */
  Query withExemplars() {
    return new Query(expression, legend, format, instant, true);
  }

  /** The same, as rows of a table, at the end of the time range. */
  Query asTable() {
    return new Query(expression, legend, "table", true, false);
  }

  /** The same, as buckets of a heatmap. */
  Query asHeatmap() {
    return new Query(expression, legend, "heatmap", false, exemplar);
  }

  /** The same, at the end of the time range. */
  Query atEnd() {
    return new Query(expression, legend, format, true, false);
  }

  JsonObject toJson(String refId) {
    JsonObject json =
        new JsonObject()
            .put("refId", refId)
            .put("datasource", Dashboard.datasource())
            .put("editorMode", "code")
            .put("expr", expression)
            .put("format", format)
            .put("exemplar", exemplar)
            .put("instant", instant)
            .put("range", !instant);
    return legend.isEmpty() ? json : json.put("legendFormat", legend);
  }
}
