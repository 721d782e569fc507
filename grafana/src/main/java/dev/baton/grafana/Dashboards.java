package dev.baton.grafana;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** All dashboards, as the files Grafana reads. */
public final class Dashboards {
  private static final Pattern VIEW = Pattern.compile("viewPanel=([A-Z]\\w+)");

  private Dashboards() {}

  /**
   * File name to content, with a line feed at the end.
   *
   * @param rules the folder of the rule files, whose runbooks panels link to
   * @throws IOException if these cannot be read
   */
  public static Map<String, String> files(Path rules) throws IOException {
    JsonObject runbooks = RunbooksDashboard.create(rules).toJson();
    Map<String, Integer> ids = ids(runbooks);
    Map<String, String> files = new TreeMap<>();
    for (Dashboard dashboard :
        List.of(
            OverviewDashboard.create(),
            StagesDashboard.create(),
            LoopsDashboard.create(),
            JvmDashboard.create(),
            LoadGeneratorDashboard.create())) {
      files.put(
          dashboard.uid() + ".json",
          // Grafana shows a single panel by its number.
          VIEW.matcher(dashboard.toJson().encodePrettily())
                  .replaceAll(view -> "viewPanel=" + id(ids, view.group(1)))
              + "\n");
    }
    files.put(RunbooksDashboard.UID + ".json", runbooks.encodePrettily() + "\n");
    return files;
  }

  private static Map<String, Integer> ids(JsonObject dashboard) {
    Map<String, Integer> ids = new HashMap<>();
    JsonArray panels = dashboard.getJsonArray("panels");
    for (int i = 0; i < panels.size(); i++) {
      JsonObject panel = panels.getJsonObject(i);
      ids.put(panel.getString("title"), panel.getInteger("id"));
    }
    return ids;
  }

  private static int id(Map<String, Integer> ids, String alert) {
    return Objects.requireNonNull(ids.get(alert), alert);
  }

  /**
   * Writes them.
   *
   * @param rules the folder of the rule files
   * @param directory exists
   * @throws IOException if a file cannot be read or written
   */
  public static void write(Path rules, Path directory) throws IOException {
    for (Map.Entry<String, String> file : files(rules).entrySet()) {
      Files.writeString(directory.resolve(file.getKey()), file.getValue());
    }
  }
}
