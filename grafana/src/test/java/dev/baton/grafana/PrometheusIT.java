package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.baton.grafana.PromQl.Selector;
import dev.baton.grafana.Prometheus.Series;
import dev.baton.grafana.Sources.PanelQuery;
import dev.baton.grafana.Sources.Rule;
import io.vertx.core.json.JsonArray;
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
  private static final int WARM_UP_SECONDS = 6;
  private static final int ALERT_SECONDS = 30;
  private static final double BUSY_MACHINE_SECONDS = 0.01;
  private static final String ALERT = "BatonHandlersBlock";

  /** Of those that take 600 ms one is always under way, so that a scrape sees it. */
  private static final String MIX =
      """
      requests:
        - {url: "http://SERVICE/fast", rate: 200}
        - {url: "http://SERVICE/block/20", rate: 10}
        - {url: "http://SERVICE/native/20", rate: 5}
        - {url: "http://SERVICE/cpu/4000", rate: 4}
        - {url: "http://SERVICE/fail", rate: 2}
        - {url: "http://SERVICE/timer/600", rate: 2}
        - url: "http://SERVICE/orders"
          rate: 20
          body: '{"customer":"c","items":[{"sku":"s","quantity":1,"unitPriceCents":100}]}'
      """;

  /**
   * What may show nothing here, by the start of dashboard and panel, and why. Everything else must
   * have data.
   */
  private static final Map<String, String> MAY_BE_EMPTY =
      Map.of(
          "Baton / Stages / How full the queues are", "the demo's stages have no bound",
          "annotation Bursts of takeovers", "the load is even");

  /** Metrics that may be missing here, by the start of their names, and why. */
  private static final Map<String, String> MAY_BE_MISSING =
      Map.of(
          "baton_stage_queue_capacity", "the demo's stages have no bound",
          "baton_stage_inside", "as above");

  // In the order of their start; closed in the reverse
  private static final Deque<AutoCloseable> STARTED = new ArrayDeque<>();

  private static @Nullable Prometheus prometheus;
  private static Instant started = Instant.EPOCH;
  private static Instant loadEnded = Instant.EPOCH;
  private static Instant ended = Instant.EPOCH;
  private static JsonObject report = new JsonObject();

  @BeforeAll
  static void runLoad(@TempDir Path directory) throws Exception {
    assumeTrue(
        RulesTest.installed("prometheus"), "prometheus is not installed; Debian has a package");
    Matcher service = serve("--loops", "1");
    Matcher stock = serve("--loops", "1", "--stock");
    Path json = directory.resolve("report.json");
    Path mix =
        Files.writeString(
            directory.resolve("mix.yml"), MIX.replace("SERVICE", "127.0.0.1:" + service.group(1)));
    Child loadA = load("--config", mix.toString(), "--json", json.toString());
    Child loadB = load("--mix", "http://127.0.0.1:" + stock.group(1) + "/fast=50/s");
    String portA = loadA.awaitLine("metrics at http://127.0.0.1:(\\d+)/").group(1);
    String portB = loadB.awaitLine("metrics at http://127.0.0.1:(\\d+)/").group(1);
    started = Instant.now();
    prometheus =
        started(
            Prometheus.start(
                Files.createDirectory(directory.resolve("prometheus")),
                Map.of(
                    "localhost:9090",
                    "localhost:" + service.group(2),
                    "localhost:9092",
                    "localhost:" + stock.group(2),
                    "localhost:9100",
                    "localhost:" + portA,
                    "localhost:9101",
                    "localhost:" + portB)));
    assertThat(loadA.awaitExit(LOAD_SECONDS + WARM_UP_SECONDS + 30)).isIn(0, 2);
    assertThat(loadB.awaitExit(30)).isIn(0, 2);
    Thread.sleep(2_000); // so that the last requests are scraped
    ended = Instant.now();
    loadEnded = lastRequests();
    report = new JsonObject(Sources.read(json));
  }

  /** A moment before requests were last counted: afterwards the generators write their reports. */
  private static Instant lastRequests() throws Exception {
    String counting = "count(changes(baton_loadgen_scheduled_total[2s]) > 0)";
    List<Series> history = prometheus().range(counting, started, ended);
    JsonArray values = history.getFirst().values();
    double seconds = values.getJsonArray(values.size() - 1).getDouble(0);
    return Instant.ofEpochMilli((long) (seconds * 1e3)).minusSeconds(3);
  }

  /** Starts the demo service; its ports are the groups. */
  private static Matcher serve(String... options) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("serve", "--port", "0", "--management-port", "0"));
    arguments.addAll(List.of(options));
    return started(Child.java("dev.baton.server.main.Main", arguments))
        .awaitLine("http://127.0.0.1:(\\d+)/.*management http://127.0.0.1:(\\d+)/");
  }

  private static Child load(String... options) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "run",
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
    arguments.addAll(List.of(options));
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

    assertThat(missing).allMatch(metric -> allowed(MAY_BE_MISSING, metric));
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

    if (!allowed(MAY_BE_EMPTY, query.toString()) && !allowed(MAY_BE_EMPTY, query.panel())) {
      assertThat(series).as(query.toString()).isNotEmpty();
    }
  }

  private static boolean allowed(Map<String, String> exceptions, String name) {
    return exceptions.keySet().stream().anyMatch(name::startsWith);
  }

  /** What Grafana does to a query, with every variable at All. */
  private static String substitute(String expression) throws Exception {
    List<String> generators = new ArrayList<>();
    for (Series series :
        prometheus().at("last_over_time(baton_loadgen_scheduled_total[1m])", ended)) {
      generators.add(series.labels().getString("instance"));
    }
    return expression
        .replace("$__rate_interval", Prometheus.RATE_INTERVAL)
        .replace("$__range_s", String.valueOf(Duration.between(started, ended).toSeconds()))
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
        .filter(definition -> !allowed(MAY_BE_MISSING, metricOf(definition)))
        .map(
            definition ->
                dynamicTest(
                    definition,
                    () -> {
                      Matcher parts = labelValues.matcher(definition);
                      assertThat(parts.matches()).isTrue();
                      String query = "last_over_time(" + substitute(parts.group(1)) + "[1m])";

                      List<Series> series = prometheus().at(query, ended);

                      assertThat(series)
                          .isNotEmpty()
                          .allMatch(s -> s.labels().containsKey(parts.group(2)));
                    }));
  }

  private static String metricOf(String definition) {
    return PromQl.selectors(definition).getFirst().metric();
  }

  @Test
  @Order(3)
  void shouldScrapeEveryTarget() throws Exception {
    // The load generators have ended by now; what they were is in the data.
    for (String job : List.of("baton", "stock", "loadgen", "prometheus")) {
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
        assertThat(prometheus().at(rule.name(), loadEnded)).as(rule.name()).isNotEmpty();
      }
    }
  }

  @Test
  @Order(4)
  void shouldCountWhatTheLoadGeneratorCounted() throws Exception {
    JsonObject requests = report.getJsonObject("requests");
    JsonObject warmUp = report.getJsonObject("warmup").getJsonObject("requests");
    long answered =
        Stream.of(requests, warmUp)
            .mapToLong(counts -> counts.getLong("ok") + counts.getLong("http_error"))
            .sum();

    // Both started from nothing, so the counter itself is the number.
    double counted =
        prometheus().value("sum(vertx_http_server_requests_total{job=\"baton\"})", ended);

    System.out.printf("answered: load generator %d, Prometheus %.0f%n", answered, counted);
    assertThat((long) counted).isEqualTo(answered);
  }

  @Test
  @Order(4)
  void shouldSeeTheRateThatTheLoadGeneratorsDeliver() throws Exception {
    String rate = "sum(rate(%s[" + (LOAD_SECONDS - 8) + "s]))";

    double delivered =
        prometheus()
            .value(
                rate.formatted("baton_loadgen_requests_total{outcome=~\"ok|http_error\"}"),
                loadEnded);
    double seen = prometheus().value(rate.formatted("vertx_http_server_requests_total"), loadEnded);

    System.out.printf("rate: load generators %.2f/s, servers %.2f/s%n", delivered, seen);
    // A generator that calls itself too late has sent in bursts: no two seconds are alike then.
    double tolerance = report.getBoolean("valid") ? 0.02 : 0.1;
    assertThat(seen).isCloseTo(delivered, within(tolerance * delivered));
  }

  @Test
  @Order(4)
  void shouldMeasureWhatTheLoadGeneratorMeasured() throws Exception {
    for (JsonObject target : Sources.objects(report.getJsonArray("targets"))) {
      if (target.getJsonObject("service_ms").getLong("count") == 0) {
        continue; // all were errors, which the generator keeps out of its percentiles
      }
      String route = routeOf(target.getString("name"));
      double reported = target.getJsonObject("service_ms").getDouble("p99") / 1e3;

      double seen =
          prometheus()
              .value(
                  """
                  histogram_quantile(0.99, sum by (le) (increase(
                    vertx_http_server_response_time_seconds_bucket{job="baton",route=~"%s"}[%ds])))
                  """
                      .formatted(route, LOAD_SECONDS - 2),
                  loadEnded);

      System.out.printf(
          "%-12s p99: load generator %.2f ms, Prometheus %.2f ms%n",
          route, reported * 1e3, seen * 1e3);
      // The client sees two wake-ups more than the server, milliseconds each on a busy machine.
      assertThat(bucket(seen)).as(route).isLessThanOrEqualTo(bucket(reported) + 1);
      if (seen > BUSY_MACHINE_SECONDS && report.getBoolean("valid")) {
        assertThat(bucket(seen)).as(route).isGreaterThanOrEqualTo(bucket(reported) - 1);
      }
    }
  }

  /** The route of a request of the mix, as a regular expression. */
  private static String routeOf(String target) {
    return target.replaceAll("^.*http://[^/]+", "").replaceAll("/\\d+$", "/:.*");
  }

  private static int bucket(double seconds) {
    return (int) Math.ceil(Math.log(Math.max(seconds, 50e-6) / 50e-6) / Math.log(2));
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

  private static Prometheus prometheus() {
    return Objects.requireNonNull(prometheus);
  }
}
