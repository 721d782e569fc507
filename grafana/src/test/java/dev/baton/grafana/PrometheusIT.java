package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.baton.grafana.PromQl.Selector;
import dev.baton.grafana.Prometheus.Series;
import dev.baton.grafana.Sources.PanelQuery;
import dev.baton.grafana.Sources.Rule;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Prometheus scrapes the demo service, whose handlers block, under two load generators:
 * every panel has data, every rule is evaluated, the numbers agree with the load generator's own,
 * and an alert fires and ends.
 */
@TestMethodOrder(OrderAnnotation.class)
final class PrometheusIT {
  private static final int LOAD_SECONDS = 24;
  private static final int WARM_UP_SECONDS = 2;
  private static final int ALERT_SECONDS = 30;
  private static final String ALERT = "BatonHandlersBlock";

  /**
   * Panels, and with a colon queries' legends, that may show nothing here, and why. Everything else
   * must have data.
   */
  private static final Map<String, String> MAY_BE_EMPTY = Map.of();

  /** Metrics that may be missing here, and why. */
  private static final Map<String, String> MAY_BE_MISSING = Map.of();

  // In the order of their start; closed in the reverse
  private static final Deque<AutoCloseable> STARTED = new ArrayDeque<>();

  private static @Nullable Prometheus prometheus;
  private static Instant started = Instant.EPOCH;
  private static Instant ended = Instant.EPOCH;
  private static JsonObject report = new JsonObject();

  @BeforeAll
  static void runLoad(@TempDir Path directory) throws Exception {
    assumeTrue(
        RulesTest.installed("prometheus"), "prometheus is not installed; Debian has a package");
    Child server =
        started(
            Child.java(
                "dev.baton.server.main.Main",
                List.of("serve", "--port", "0", "--management-port", "0", "--loops", "1")));
    Matcher ports =
        server.awaitLine("http://127.0.0.1:(\\d+)/.*management http://127.0.0.1:(\\d+)/");
    String service = "http://127.0.0.1:" + ports.group(1);
    Path json = directory.resolve("report.json");
    Child loadA =
        load(
            List.of(
                service + "/fast=200/s",
                service + "/block/20=10/s",
                service + "/cpu/4000=4/s",
                service + "/fail=2/s",
                "POST " + service + "/orders=20/s"),
            List.of("--json", json.toString()));
    Child loadB = load(List.of(service + "/native/20=10/s"), List.of());
    String portA = loadA.awaitLine("metrics at http://127.0.0.1:(\\d+)/").group(1);
    String portB = loadB.awaitLine("metrics at http://127.0.0.1:(\\d+)/").group(1);
    started = Instant.now();
    prometheus =
        started(
            Prometheus.start(
                Files.createDirectory(directory.resolve("prometheus")),
                Map.of(
                    "localhost:9090",
                    "localhost:" + ports.group(2),
                    "localhost:9100",
                    "localhost:" + portA,
                    "localhost:9101",
                    "localhost:" + portB)));
    assertThat(loadA.awaitExit(LOAD_SECONDS + WARM_UP_SECONDS + 30)).isIn(0, 2);
    assertThat(loadB.awaitExit(30)).isIn(0, 2);
    ended = Instant.now();
    report = new JsonObject(Sources.read(json));
  }

  private static Child load(List<String> mix, List<String> more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("run"));
    for (String request : mix) {
      arguments.add("--mix");
      arguments.add(request);
    }
    arguments.addAll(
        List.of(
            "--arrivals",
            "uniform",
            "--connections",
            "8",
            "--duration",
            LOAD_SECONDS + "s",
            "--warmup",
            WARM_UP_SECONDS + "s",
            "--no-rehearsal",
            "--quiet",
            "--metrics-port",
            "0"));
    arguments.addAll(more);
    return started(Child.java("dev.baton.loadgen.cli.LoadGeneratorCommand", arguments));
  }

  private static <T extends AutoCloseable> T started(T process) {
    STARTED.push(process);
    return process;
  }

  @AfterAll
  static void stop() throws Exception {
    while (!STARTED.isEmpty()) {
      STARTED.pop().close();
    }
  }

  @Test
  @Order(1)
  void shouldExportEveryMetricThatIsAskedFor() throws Exception {
    Set<String> present = new HashSet<>(prometheus().labelValues("__name__"));
    List<String> expressions = new ArrayList<>();
    Sources.rules().forEach(rule -> expressions.add(rule.expression()));
    Sources.dashboards()
        .values()
        .forEach(d -> Sources.queries(d).forEach(q -> expressions.add(q.expression())));

    Set<String> missing = new HashSet<>();
    for (String expression : expressions) {
      for (Selector selector : PromQl.selectors(expression)) {
        if (!present.contains(selector.metric())) {
          missing.add(selector.metric());
        }
      }
    }

    assertThat(missing).isSubsetOf(MAY_BE_MISSING.keySet());
  }

  @TestFactory
  @Order(2)
  Stream<DynamicTest> shouldHaveDataInEveryPanel() {
    return Sources.dashboards().values().stream()
        .flatMap(dashboard -> Sources.queries(dashboard).stream())
        .map(query -> dynamicTest(query.toString(), () -> dataOf(query)));
  }

  private static void dataOf(PanelQuery query) throws Exception {
    List<Series> series = prometheus().range(substitute(query.expression()), started, ended);

    if (!MAY_BE_EMPTY.containsKey(query.panel())) {
      assertThat(series).as(query.toString()).isNotEmpty();
    }
  }

  /** What Grafana does to a query, with every variable at All. */
  private static String substitute(String expression) throws Exception {
    List<String> generators = new ArrayList<>();
    for (Series series : prometheus().at("baton_loadgen_scheduled_total", between())) {
      generators.add(series.labels().getString("instance"));
    }
    return expression
        .replace("$__rate_interval", Prometheus.RATE_INTERVAL)
        .replace("$__range", Duration.between(started, ended).toSeconds() + "s")
        .replace("\"$a\"", '"' + generators.get(0) + '"')
        .replace("\"$b\"", '"' + generators.get(1) + '"')
        .replaceAll("\"\\$[a-z]+\"", "\".+\"");
  }

  @TestFactory
  @Order(2)
  Stream<DynamicTest> shouldOfferValuesForEveryVariable() {
    Pattern labelValues = Pattern.compile("label_values\\((.*), (\\w+)\\)");
    return Sources.dashboards().values().stream()
        .flatMap(d -> Sources.objects(d.getJsonObject("templating").getJsonArray("list")).stream())
        .filter(variable -> variable.getString("type").equals("query"))
        .map(variable -> variable.getString("definition"))
        .distinct()
        .map(
            definition ->
                dynamicTest(
                    definition,
                    () -> {
                      Matcher parts = labelValues.matcher(definition);
                      assertThat(parts.matches()).isTrue();
                      String query = substitute(parts.group(1));

                      List<Series> series = prometheus().at(query, between());

                      assertThat(series)
                          .isNotEmpty()
                          .allMatch(s -> s.labels().containsKey(parts.group(2)));
                    }));
  }

  @Test
  @Order(3)
  void shouldScrapeEveryTarget() throws Exception {
    // The load generators have ended by now; what they were is in the data.
    for (String job : List.of("baton", "loadgen", "prometheus")) {
      assertThat(prometheus().value("min(max_over_time(up{job=\"" + job + "\"}[1m]))", ended))
          .as(job)
          .isEqualTo(1);
    }
  }

  @Test
  @Order(3)
  void shouldEvaluateEveryRuleWithoutError() throws Exception {
    List<JsonObject> rules = prometheus().rules();

    assertThat(rules).hasSameSizeAs(Sources.rules());
    for (JsonObject rule : rules) {
      assertThat(rule.getString("health"))
          .as(rule.getString("name") + ": " + rule.getString("lastError"))
          .isEqualTo("ok");
    }
    for (Rule rule : Sources.rules()) {
      if (rule.kind().equals("record")) {
        assertThat(prometheus().at(rule.name(), between())).as(rule.name()).isNotEmpty();
      }
    }
  }

  @Test
  @Order(4)
  void shouldCountWhatTheLoadGeneratorCounted() throws Exception {
    // Whole seconds within the steady part of the load.
    Instant end = ended.minusSeconds(5);
    for (JsonObject target : Sources.objects(report.getJsonArray("targets"))) {
      String route = routeOf(target.getString("name"));
      double delivered = target.getJsonObject("rate").getDouble("delivered");

      double seen =
          prometheus()
              .value(
                  "sum(rate(vertx_http_server_requests_total{route=\"" + route + "\"}[12s]))", end);

      System.out.printf("%-16s load generator %.2f/s, Prometheus %.2f/s%n", route, delivered, seen);
      assertThat(seen).as(route).isCloseTo(delivered, within(0.02 * delivered));
    }
  }

  @Test
  @Order(4)
  void shouldMeasureWhatTheLoadGeneratorMeasured() throws Exception {
    for (JsonObject target : Sources.objects(report.getJsonArray("targets"))) {
      String route = routeOf(target.getString("name"));
      double asked = target.getJsonObject("service_ms").getDouble("p99") / 1e3;

      double seen =
          prometheus()
              .value(
                  """
                  histogram_quantile(0.99, sum by (le) (increase(
                    vertx_http_server_response_time_seconds_bucket{route="%s"}[%ds])))
                  """
                      .formatted(route, LOAD_SECONDS - 2),
                  ended.minusSeconds(2));

      System.out.printf(
          "%-16s p99: load generator %.3f ms, Prometheus %.3f ms%n",
          route, asked * 1e3, seen * 1e3);
      assertThat(bucket(seen)).as(route).isCloseTo(bucket(asked), within(1));
    }
  }

  private static String routeOf(String target) {
    String path = target.replaceAll("^.*http://[^/]+", "");
    return path.replaceAll("/\\d+$", "/:parameter");
  }

  private static int bucket(double seconds) {
    return (int) Math.ceil(Math.log(seconds / 50e-6) / Math.log(2));
  }

  @Test
  @Order(5)
  void shouldFireAnAlertWhileHandlersBlockAndEndItAfter() throws Exception {
    String firing = "count(ALERTS{alertname=\"" + ALERT + "\",alertstate=\"firing\"}) or vector(0)";
    List<Series> history = prometheus().range(firing, started, ended);
    assertThat(history.getFirst().values().encode()).as("fired under load").contains("\"1\"");

    Instant deadline = ended.plusSeconds(ALERT_SECONDS);
    while (prometheus().value(firing, Instant.now()) != 0 && Instant.now().isBefore(deadline)) {
      Thread.sleep(500);
    }

    assertThat(prometheus().value(firing, Instant.now())).as("ended without load").isZero();
    System.out.printf(
        "%s ended %d s after the load%n",
        ALERT, Duration.between(ended, Instant.now()).toSeconds());
  }

  private static Instant between() {
    return ended.minusSeconds(4);
  }

  private static Prometheus prometheus() {
    return Objects.requireNonNull(prometheus);
  }
}
