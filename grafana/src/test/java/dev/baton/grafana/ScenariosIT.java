package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vertx.core.json.JsonObject;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fourteen things that go wrong, one after the other, and what an operator is told of each within
 * ten seconds: by the page (what it is fed with: LivePageIT holds that it shows that), the first
 * {@code curl}, the log, the alerts and a panel. Takes minutes and writes a table, {@code
 * target/scenarios.md}, so it runs only when asked:
 *
 * <pre>
 * mvn verify -pl grafana -am -Dtest=ScenariosIT -Dsurefire.failIfNoSpecifiedTests=false -Dscenarios
 * </pre>
 */
final class ScenariosIT {
  private static final int SECONDS = 10;
  private static final String AWAY =
      "sum by (method, route) (baton_handlers_away{job=\"baton\"}) > 0";

  /**
   * One thing that goes wrong.
   *
   * @param mode context mode of the service
   * @param asks paths, each asked once in this order
   * @param expected what status and log must say, regular expressions; none of it is optional
   * @param alert that fires, empty if none is meant to within ten seconds
   * @param panel and its query: what a dashboard shows
   */
  private record Scenario(
      String name,
      String mode,
      String notifier,
      int standbys,
      List<String> asks,
      String expected,
      String logged,
      String alert,
      String panel,
      String query) {}

  private static List<String> many(String path, int count) {
    List<String> asks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      asks.add(path);
    }
    return asks;
  }

  private static final String REQUEST = "per-request";
  private static final String BY_ROUTE = "Loops / Handlers away, by route";

  private static final List<Scenario> SCENARIOS =
      List.of(
          scenario("sleep", "/sleep/1", "GET /sleep/:ms blocks.*asleep", "asleep in Scenario"),
          scenario("lock", "/lock/1", "waiting for a lock .*held by main", "held by main"),
          scenario("native", "/native/1", "asleep in native code", "asleep in native code"),
          scenario("file", "/file/x", "GET /file/:name blocks.*in a file", "in a file"),
          scenario("CPU", "/cpu/1", "GET /cpu/:n computes for long", "computing in Scenario"),
          new Scenario(
              "GC",
              REQUEST,
              "perf",
              8,
              List.of("/garbage/1"),
              "collector stops everything",
              "GET /garbage/:n.*has been away",
              "BatonGarbageCollectionPauses",
              "JVM / Collector",
              "sum by (instance) (rate(jvm_gc_pause_seconds_sum{job=\"baton\"}[10s])) > 0"),
          new Scenario(
              "perf refused",
              REQUEST,
              "proc",
              8,
              List.of("/fast"),
              "Blocks are seen late",
              "block notification: /proc sampling",
              "BatonNotifierDegraded",
              "Loops / Notifier",
              "max by (notifier, reason) (baton_notifier_info{job=\"baton\"})"),
          new Scenario(
              "cap reached",
              REQUEST,
              "perf",
              4,
              many("/sleep/1", 5),
              "No worker is left",
              "No standby is left",
              "BatonStandbysExhausted",
              "Loops / Loops holding back",
              "sum by (instance) (baton_loop_holding{job=\"baton\"}) > 0"),
          new Scenario(
              "overload",
              REQUEST,
              "perf",
              4,
              many("/sleep/1", 40),
              "requests a second are refused, .*GET /sleep/:ms.*with no worker left",
              "Requests are refused",
              "BatonRefuses",
              "Overview / Requests refused",
              "sum by (reason) (rate(baton_shed_requests_total{job=\"baton\"}[10s])) > 0"),
          new Scenario(
              "stuck stage",
              REQUEST,
              "perf",
              8,
              many("/stage?name=x", 10),
              "Stage orders/price is stuck: 4 of 4 inside",
              "with the queue full at orders/price",
              "BatonStageStuck",
              "Stages / How full the queues are",
              "baton_stage_inside{job=\"baton\"} / baton_stage_queue_capacity"),
          new Scenario(
              "stuck serial verticle",
              "serial",
              "perf",
              8,
              concat("/sleep/1", many("/fast", 30)),
              "GET /sleep/:ms holds its context up",
              "callbacks of its context wait behind it",
              "BatonContextHeldUp",
              "Loops / Oldest handler away, by route",
              "sum by (method, route) (baton_handler_holds_callbacks{job=\"baton\"}) > 0"),
          new Scenario(
              "pinned loop",
              "pinned",
              "perf",
              8,
              List.of("/sleep/1"),
              "Pinned loop \\d stands still.*GET /sleep/:ms",
              "Pinned loop \\d has stood still.*request r-1.*GET /sleep/:ms",
              "BatonLoopStandsStill",
              "Loops / Loops that stand still",
              "baton_loop_still_seconds{job=\"baton\"} > 0"),
          new Scenario(
              "worker death",
              REQUEST,
              "perf",
              8,
              List.of("/fast", "/kill"),
              "",
              "died and is replaced",
              "BatonWorkerDied",
              "Loops / Takeovers by cause",
              "sum by (cause) (baton_loop_takeovers_total{cause=\"worker_died\"}) > 0"),
          new Scenario(
              "drain",
              REQUEST,
              "perf",
              8,
              List.of("/sleep/1"),
              "GET /sleep/:ms blocks",
              "",
              "",
              BY_ROUTE,
              AWAY));

  private static Scenario scenario(String name, String path, String expected, String logged) {
    return new Scenario(
        name,
        REQUEST,
        "perf",
        8,
        List.of(path),
        expected,
        logged,
        "BatonHandlersStuck",
        BY_ROUTE,
        AWAY);
  }

  private static List<String> concat(String first, List<String> rest) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(rest);
    return all;
  }

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final StringBuilder table =
      new StringBuilder(
          "| what | page | first curl | log | alert | dashboard |\n|---|---|---|---|---|---|\n");
  private final List<String> faults = new ArrayList<>();

  @Test
  void shouldTellWithinTenSecondsWhatGoesWrong(@TempDir Path directory) throws Exception {
    assumeTrue(System.getProperty("scenarios") != null, "asked for with -Dscenarios");
    assumeTrue(RulesTest.installed("prometheus"), "prometheus is not installed");
    int management = freePort();
    try (Prometheus prometheus =
        Prometheus.start(
            Files.createDirectory(directory.resolve("prometheus")),
            Map.of("localhost:9090", "localhost:" + management))) {
      for (Scenario scenario : SCENARIOS) {
        run(scenario, management, prometheus);
      }
    } finally {
      Path target = Files.createDirectories(Sources.ROOT.resolve("target"));
      Files.writeString(target.resolve("scenarios.md"), table);
      System.out.println(table);
    }
    assertThat(faults).isEmpty();
  }

  private void run(Scenario scenario, int management, Prometheus prometheus) throws Exception {
    Instant from = Instant.now();
    try (Child child =
        Child.java(
            "dev.baton.grafana.ScenarioService",
            List.of(
                Integer.toString(management),
                scenario.mode,
                scenario.notifier,
                Integer.toString(scenario.standbys)))) {
      int port = Integer.parseInt(child.awaitLine("serves (\\d+), ").group(1));
      if (!scenario.mode.equals("pinned")) {
        ask(port, "/fast").join();
      }
      scraped(prometheus);
      for (String path : scenario.asks) {
        CompletableFuture<?> _ = ask(port, path);
        Thread.sleep(20);
      }
      Thread.sleep(SECONDS * 1000L - 2000);
      String curl = curl(management);
      String page = page(management);
      if (scenario.name.equals("drain")) {
        child.terminate();
        Thread.sleep(1500);
        page = curl("http://127.0.0.1:" + management + "/health/ready");
      }
      Thread.sleep(2000);
      String log = child.seen("WARNING: |SEVERE: ", scenario.logged);
      String alerts = alerts(prometheus);
      String panel = panel(prometheus, scenario, from);
      check(scenario, "page", page, scenario.name.equals("drain") ? "draining" : scenario.expected);
      check(scenario, "curl", curl, scenario.expected);
      check(scenario, "log", log, scenario.logged);
      check(scenario, "alert", alerts, scenario.alert);
      check(scenario, "panel", panel, ".");
      for (String cell : List.of("**" + scenario.name + "**", page, curl, log, alerts, panel)) {
        table.append("| ").append(cell.replace("|", "/").replace('\n', ' ')).append(' ');
      }
      table.append("|\n");
    }
    until(prometheus, "the alerts end", scenario);
  }

  /** Waits until Prometheus has seen the server as it was before: a rate needs that. */
  private static void scraped(Prometheus prometheus) throws Exception {
    Instant started = Instant.now();
    while (prometheus
        .at("timestamp(baton_takeover_enabled) > " + started.getEpochSecond(), Instant.now())
        .isEmpty()) {
      Thread.sleep(100);
    }
  }

  /** What fired with the server ends without it. */
  private void until(Prometheus prometheus, String what, Scenario scenario) throws Exception {
    String firing = "count(ALERTS{alertname=\"" + scenario.alert + "\",alertstate=\"firing\"})";
    Instant deadline = Instant.now().plusSeconds(30);
    while (!prometheus.at(firing, Instant.now()).isEmpty()) {
      if (Instant.now().isAfter(deadline)) {
        faults.add(scenario.name + ": in vain waited until " + what);
        return;
      }
      Thread.sleep(300);
    }
  }

  private void check(Scenario scenario, String where, String text, String expected) {
    if (!Pattern.compile(expected, Pattern.DOTALL).matcher(text).find()) {
      faults.add(scenario.name + ", " + where + ": no '" + expected + "' in: " + text);
    }
  }

  private CompletableFuture<HttpResponse<String>> ask(int port, String path) {
    return client.sendAsync(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("x-request-id", "r-1")
            .build(),
        BodyHandlers.ofString());
  }

  private String curl(String url) throws Exception {
    return client
        .send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
        .body();
  }

  private String curl(int management) throws Exception {
    return told(
        new JsonObject(curl("http://127.0.0.1:" + management + "/baton/api"))
            .getJsonObject("status"));
  }

  private static String told(JsonObject status) {
    List<String> texts = new ArrayList<>();
    texts.add(status.getString("level") + ": " + status.getString("headline"));
    Sources.objects(status.getJsonArray("findings")).stream()
        .skip(1)
        .limit(3)
        .forEach(finding -> texts.add(finding.getString("text")));
    Sources.objects(status.getJsonArray("missing"))
        .forEach(missing -> texts.add(missing.getString("what")));
    return String.join(" · ", texts);
  }

  /** The status that the page shows: from the first event that tells it. */
  private String page(int management) throws Exception {
    HttpRequest events =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + management + "/baton/events"))
            .build();
    try (var lines = client.send(events, BodyHandlers.ofLines()).body()) {
      return lines
          .filter(line -> line.startsWith("data: ") && line.contains("\"status\""))
          .map(line -> told(new JsonObject(line.substring(6)).getJsonObject("status")))
          .findFirst()
          .orElseThrow();
    }
  }

  private static String alerts(Prometheus prometheus) throws Exception {
    List<String> names = new ArrayList<>();
    for (Prometheus.Series series :
        prometheus.at("ALERTS{alertstate=\"firing\",alertname!=\"BatonDown\"}", Instant.now())) {
      names.add(
          series.labels().getString("alertname")
              + " ("
              + series.labels().getString("severity")
              + ")");
    }
    return String.join(", ", names);
  }

  private static String panel(Prometheus prometheus, Scenario scenario, Instant from)
      throws Exception {
    List<String> shown = new ArrayList<>();
    for (Prometheus.Series series : prometheus.range(scenario.query, from, Instant.now())) {
      JsonObject labels = series.labels().copy();
      labels.remove("job");
      labels.remove("instance");
      labels.remove("__name__");
      shown.add(
          String.join(" ", labels.stream().map(l -> String.valueOf(l.getValue())).toList())
              + " "
              + series.last());
    }
    return shown.isEmpty() ? "" : scenario.panel + ": " + String.join(", ", shown);
  }

  private static int freePort() throws Exception {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }
}
