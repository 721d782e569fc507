package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vertx.core.json.JsonArray;
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
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fourteen things that go wrong, one after the other, each beside requests that are served, and
 * what an operator is told of each within ten seconds: by the page (what it is fed with: LivePageIT
 * holds that it shows that), the first {@code curl}, the log, the alerts and a panel. Then it ends,
 * and so must its alerts. Takes minutes and writes a table, {@code target/scenarios.md}, so it runs
 * only when asked:
 *
 * <pre>
 * mvn verify -pl grafana -am -Dtest=ScenariosIT -Dsurefire.failIfNoSpecifiedTests=false -Dscenarios
 * </pre>
 *
 * {@code -Dscenarios=GC,drain} runs these only.
 */
final class ScenariosIT {
  private static final int LOOK_MILLIS = 8000;
  private static final int EVERY_MILLIS = 100;
  private static final int PATIENCE_SECONDS = 60;
  private static final int WARM_UP_REQUESTS = 300;
  private static final String FAST = "/fast";

  /** What serves. */
  private enum Server {
    PER_REQUEST("per-request perf 8 1024"),
    SERIAL("serial perf 8 1024"),
    PINNED("pinned perf 8 1024"),
    FEW_STANDBYS("per-request perf 4 1024"),
    FEW_HELD("per-request perf 4 2"),
    WITHOUT_PERF("per-request perf 8 1024"),
    /** What is started from the command line. */
    SERVE("");

    private final String arguments;

    Server(String arguments) {
      this.arguments = arguments;
    }
  }

  /**
   * One thing that goes wrong.
   *
   * @param once paths, each asked once in this order
   * @param often what is asked ten times a second, before and after
   * @param expected what page and first look must say, a regular expression
   * @param logged what a line of the log must say
   * @param alerts that fire and end; empty if none is meant to within ten seconds
   * @param panel where a dashboard shows it: the dashboard and the panel
   */
  private record Scenario(
      String name,
      Server server,
      List<String> once,
      String often,
      String expected,
      String logged,
      List<String> alerts,
      String panel) {}

  private static final String AWAY = "loops / Handlers away, by route";

  private static final List<Scenario> SCENARIOS =
      List.of(
          away("sleep", "/sleep/1", "GET /sleep/:ms blocks: 1 handler .*; asleep in "),
          away("lock", "/lock/1", "GET /lock/:id blocks: .*waiting for a lock .*held by main"),
          away("native", "/native/1", "GET /native/:ms blocks: .*asleep in native code"),
          away("file", "/file/x", "GET /file/:name blocks: .*in a file"),
          away("CPU", "/cpu/1", "GET /cpu/:n computes for long: .*computing in Scenario"),
          new Scenario(
              "GC",
              Server.PER_REQUEST,
              List.of("/garbage/1"),
              FAST,
              "The collector stops everything for .* and leaves the heap [67]\\d % full",
              "GET /garbage/:n.*has been away.*while the collector stops everything",
              List.of("BatonGarbageCollectionPauses", "BatonHeapNearItsEnd"),
              "jvm / Time in garbage collection pauses"),
          new Scenario(
              "perf refused",
              Server.WITHOUT_PERF,
              List.of(),
              FAST,
              "Blocks are seen late.*perf_event_open",
              "perf_event_open",
              List.of("BatonNotifierDegraded"),
              "loops / Notifier"),
          new Scenario(
              "cap reached",
              Server.FEW_STANDBYS,
              many("/sleep/1", 5),
              FAST,
              "No worker is left: loop 0 holds \\d+ callbacks back .*GET /sleep/:ms holds 4 of",
              "No standby is left.*GET /sleep/:ms holds",
              List.of("BatonStandbysExhausted"),
              "loops / Loops holding back"),
          new Scenario(
              "overload",
              Server.FEW_HELD,
              List.of(),
              "/sleep/1",
              "requests a second are refused, .*GET /sleep/:ms.*with no worker left",
              "Requests are refused: .*with no worker left",
              List.of("BatonRefuses", "BatonStandbysExhausted"),
              "overview / Requests refused"),
          new Scenario(
              "stuck stage",
              Server.PER_REQUEST,
              List.of(),
              "/stage?name=x",
              "Stage orders/price is stuck: 4 of 4 inside",
              "Requests are refused: .*with the queue full at orders/price",
              List.of("BatonStageStuck"),
              "stages / How full the queues are"),
          new Scenario(
              "stuck serial verticle",
              Server.SERIAL,
              List.of("/sleep/1"),
              FAST,
              "GET /sleep/:ms holds its context up: \\d+ callbacks wait behind it",
              "GET /sleep/:ms.*callbacks of its context wait behind it",
              List.of("BatonContextHeldUp"),
              "loops / Callbacks behind handlers that are away"),
          new Scenario(
              "pinned loop",
              Server.PINNED,
              List.of("/sleep/1"),
              FAST,
              "Pinned loop \\d stands still .*asleep in .*request r-1.*GET /sleep/:ms",
              "Pinned loop \\d has stood still.*request r-1.*GET /sleep/:ms",
              List.of("BatonLoopStandsStill"),
              "loops / Loops that stand still"),
          new Scenario(
              "worker death",
              Server.PER_REQUEST,
              List.of("/kill"),
              FAST,
              "A worker died .* loop 0 went on with another",
              "died and is replaced",
              List.of("BatonWorkerDied"),
              "loops / Takeovers by cause"),
          new Scenario(
              "drain",
              Server.SERVE,
              List.of("/block/14000"),
              FAST,
              "The server drains: 1 request under way.*GET /block/:ms",
              "Draining for at most 30 s: 1 request under way.*GET /block/:ms",
              List.of(),
              "overview / Oldest request under way"));

  private static Scenario away(String name, String path, String expected) {
    String logged = expected.substring(expected.lastIndexOf('*') + 1).replace("; ", "");
    return new Scenario(
        name,
        Server.PER_REQUEST,
        List.of(path),
        FAST,
        expected,
        "has been away for .*" + logged,
        List.of("BatonHandlersStuck", "BatonRequestsHang"),
        AWAY);
  }

  private static List<String> many(String path, int count) {
    return new ArrayList<>(java.util.Collections.nCopies(count, path));
  }

  /** Refuses one system call to what follows, as a container's profile does. */
  private static final List<String> REFUSING_PERF =
      List.of(
          "/usr/bin/python3",
          "-c",
          """
          import os, seccomp, sys
          rules = seccomp.SyscallFilter(seccomp.ALLOW)
          rules.add_rule(seccomp.ERRNO(1), "perf_event_open")
          rules.load()
          os.execv(sys.argv[1], sys.argv[1:])
          """);

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final StringBuilder table =
      new StringBuilder(
          """
          # What an operator is told within ten seconds

          By `ScenariosIT` (see [grafana](../grafana/README.md)): real servers with one loop, and a
          real Prometheus that scrapes and evaluates each second, with windows of seconds in place
          of the alerts' minutes. Before and meanwhile ten requests a second come, `GET /fast` but
          for overload (`/sleep/:ms`) and the stuck stage (`/stage`). The first `curl` is the first
          look that anybody takes, after eight seconds; the alerts are those that have fired.

          """);
  private final List<String> faults = new ArrayList<>();

  @Test
  void shouldTellWithinTenSecondsWhatGoesWrong(@TempDir Path directory) throws Exception {
    assumeTrue(System.getProperty("scenarios") != null, "asked for with -Dscenarios");
    assumeTrue(RulesTest.installed("prometheus"), "prometheus is not installed");
    assumeTrue(
        new ProcessBuilder("/usr/bin/python3", "-c", "import seccomp").start().waitFor() == 0,
        "no python3-seccomp");
    row(
        "what",
        "the first `curl /baton/api`; `/health/ready`",
        "the page",
        "the log",
        "alerts",
        "a panel",
        "all told after");
    table.append("|---|---|---|---|---|---|---|\n");
    List<String> only = List.of(System.getProperty("scenarios").split(","));
    Path told = Files.createDirectories(Sources.ROOT.resolve("target")).resolve("scenarios.md");
    for (Scenario scenario : SCENARIOS) {
      if (only.getFirst().isEmpty() || only.contains("true") || only.contains(scenario.name)) {
        run(scenario, Files.createDirectory(directory.resolve(scenario.name)));
        Files.writeString(told, table);
        System.out.println(scenario.name + " is over, faults so far: " + faults);
      }
    }
    System.out.println(table);
    assertThat(faults).isEmpty();
  }

  private void run(Scenario scenario, Path directory) throws Exception {
    int management = freePort();
    try (Child child = start(scenario.server, management)) {
      int port = Integer.parseInt(child.awaitLine("serves (?:http://[^:]+:)?(\\d+)").group(1));
      if (scenario.server != Server.PINNED) {
        for (int i = 0; i < WARM_UP_REQUESTS; i++) {
          ask(port, FAST).join();
        }
      }
      try (Prometheus prometheus =
          Prometheus.start(directory, Map.of("localhost:9090", "localhost:" + management))) {
        try (Load _ = new Load(port, scenario.often)) {
          scraped(prometheus);
          goWrong(scenario, port, management, child, prometheus);
        }
        if (scenario.server != Server.WITHOUT_PERF) { // which nothing ends
          ended(scenario, prometheus);
        }
      }
    }
  }

  private static Child start(Server server, int management) throws Exception {
    if (server == Server.SERVE) {
      return Child.java(
          "dev.baton.server.main.Main",
          List.of(
              "serve",
              "--port=0",
              "--loops=1",
              "--context=per-request",
              "--drain-seconds=30",
              "--drain-delay=1",
              "--management-port=" + management));
    }
    List<String> arguments = new ArrayList<>(List.of(Integer.toString(management)));
    arguments.addAll(List.of(server.arguments.split(" ", -1)));
    return Child.java(
        server == Server.WITHOUT_PERF ? REFUSING_PERF : List.of(),
        "dev.baton.grafana.ScenarioService",
        arguments);
  }

  /** Waits until Prometheus has seen the server as it was before: a rate needs that. */
  private static void scraped(Prometheus prometheus) throws Exception {
    while (prometheus.at("count_over_time(up{job=\"baton\"}[9s]) > 3", Instant.now()).isEmpty()) {
      Thread.sleep(100);
    }
  }

  private void goWrong(
      Scenario scenario, int port, int management, Child child, Prometheus prometheus)
      throws Exception {
    Instant from = Instant.now();
    long began = System.nanoTime();
    for (String path : scenario.once) {
      CompletableFuture<?> _ = ask(port, path);
      Thread.sleep(20);
    }
    if (scenario.server == Server.SERVE) {
      Thread.sleep(1000);
      child.terminate();
    }
    Thread.sleep(Math.max(0, LOOK_MILLIS - (System.nanoTime() - began) / 1_000_000));
    String base = "http://127.0.0.1:" + management;
    String curl = told(new JsonObject(curl(base + "/baton/api")).getJsonObject("status"));
    String ready = ready(new JsonObject(curl(base + "/health/ready")));
    String page = page(management);
    String log = child.logged(Pattern.compile(scenario.logged));
    String alerts = alerts(prometheus, Instant.now());
    String panel = panel(prometheus, scenario.panel, from);
    double seconds = (System.nanoTime() - began) / 1e9;
    check(scenario, "curl", curl, scenario.expected);
    check(scenario, "page", page, scenario.expected);
    check(scenario, "log", log, scenario.logged);
    scenario.alerts.forEach(alert -> check(scenario, "alerts", alerts, alert));
    check(scenario, "panel", panel, ": .");
    row(
        "**" + scenario.name + "**",
        curl + " " + ready,
        page.replaceAll("\\d", "").equals(curl.replaceAll("\\d", "")) ? "the same" : page,
        log,
        alerts,
        panel,
        String.format(Locale.ROOT, "%.1f s", seconds));
  }

  private void row(String... cells) {
    for (String cell : cells) {
      table.append("| ").append(cell.replace("|", "/").replace('\n', ' ')).append(' ');
    }
    table.append("|\n");
  }

  /** What has gone wrong ends by itself, and the alerts with it. */
  private void ended(Scenario scenario, Prometheus prometheus) throws Exception {
    Instant deadline = Instant.now().plusSeconds(PATIENCE_SECONDS);
    for (String alert : scenario.alerts) {
      String firing = "ALERTS{alertname=\"" + alert + "\",alertstate=\"firing\"}";
      while (!prometheus.at(firing, Instant.now()).isEmpty()) {
        if (Instant.now().isAfter(deadline)) {
          faults.add(scenario.name + ": " + alert + " does not end");
          return;
        }
        Thread.sleep(300);
      }
    }
  }

  private void check(Scenario scenario, String where, String text, String expected) {
    if (!Pattern.compile(expected, Pattern.DOTALL).matcher(text).find()) {
      faults.add(scenario.name + ", " + where + ": no '" + expected + "' in: " + text);
    }
  }

  /** Asks again and again, each time on a connection that is free. */
  private final class Load implements AutoCloseable {
    private final Thread thread;

    Load(int port, String path) {
      thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (true) {
                        CompletableFuture<?> _ = ask(port, path);
                        TimeUnit.MILLISECONDS.sleep(EVERY_MILLIS);
                      }
                    } catch (InterruptedException ended) {
                      Thread.currentThread().interrupt();
                    }
                  });
    }

    @Override
    public void close() throws InterruptedException {
      thread.interrupt();
      thread.join();
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

  private static String told(JsonObject status) {
    List<String> texts = new ArrayList<>();
    Sources.objects(status.getJsonArray("findings")).stream()
        .limit(4)
        .forEach(finding -> texts.add(finding.getString("text")));
    for (JsonObject missing : Sources.objects(status.getJsonArray("missing"))) {
      texts.add(
          "%s. %s %s"
              .formatted(
                  missing.getString("what"),
                  missing.getString("effect"),
                  missing.getString("remedy")));
    }
    if (texts.isEmpty()) {
      texts.add(status.getString("headline"));
    }
    return status.getString("level") + ": " + String.join(" · ", texts);
  }

  private static String ready(JsonObject health) {
    List<String> reasons = new ArrayList<>();
    Sources.objects(health.getJsonArray("reasons", new JsonArray()))
        .forEach(reason -> reasons.add(reason.getString("reason")));
    return "— " + health.getString("status") + (reasons.isEmpty() ? "" : " " + reasons);
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

  /** Those that have fired, with what they are about. */
  private static String alerts(Prometheus prometheus, Instant now) throws Exception {
    TreeSet<String> fired = new TreeSet<>();
    String query = "last_over_time(ALERTS{alertstate=\"firing\"}[" + LOOK_MILLIS / 1000 + "s])";
    for (Prometheus.Series series : prometheus.at(query, now)) {
      JsonObject labels = series.labels();
      String name = labels.getString("alertname") + " (" + labels.getString("severity") + ")";
      String about = about(labels, List.of("alertname", "alertstate", "severity"));
      fired.add(about.isEmpty() ? name : name + " " + about);
    }
    return String.join(", ", fired);
  }

  private static String about(JsonObject labels, List<String> without) {
    return String.join(
        " ",
        labels.stream()
            .filter(l -> !List.of("__name__", "job", "instance").contains(l.getKey()))
            .filter(l -> !without.contains(l.getKey()))
            .map(l -> String.valueOf(l.getValue()))
            .toList());
  }

  /** The highest that a panel shows, zeros left out. */
  private static String panel(Prometheus prometheus, String name, Instant from) throws Exception {
    String[] parts = name.split(" / ", -1);
    JsonObject dashboard =
        Objects.requireNonNull(Sources.dashboards().get("baton-" + parts[0] + ".json"));
    JsonObject panel =
        Sources.panels(dashboard).stream()
            .filter(p -> p.getString("title").equals(parts[1]))
            .findFirst()
            .orElseThrow();
    String unit =
        panel.getJsonObject("fieldConfig").getJsonObject("defaults").getString("unit", "");
    List<String> shown = new ArrayList<>();
    for (JsonObject target : Sources.objects(panel.getJsonArray("targets"))) {
      String query =
          target
              .getString("expr")
              .replace("$__rate_interval", Prometheus.RATE_INTERVAL)
              .replace("$__range", Prometheus.WINDOW_SECONDS + "s")
              .replaceAll("\"\\$[a-z]+\"", "\".+\"");
      for (Prometheus.Series series : prometheus.range(query, from, Instant.now())) {
        String value = value(series.highest(), unit);
        if (!value.startsWith("0.0") && !value.equals("0")) {
          shown.add((about(series.labels(), List.of()) + " " + value).strip());
        }
      }
    }
    return dashboard.getString("title") + " / " + parts[1] + ": " + String.join(", ", shown);
  }

  private static String value(double value, String unit) {
    return switch (unit) {
      case "percentunit" -> Math.round(100 * value) + " %";
      case "s" -> String.format(Locale.ROOT, "%.1f s", value);
      default ->
          value == Math.rint(value) ? "" + (long) value : String.format(Locale.ROOT, "%.1f", value);
    };
  }

  private static int freePort() throws Exception {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }
}
