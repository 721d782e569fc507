package dev.baton.grafana;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One panel: what it asks, how it looks, and what to do about what it shows. Mutable, fluent; made
 * by one of the factories, placed by {@link Dashboard}.
 */
final class Panel {
  /** Grafana's names of colours, by what they mean here. */
  static final String GOOD = "green";

  static final String WARNING = "orange";
  static final String BAD = "red";

  private final String type;
  private final String title;
  private final String description;
  private final String unit;
  private final List<Query> queries = new ArrayList<>();
  private final JsonObject defaults = new JsonObject();
  private final JsonObject custom = new JsonObject();
  private final JsonObject options = new JsonObject();
  private final JsonArray overrides = new JsonArray();
  private final JsonArray transformations = new JsonArray();
  private final JsonArray links = new JsonArray();
  private int width;
  private int height;

  private Panel(String type, String title, String unit, int width, int height, String description) {
    this.type = type;
    this.title = title;
    this.unit = unit;
    this.width = width;
    this.height = height;
    this.description = description.strip().replaceAll("\\s+", " ");
  }

  /** One number, coloured by its thresholds, over a faint line of its history. */
  static Panel stat(String title, String unit, String description) {
    Panel panel = new Panel("stat", title, unit, 4, 4, description);
    panel
        .options
        .put("colorMode", "value")
        .put("graphMode", "area")
        .put("justifyMode", "auto")
        .put("orientation", "auto")
        .put("textMode", "auto")
        .put("wideLayout", true)
        .put("reduceOptions", reduce("lastNotNull"));
    panel.defaults.put("color", new JsonObject().put("mode", "thresholds"));
    return panel.thresholds(Map.of());
  }

  /** Lines over time. */
  static Panel lines(String title, String unit, String description) {
    Panel panel = new Panel("timeseries", title, unit, 12, 8, description);
    panel
        .custom
        .put("drawStyle", "line")
        .put("lineInterpolation", "linear")
        .put("lineWidth", 1)
        .put("fillOpacity", 0)
        .put("showPoints", "auto")
        .put("pointSize", 4)
        .put("spanNulls", false)
        .put("axisSoftMin", 0)
        .put("stacking", new JsonObject().put("mode", "none").put("group", "A"))
        .put("thresholdsStyle", new JsonObject().put("mode", "off"));
    panel.defaults.put("color", new JsonObject().put("mode", "palette-classic"));
    panel.options.put("tooltip", new JsonObject().put("mode", "multi").put("sort", "desc"));
    return panel.legend(true);
  }

  /** Areas stacked on one another: parts of a whole over time. */
  static Panel stacked(String title, String unit, String description) {
    Panel panel = lines(title, unit, description);
    panel
        .custom
        .put("fillOpacity", 50)
        .put("lineWidth", 0)
        .put("stacking", new JsonObject().put("mode", "normal").put("group", "A"));
    return panel;
  }

  /** A histogram over time: the buckets of a query with {@code sum by (le)}. */
  static Panel heatmap(String title, String description) {
    Panel panel = new Panel("heatmap", title, "s", 12, 8, description);
    panel
        .options
        .put("calculate", false)
        .put("cellGap", 0)
        .put("cellValues", new JsonObject().put("unit", "short").put("decimals", 0))
        .put(
            "color",
            new JsonObject()
                .put("mode", "scheme")
                .put("scheme", "Turbo")
                .put("scale", "exponential")
                .put("exponent", 0.4)
                .put("steps", 64)
                .put("reverse", false)
                .put("fill", "dark-orange"))
        .put("exemplars", new JsonObject().put("color", "rgba(255,0,255,0.7)"))
        // An empty bucket is background, not the colour of a small one.
        .put("filterValues", new JsonObject().put("le", 1e-9))
        .put("legend", new JsonObject().put("show", false))
        .put("rowsFrame", new JsonObject().put("layout", "auto"))
        .put(
            "tooltip",
            new JsonObject()
                .put("mode", "single")
                .put("yHistogram", true)
                .put("showColorScale", false))
        .put(
            "yAxis",
            new JsonObject().put("axisPlacement", "left").put("reverse", false).put("unit", "s"));
    panel.custom.put("scaleDistribution", new JsonObject().put("type", "linear"));
    return panel;
  }

  /** A state per row over time; use {@link #state} to name the values. */
  static Panel states(String title, String description) {
    Panel panel = new Panel("state-timeline", title, "short", 12, 8, description);
    panel.custom.put("lineWidth", 0).put("fillOpacity", 70);
    panel
        .options
        .put("mergeValues", true)
        .put("showValue", "never")
        .put("alignValue", "left")
        .put("rowHeight", 0.9)
        .put("tooltip", new JsonObject().put("mode", "single").put("sort", "none"))
        .put(
            "legend",
            new JsonObject()
                .put("showLegend", true)
                .put("displayMode", "list")
                .put("placement", "bottom"));
    panel.defaults.put("color", new JsonObject().put("mode", "thresholds"));
    return panel.thresholds(Map.of());
  }

  /** Words, in Markdown. */
  static Panel text(String title, String markdown) {
    Panel panel = new Panel("text", title, "", 8, 8, "");
    panel.options.put("mode", "markdown").put("content", markdown);
    return panel;
  }

  /**
   * Rows by label, one column a query, at the end of the time range.
   *
   * @param by the labels that make a row, the columns on the left
   * @param columns title to query, in order; every query keeps exactly the labels {@code by}
   */
  static Panel table(
      String title, List<String> by, Map<String, Query> columns, String description) {
    Panel panel = new Panel("table", title, "short", 24, 9, description);
    panel.options.put("showHeader", true).put("cellHeight", "sm");
    panel.custom.put("align", "auto").put("filterable", false);
    panel.defaults.put("noValue", "0");
    JsonObject exclude = new JsonObject().put("Time", true);
    JsonObject rename = new JsonObject();
    JsonObject order = new JsonObject();
    by.forEach(label -> order.put(label, order.size()));
    int n = 0;
    for (Map.Entry<String, Query> column : columns.entrySet()) {
      panel.queries.add(column.getValue().asTable());
      String value = "Value #" + refId(n++);
      rename.put(value, column.getKey());
      order.put(value, order.size());
    }
    panel.transformations.add(new JsonObject().put("id", "merge").put("options", new JsonObject()));
    panel.transformations.add(
        new JsonObject()
            .put("id", "organize")
            .put(
                "options",
                new JsonObject()
                    .put("excludeByName", exclude)
                    .put("indexByName", order)
                    .put("renameByName", rename)));
    return panel;
  }

  /**
   * Adds a query.
   *
   * @param expression in which {@code @} stands for the matchers of job and instance
   * @param legend how a series is named
   */
  Panel query(String expression, String legend) {
    Query query = Query.of(expression, legend);
    queries.add(type.equals("heatmap") ? query.asHeatmap() : query);
    return this;
  }

  /** Adds a query that is evaluated once, at the end of the time range. */
  Panel queryAtEnd(String expression, String legend) {
    queries.add(Query.of(expression, legend).atEnd());
    options.put("graphMode", "none");
    return this;
  }

  /** Shows single requests with their ids beside the last query. */
  Panel withExemplars() {
    queries.set(queries.size() - 1, queries.getLast().withExemplars());
    return this;
  }

  /** The size on Grafana's grid of 24 columns. */
  Panel size(int newWidth, int newHeight) {
    width = newWidth;
    height = newHeight;
    return this;
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** Good below the first threshold; colours from there on by value. */
  Panel thresholds(Map<Double, String> colours) {
    return thresholds(GOOD, colours);
  }

  /** {@code base} below the first threshold; colours from there on by value. */
  Panel thresholds(String base, Map<Double, String> colours) {
    JsonArray steps = new JsonArray().add(new JsonObject().put("color", base).putNull("value"));
    colours.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            step ->
                steps.add(
                    new JsonObject().put("color", step.getValue()).put("value", step.getKey())));
    defaults.put("thresholds", new JsonObject().put("mode", "absolute").put("steps", steps));
    if (type.equals("timeseries")) {
      custom.put("thresholdsStyle", new JsonObject().put("mode", "dashed"));
    }
    return this;
  }

  /** Warns from one value on, alarms from another. */
  Panel warnFrom(double warning, double bad) {
    return thresholds(Map.of(warning, WARNING, bad, BAD));
  }

  /** Alarms from a value on. */
  Panel badFrom(double bad) {
    return thresholds(Map.of(bad, BAD));
  }

  /** Alarms below one value, warns below another. */
  Panel badBelow(double bad, double warning) {
    return thresholds(BAD, Map.of(bad, WARNING, warning, GOOD));
  }

  /** Names a value, and colours it. */
  Panel state(String value, String text, String colour) {
    JsonArray mappings = defaults.getJsonArray("mappings", new JsonArray());
    JsonObject named = new JsonObject();
    named.put(
        value,
        new JsonObject().put("text", text).put("color", colour).put("index", mappings.size()));
    mappings.add(new JsonObject().put("type", "value").put("options", named));
    defaults.put("mappings", mappings);
    return this;
  }

  /** What stands where there is no data. */
  Panel noValue(String text) {
    defaults.put("noValue", text);
    return this;
  }

  /** The axis ends here. */
  Panel range(@Nullable Double min, @Nullable Double max) {
    if (min != null) {
      defaults.put("min", min);
    }
    if (max != null) {
      defaults.put("max", max);
    }
    return this;
  }

  /** A logarithmic axis, for latencies of several orders of magnitude. */
  Panel logarithmic() {
    custom.put("scaleDistribution", new JsonObject().put("type", "log").put("log", 10));
    custom.remove("axisSoftMin");
    return this;
  }

  /** Digits after the point. */
  Panel decimals(int decimals) {
    defaults.put("decimals", decimals);
    return this;
  }

  /** No legend: one series, named by the title. */
  Panel single() {
    return legend(false);
  }

  private Panel legend(boolean shown) {
    options.put(
        "legend",
        new JsonObject()
            .put("showLegend", shown)
            .put("displayMode", "list")
            .put("placement", "bottom")
            .put("calcs", new JsonArray()));
    return this;
  }

  /** Shows no history. */
  Panel plain() {
    options.put("graphMode", "none");
    return this;
  }

  /** Shows the name of the series in place of its value. */
  Panel showName() {
    options.put("textMode", "name").put("graphMode", "none");
    return this;
  }

  /** The same colour wherever this series appears. */
  Panel colour(String series, String colour) {
    return override(
        series, "color", new JsonObject().put("mode", "fixed").put("fixedColor", colour));
  }

  /** A dashed line: a limit or a wish, no reading. */
  Panel dashed(String series) {
    return override(
        series,
        "custom.lineStyle",
        new JsonObject().put("fill", "dash").put("dash", new JsonArray().add(6).add(4)));
  }

  /** The unit of one column of a table. */
  Panel columnUnit(String column, String unitOfColumn) {
    return override(column, "unit", unitOfColumn);
  }

  /** Colours the values of one column by thresholds. */
  Panel columnThresholds(String column, double warning, double bad) {
    JsonArray steps =
        new JsonArray()
            .add(new JsonObject().put("color", "text").putNull("value"))
            .add(new JsonObject().put("color", WARNING).put("value", warning))
            .add(new JsonObject().put("color", BAD).put("value", bad));
    override(column, "thresholds", new JsonObject().put("mode", "absolute").put("steps", steps));
    return override(column, "custom.cellOptions", new JsonObject().put("type", "color-text"));
  }

  /** Sorts a table, greatest first. */
  Panel sortBy(String column) {
    options.put(
        "sortBy",
        new JsonArray().add(new JsonObject().put("displayName", column).put("desc", true)));
    return this;
  }

  /** Makes the values of a column links. */
  Panel columnLink(String column, String linkTitle, String url) {
    return override(
        column,
        "links",
        new JsonArray().add(new JsonObject().put("title", linkTitle).put("url", url)));
  }

  /** Where to look next: a link in the panel's corner. */
  Panel next(String linkTitle, String uid) {
    links.add(
        new JsonObject()
            .put("title", linkTitle)
            .put(
                "url",
                "/d/" + uid + "?${__url_time_range}&${job:queryparam}&${instance:queryparam}"));
    return this;
  }

  /** What to do when this looks bad: links to the runbooks of alerts. */
  Panel runbooks(String... alerts) {
    for (String alert : alerts) {
      links.add(
          new JsonObject()
              .put("title", "What to do: " + alert)
              .put(
                  "url",
                  "/d/"
                      + RunbooksDashboard.UID
                      + "?${__url_time_range}&${job:queryparam}&${instance:queryparam}&viewPanel="
                      + alert));
    }
    return this;
  }

  private Panel override(String name, String property, Object value) {
    for (Object existing : overrides) {
      JsonObject override = (JsonObject) existing;
      if (override.getJsonObject("matcher").getString("options").equals(name)) {
        override.getJsonArray("properties").add(property(property, value));
        return this;
      }
    }
    overrides.add(
        new JsonObject()
            .put("matcher", new JsonObject().put("id", "byName").put("options", name))
            .put("properties", new JsonArray().add(property(property, value))));
    return this;
  }

  private static JsonObject property(String id, Object value) {
    return new JsonObject().put("id", id).put("value", value);
  }

  private static JsonObject reduce(String calculation) {
    return new JsonObject()
        .put("calcs", new JsonArray().add(calculation))
        .put("fields", "")
        .put("values", false);
  }

  private static String refId(int index) {
    return String.valueOf((char) ('A' + index));
  }

  JsonObject toJson(int id, int x, int y) {
    JsonObject grid = new JsonObject().put("h", height).put("w", width).put("x", x).put("y", y);
    if (type.equals("text")) {
      return new JsonObject()
          .put("id", id)
          .put("type", type)
          .put("title", title)
          .put("gridPos", grid)
          .put("options", options);
    }
    JsonArray targets = new JsonArray();
    for (Query query : queries) {
      targets.add(query.toJson(refId(targets.size())));
    }
    defaults.put("unit", unit);
    if (!custom.isEmpty()) {
      defaults.put("custom", custom);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("type", type);
    json.put("title", title);
    json.put("description", description);
    json.put("datasource", Dashboard.datasource());
    json.put("gridPos", grid);
    json.put("fieldConfig", new JsonObject().put("defaults", defaults).put("overrides", overrides));
    json.put("options", options);
    json.put("targets", targets);
    if (!transformations.isEmpty()) {
      json.put("transformations", transformations);
    }
    if (!links.isEmpty()) {
      json.put("links", links);
    }
    return new JsonObject(json);
  }
}
