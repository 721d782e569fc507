package dev.baton.grafana;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What to do about each alert, where panels can link to: the runbooks of the rules, which stay the
 * only source of them.
 */
final class RunbooksDashboard {
  static final String UID = "baton-runbooks";

  private static final int COLUMNS = 3;
  private static final int WIDTH = 24 / COLUMNS;
  private static final int HEIGHT = 9;

  private RunbooksDashboard() {}

  /**
   * Reads them.
   *
   * @param rules the folder of the rule files
   * @throws IOException if a file cannot be read
   */
  static Dashboard create(Path rules) throws IOException {
    Dashboard dashboard =
        new Dashboard(
                UID,
                "Baton / Runbooks",
                "baton_takeover_enabled",
                "What to do about each alert. Panels that show what an alert is about link here.")
            .row("Which alerts fire?", firing());
    try (Stream<Path> files = Files.list(rules)) {
      for (Path file : files.sorted().toList()) {
        for (Map<String, Object> group : maps(yaml(file), "groups")) {
          Panel[] texts = texts(maps(group, "rules"));
          if (texts.length > 0) {
            dashboard.row(String.valueOf(group.get("name")), texts);
          }
        }
      }
    }
    return dashboard;
  }

  private static Panel firing() {
    return Panel.states(
            "Alerts that fire",
            """
            Those of the chosen jobs, over the time range shown. Each is explained below, with what
            to do first.
            """)
        .query(
            "max by (alertname, instance) (ALERTS{job=~\"$job\",alertstate=\"firing\"})",
            "{{alertname}} {{instance}}")
        .state("1", "Fires", Panel.BAD)
        .noValue("none fires")
        .size(24, HEIGHT);
  }

  /** One for each alert; those that page and those that do not share it. */
  private static Panel[] texts(List<Map<String, Object>> rules) {
    Map<String, Panel> texts = new LinkedHashMap<>();
    for (Map<String, Object> rule : rules) {
      if (rule.get("alert") instanceof String name) {
        texts.putIfAbsent(name, Panel.text(name, text(rule)).size(WIDTH, HEIGHT));
      }
    }
    return texts.values().toArray(Panel[]::new);
  }

  private static String text(Map<String, Object> rule) {
    Map<String, Object> annotations = map(Objects.requireNonNull(rule.get("annotations")));
    return String.valueOf(annotations.get("description")).strip()
        + "\n\n"
        // Which instance it is only the alert knows.
        + String.valueOf(annotations.get("runbook")).replace("{{ $labels.instance }}", "INSTANCE");
  }

  private static Map<String, Object> yaml(Path file) throws IOException {
    return map(new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file)));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object yaml) {
    return (Map<String, Object>) yaml;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> maps(Map<String, Object> yaml, String name) {
    return (List<Map<String, Object>>) Objects.requireNonNull(yaml.get(name), name);
  }
}
