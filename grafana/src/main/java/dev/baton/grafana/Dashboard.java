package dev.baton.grafana;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * One dashboard in Grafana's classic JSON: variables for data source, job and instance, rows of
 * panels laid out from left to right, links to the others.
 */
final class Dashboard {
  static final int SCHEMA_VERSION = 39;
  private static final int GRID_WIDTH = 24;

  private final String uid;
  private final String title;
  private final String description;
  private final JsonArray variables = new JsonArray();
  private final List<Row> rows = new ArrayList<>();

  private record Row(String title, List<Panel> panels) {}

  /**
   * @param uid its address, {@code /d/<uid>}, and the name of its file
   * @param metric one that every instance to choose from exports
   */
  Dashboard(String uid, String title, String metric, String description) {
    this.uid = uid;
    this.title = title;
    this.description = description;
    variables.add(
        new JsonObject()
            .put("name", "datasource")
            .put("label", "Data source")
            .put("type", "datasource")
            .put("query", "prometheus")
            .put("current", new JsonObject())
            .put("hide", 0)
            .put("refresh", 1)
            .put("regex", ""));
    variable("job", "Job", "label_values(" + metric + ", job)");
    variable("instance", "Instance", "label_values(" + metric + "{job=~\"$job\"}, instance)");
  }

  static JsonObject datasource() {
    return new JsonObject().put("type", "prometheus").put("uid", "${datasource}");
  }

  /** Adds a variable of several values, all at first. */
  Dashboard variable(String name, String label, String query) {
    variables.add(
        queryVariable(name, label, query)
            .put("multi", true)
            .put("includeAll", true)
            .put("allValue", ".+")
            .put(
                "current",
                new JsonObject()
                    .put("selected", true)
                    .put("text", new JsonArray().add("All"))
                    .put("value", new JsonArray().add("$__all"))));
    return this;
  }

  /** Adds a variable of one value. */
  Dashboard choice(String name, String label, String query) {
    variables.add(
        queryVariable(name, label, query)
            .put("multi", false)
            .put("includeAll", false)
            .put("current", new JsonObject()));
    return this;
  }

  private static JsonObject queryVariable(String name, String label, String query) {
    return new JsonObject()
        .put("name", name)
        .put("label", label)
        .put("type", "query")
        .put("datasource", datasource())
        .put("definition", query)
        .put(
            "query",
            new JsonObject().put("query", query).put("refId", "PrometheusVariableQueryEditor"))
        .put("hide", 0)
        .put("refresh", 2)
        .put("regex", "")
        .put("sort", 1);
  }

  /** Adds a row: a question, and the panels that answer it. */
  Dashboard row(String question, Panel... panels) {
    rows.add(new Row(question, List.of(panels)));
    return this;
  }

  String uid() {
    return uid;
  }

  JsonObject toJson() {
    return new JsonObject()
        .put("uid", uid)
        .put("title", title)
        .put("description", description)
        .put("tags", new JsonArray().add("baton"))
        .put("schemaVersion", SCHEMA_VERSION)
        .put("version", 1)
        .put("editable", false)
        .put("graphTooltip", 1)
        .put("refresh", "10s")
        .put("timezone", "browser")
        .put("time", new JsonObject().put("from", "now-1h").put("to", "now"))
        .put("links", new JsonArray().add(linkToTheOthers()))
        .put("annotations", new JsonObject().put("list", annotations()))
        .put("templating", new JsonObject().put("list", variables))
        .put("panels", layOut());
  }

  private static JsonObject linkToTheOthers() {
    return new JsonObject()
        .put("title", "Baton")
        .put("type", "dashboards")
        .put("tags", new JsonArray().add("baton"))
        .put("asDropdown", false)
        .put("icon", "external link")
        .put("includeVars", true)
        .put("keepTime", true)
        .put("targetBlank", false);
  }

  /** More than one a second, and three times as many as over as long as is shown. */
  private static final String BURSTS =
      """
      sum by (instance, cause) (rate(baton_loop_takeovers_total{@}[$__rate_interval])) > 1
        and sum by (instance, cause) (rate(baton_loop_takeovers_total{@}[$__rate_interval]))
          > 3 * sum by (instance, cause) (increase(baton_loop_takeovers_total{@}[$__range])) / $__range_s
      """;

  private static JsonArray annotations() {
    return new JsonArray()
        .add(
            annotation(
                "Alerts", "red", "ALERTS{job=~\"$job\",alertstate=\"firing\"}", "{{alertname}}"))
        .add(
            annotation(
                    "Deployments and restarts",
                    "blue",
                    Query.of("process_start_time_seconds{@} * 1000", "").expression(),
                    "{{instance}} started")
                // A point at each start, also of instances that are new.
                .put("useValueForTime", true))
        .add(
            annotation(
                "Bursts of takeovers",
                "orange",
                Query.of(BURSTS, "").expression(),
                "{{instance}}: {{cause}}"));
  }

  private static JsonObject annotation(
      String name, String colour, String expression, String titleFormat) {
    return new JsonObject()
        .put("name", name)
        .put("datasource", datasource())
        .put("enable", true)
        .put("hide", false)
        .put("iconColor", colour)
        .put("expr", expression)
        .put("titleFormat", titleFormat);
  }

  private JsonArray layOut() {
    JsonArray panels = new JsonArray();
    int y = 0;
    for (Row row : rows) {
      panels.add(
          new JsonObject()
              .put("id", panels.size() + 1)
              .put("type", "row")
              .put("title", row.title)
              .put("collapsed", false)
              .put(
                  "gridPos",
                  new JsonObject().put("h", 1).put("w", GRID_WIDTH).put("x", 0).put("y", y))
              .put("panels", new JsonArray()));
      y++;
      int x = 0;
      int heightOfLine = 0;
      for (Panel panel : row.panels) {
        if (x + panel.width() > GRID_WIDTH) {
          x = 0;
          y += heightOfLine;
          heightOfLine = 0;
        }
        panels.add(panel.toJson(panels.size() + 1, x, y));
        x += panel.width();
        heightOfLine = Math.max(heightOfLine, panel.height());
      }
      y += heightOfLine;
    }
    return panels;
  }
}
