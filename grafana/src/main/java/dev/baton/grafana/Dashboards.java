package dev.baton.grafana;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All dashboards, as the files Grafana reads. */
public final class Dashboards {
  private Dashboards() {}

  /** File name to content, with a line feed at the end. */
  public static Map<String, String> files() {
    Map<String, String> files = new TreeMap<>();
    for (Dashboard dashboard :
        List.of(
            OverviewDashboard.create(),
            StagesDashboard.create(),
            LoopsDashboard.create(),
            JvmDashboard.create(),
            LoadGeneratorDashboard.create())) {
      JsonObject json = dashboard.toJson();
      files.put(dashboard.uid() + ".json", json.encodePrettily() + "\n");
    }
    return files;
  }

  /**
   * Writes them.
   *
   * @param directory exists
   * @throws IOException if a file cannot be written
   */
  public static void write(Path directory) throws IOException {
    for (Map.Entry<String, String> file : files().entrySet()) {
      Files.writeString(directory.resolve(file.getKey()), file.getValue());
    }
  }
}
