package dev.baton.grafana;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A real Prometheus on the loopback, with this folder's configuration made fast. */
final class Prometheus implements AutoCloseable {
  /** How often it scrapes and evaluates, in place of 5 s and 15 s. */
  static final int INTERVAL_SECONDS = 1;

  /** In place of windows of minutes. */
  static final int WINDOW_SECONDS = 10;

  /** What Grafana makes of {@code $__rate_interval}: four scrapes. */
  static final String RATE_INTERVAL = 4 * INTERVAL_SECONDS + "s";

  private final HttpClient client = HttpClient.newHttpClient();
  private final Child process;
  private final String address;

  /** An answer's series: labels, then pairs of seconds and value. */
  record Series(JsonObject labels, JsonArray values) {
    double last() {
      return value(values.size() - 1);
    }

    double highest() {
      return IntStream.range(0, values.size()).mapToDouble(this::value).max().orElse(0);
    }

    private double value(int index) {
      return Double.parseDouble(values.getJsonArray(index).getString(1));
    }
  }

  private Prometheus(Child process, String address) {
    this.process = process;
    this.address = address;
  }

  /**
   * Starts one.
   *
   * @param directory empty; configuration and data go there
   * @param targets what to scrape: each address of the committed configuration, and the real one
   */
  static Prometheus start(Path directory, Map<String, String> targets) throws Exception {
    int port = freePort();
    Map<String, String> moved = new TreeMap<>(targets);
    moved.put("localhost:9091", "localhost:" + port);
    Files.createDirectories(directory.resolve("rules"));
    for (Path file : Sources.files(Sources.PROMETHEUS.resolve("rules"), ".yml")) {
      Files.writeString(directory.resolve("rules").resolve(file.getFileName()), hasten(file));
    }
    String configuration = Sources.read(Sources.PROMETHEUS.resolve("prometheus.yml"));
    for (Map.Entry<String, String> target : moved.entrySet()) {
      configuration = configuration.replace(target.getKey(), target.getValue());
    }
    configuration =
        configuration.replaceAll(
            "(scrape_interval|scrape_timeout|evaluation_interval): \\d+s", "$1: 1s");
    Files.writeString(directory.resolve("prometheus.yml"), configuration);
    Child process =
        Child.start(
            List.of(
                "prometheus",
                "--config.file=" + directory.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port,
                "--enable-feature=exemplar-storage",
                "--log.level=info"));
    process.awaitLine("Server is ready to receive web requests");
    return new Prometheus(process, "http://127.0.0.1:" + port);
  }

  /** The rules with windows and waits of seconds in place of minutes, and every second. */
  private static String hasten(Path file) {
    return Sources.read(file)
        .replaceAll("\\[(1|5|10|15)m\\]", "[" + WINDOW_SECONDS + "s]")
        .replaceAll("(_oldest_request_seconds\\)|_oldest_seconds\\)) > \\d+", "$1 > 3")
        .replaceAll("(jvm_gc_max_data_size_bytes\\)) > 0.9", "$1 > 0.6") // to 0.9 is near an Error
        .replaceAll("for: \\d+m", "for: 2s")
        .replaceAll("interval: 15s", "interval: 1s");
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }

  /** The series of a query over time, a point a second. */
  List<Series> range(String query, Instant from, Instant to) throws Exception {
    JsonObject data =
        get(
            "/api/v1/query_range",
            Map.of(
                "query",
                query,
                "start",
                String.valueOf(from.toEpochMilli() / 1e3),
                "end",
                String.valueOf(to.toEpochMilli() / 1e3),
                "step",
                INTERVAL_SECONDS + "s"));
    List<Series> series = new ArrayList<>();
    for (JsonObject result : Sources.objects(data.getJsonArray("result"))) {
      series.add(new Series(result.getJsonObject("metric"), result.getJsonArray("values")));
    }
    return series;
  }

  /** The series of a query at a moment. */
  List<Series> at(String query, Instant time) throws Exception {
    JsonObject data =
        get(
            "/api/v1/query",
            Map.of("query", query, "time", String.valueOf(time.toEpochMilli() / 1e3)));
    List<Series> series = new ArrayList<>();
    for (JsonObject result : Sources.objects(data.getJsonArray("result"))) {
      series.add(
          new Series(
              result.getJsonObject("metric"), new JsonArray().add(result.getJsonArray("value"))));
    }
    return series;
  }

  /** The value of a query that has one. */
  double value(String query, Instant time) throws Exception {
    List<Series> series = at(query, time);
    if (series.size() != 1) {
      throw new IllegalStateException(query + " has " + series.size() + " series, not one");
    }
    return series.getFirst().last();
  }

  /** The values of a label, over all series. */
  List<String> labelValues(String label) throws Exception {
    JsonObject answer = send("/api/v1/label/" + label + "/values", Map.of());
    return answer.getJsonArray("data").stream().map(String::valueOf).toList();
  }

  /** Alerts and recording rules, with {@code health} and {@code lastError}. */
  List<JsonObject> rules() throws Exception {
    List<JsonObject> rules = new ArrayList<>();
    for (JsonObject group :
        Sources.objects(get("/api/v1/rules", Map.of()).getJsonArray("groups"))) {
      rules.addAll(Sources.objects(group.getJsonArray("rules")));
    }
    return rules;
  }

  /** What it scrapes, with {@code health} and {@code lastError}. */
  List<JsonObject> targets() throws Exception {
    return Sources.objects(get("/api/v1/targets", Map.of()).getJsonArray("activeTargets"));
  }

  private JsonObject get(String path, Map<String, String> parameters) throws Exception {
    return send(path, parameters).getJsonObject("data");
  }

  private JsonObject send(String path, Map<String, String> parameters) throws Exception {
    StringBuilder uri = new StringBuilder(address + path + "?");
    parameters.forEach(
        (name, value) ->
            uri.append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8))
                .append('&'));
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(URI.create(uri.toString())).build(),
            HttpResponse.BodyHandlers.ofString());
    JsonObject answer = new JsonObject(response.body());
    if (response.statusCode() != 200) {
      throw new IllegalStateException(parameters + ": " + answer.getString("error"));
    }
    return answer;
  }

  @Override
  public void close() {
    process.close();
  }
}
