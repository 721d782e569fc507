package dev.baton.grafana;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The files of this folder, as the tests look at them. */
final class Sources {
  /** The working directory of the tests is the module's. */
  static final Path ROOT = Path.of("").toAbsolutePath();

  static final Path DASHBOARDS = ROOT.resolve("dashboards");
  static final Path PROMETHEUS = ROOT.resolve("prometheus");
  static final Path RULES = PROMETHEUS.resolve("rules");

  private Sources() {}

  /** One query of a panel or of an annotation, and where it stands. */
  record PanelQuery(String dashboard, String panel, String expression) {
    @Override
    public String toString() {
      return dashboard + " / " + panel + ": " + expression;
    }
  }

  /** One rule: {@code kind} is {@code alert} or {@code record}. */
  record Rule(String kind, String name, String expression, Map<String, Object> yaml) {
    @SuppressWarnings("unchecked")
    Map<String, String> annotations() {
      return (Map<String, String>) yaml.getOrDefault("annotations", Map.of());
    }
  }

  /** File name to dashboard. */
  static Map<String, JsonObject> dashboards() {
    Map<String, JsonObject> dashboards = new TreeMap<>();
    for (Path file : files(DASHBOARDS, ".json")) {
      dashboards.put(file.getFileName().toString(), new JsonObject(read(file)));
    }
    return dashboards;
  }

  /** The panels that show data, rows and words left out. */
  static List<JsonObject> panels(JsonObject dashboard) {
    return objects(dashboard.getJsonArray("panels")).stream()
        .filter(panel -> !List.of("row", "text").contains(panel.getString("type")))
        .toList();
  }

  /** The panels that show words. */
  static List<JsonObject> texts(JsonObject dashboard) {
    return objects(dashboard.getJsonArray("panels")).stream()
        .filter(panel -> panel.getString("type").equals("text"))
        .toList();
  }

  static List<JsonObject> objects(JsonArray array) {
    return array.stream().map(JsonObject.class::cast).toList();
  }

  static List<PanelQuery> queries(JsonObject dashboard) {
    String title = dashboard.getString("title");
    List<PanelQuery> queries = new ArrayList<>();
    for (JsonObject annotation :
        objects(dashboard.getJsonObject("annotations").getJsonArray("list"))) {
      queries.add(
          new PanelQuery(
              title, "annotation " + annotation.getString("name"), annotation.getString("expr")));
    }
    for (JsonObject panel : panels(dashboard)) {
      for (JsonObject target : objects(panel.getJsonArray("targets"))) {
        queries.add(new PanelQuery(title, panel.getString("title"), target.getString("expr")));
      }
    }
    return queries;
  }

  @SuppressWarnings("unchecked")
  static List<Rule> rules() {
    List<Rule> rules = new ArrayList<>();
    for (Path file : files(PROMETHEUS.resolve("rules"), ".yml")) {
      Map<String, Object> document = (Map<String, Object>) yaml(file);
      for (var group : (List<Map<String, Object>>) document.getOrDefault("groups", List.of())) {
        for (var rule : (List<Map<String, Object>>) group.getOrDefault("rules", List.of())) {
          String kind = rule.containsKey("alert") ? "alert" : "record";
          rules.add(
              new Rule(
                  kind, String.valueOf(rule.get(kind)), String.valueOf(rule.get("expr")), rule));
        }
      }
    }
    return rules;
  }

  static Object yaml(Path file) {
    return new Yaml(new SafeConstructor(new LoaderOptions())).load(read(file));
  }

  static List<Path> files(Path directory, String ending) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
