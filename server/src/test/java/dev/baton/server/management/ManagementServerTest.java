package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class ManagementServerTest {
  @Test
  void shouldListWhatThereIs() throws Exception {
    try (Watched watched = Watched.start()) {
      HttpResponse<String> unknown = watched.get("/baton/api/loop");

      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(new JsonObject(unknown.body()).getJsonArray("paths"))
          .isEqualTo(watched.json("/").getJsonArray("paths"))
          .contains("/baton", "/baton/api/loops", "/health/live");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "DELETE", "PUT"})
  void shouldOnlyBeRead(String method) throws Exception {
    try (Watched watched = Watched.start()) {
      HttpResponse<String> response =
          Watched.CLIENT.send(
              HttpRequest.newBuilder(watched.management("/baton/api"))
                  .method(method, HttpRequest.BodyPublishers.noBody())
                  .build(),
              BodyHandlers.ofString());

      assertThat(response.statusCode()).isEqualTo(405);
      assertThat(response.headers().firstValue("allow")).hasValue("GET, HEAD");
    }
  }

  @Test
  void shouldTellTheStateOfEachPart() throws Exception {
    try (Watched watched = Watched.start().assumeTakeover()) {
      JsonObject overview = watched.json("/baton/api");
      JsonObject loop = first(watched, "loops");
      JsonObject pool = first(watched, "pools");
      JsonObject worker = first(watched, "workers");

      assertThat(overview.fieldNames())
          .contains(
              "status", "takeover", "notifier", "notifierReason", "cpus", "pinning", "takeovers");
      assertThat(overview.getJsonObject("status").fieldNames())
          .containsExactlyInAnyOrder("level", "headline", "detail", "findings", "missing");
      assertThat(loop.fieldNames())
          .contains("loop", "cpu", "owner", "state", "runs", "queuedContinuations", "holding");
      assertThat(pool.fieldNames()).contains("cpu", "idle", "total", "max", "exhausted");
      assertThat(worker.fieldNames()).contains("worker", "thread", "cpu", "state", "runs");
    }
  }

  @Test
  void shouldTellWhatABlockedWorkerRunsAndWhereItSleeps() throws Exception {
    try (Watched watched = Watched.start().assumeTakeover()) {
      var _ = watched.ask("/block/1").get(20, TimeUnit.SECONDS); // what is cold is taken as a hog
      CompletableFuture<HttpResponse<String>> blocked = watched.ask("/block/2000");
      Watched.until(
          "a request is taken over",
          () ->
              watched.scheduler.enclave().recentTakeovers().stream()
                  .anyMatch(takeover -> String.valueOf(takeover.work()).contains("/block/2000")));

      JsonObject takeover = ofARequest(watched.json("/baton/api/takeovers"));
      JsonObject away =
          watched.json("/baton/api/workers").getJsonArray("workers").stream()
              .map(JsonObject.class::cast)
              .filter(worker -> worker.getString("state").equals("away"))
              .findFirst()
              .orElseThrow();

      assertThat(takeover.getString("cause")).isEqualTo("blocked");
      assertThat(takeover.getJsonObject("ran"))
          .isEqualTo(
              new JsonObject()
                  .put("method", "GET")
                  .put("path", "/block/2000")
                  .put("route", takeover.getJsonObject("ran").getString("route"))
                  .put("requestId", "r-1")
                  .put("behind", takeover.getJsonObject("ran").getInteger("behind")));
      assertThat(takeover.getJsonObject("ran").getString("route")).startsWith("/block/");
      assertThat(takeover.getString("fate")).isEqualTo("away");
      assertThat(takeover.getLong("awayNanos")).isPositive();
      assertThat(takeover.getJsonArray("stack").encode()).contains("DemoService.block");
      assertThat(away.getInteger("worker")).isEqualTo(takeover.getInteger("from"));
      assertThat(away.getJsonObject("runs")).isEqualTo(takeover.getJsonObject("ran"));
      assertThat(away.getJsonArray("stack").encode()).contains("DemoService.block");
      assertThat(blocked.get(20, TimeUnit.SECONDS).body()).isEqualTo("slept 2000 ms");
    }
  }

  private static JsonObject ofARequest(JsonObject takeovers) {
    return takeovers.getJsonArray("takeovers").stream()
        .map(JsonObject.class::cast)
        .filter(takeover -> takeover.getJsonObject("ran") != null)
        .filter(takeover -> takeover.getJsonObject("ran").getString("path").equals("/block/2000"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void shouldTellRoutesOfLate() throws Exception {
    try (Watched watched = Watched.start()) {
      for (int i = 0; i < 10; i++) {
        assertThat(watched.ask("/block/2").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }
      assertThat(watched.ask("/fail").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(500);
      Watched.until("they are counted", () -> routes(watched).size() == 2);

      List<JsonObject> routes = routes(watched);

      assertThat(routes)
          .extracting(route -> route.getString("route"))
          .containsExactly("/block/:ms", "/fail");
      JsonObject block = routes.getFirst();
      assertThat(block.getString("method")).isEqualTo("GET");
      assertThat(block.getDouble("requestsPerSecond")).isPositive();
      assertThat(block.getDouble("errorsPerSecond")).isZero();
      assertThat(routes.getLast().getDouble("errorsPerSecond")).isPositive();
      long p50 = block.getLong("p50Nanos");
      assertThat(p50).isBetween(1_700_000L, 1_000_000_000L);
      assertThat(block.getLong("p99Nanos")).isGreaterThanOrEqualTo(p50);
      assertThat(block.getLong("p999Nanos")).isGreaterThanOrEqualTo(block.getLong("p99Nanos"));
    }
  }

  private static List<JsonObject> routes(Watched watched) {
    try {
      return watched.json("/baton/api/routes").getJsonArray("routes").stream()
          .map(JsonObject.class::cast)
          .filter(route -> !route.getString("route").equals("/fast")) // the warm-up
          .toList();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldTellStages() throws Exception {
    try (Watched watched = Watched.start()) {
      JsonArray stages = watched.json("/baton/api/stages").getJsonArray("stages");

      assertThat(stages).isNotEmpty();
      assertThat(stages.getJsonObject(0).getString("pipeline")).isEqualTo("orders");
      assertThat(stages.getJsonObject(0).fieldNames())
          .contains(
              "stage",
              "kind",
              "placement",
              "waiting",
              "inside",
              "capacity",
              "overloaded",
              "outcomes");
      assertThat(stages.getJsonObject(0).getJsonObject("outcomes").fieldNames())
          .contains("ok", "failed", "rejected", "shed", "expired", "cancelled");
    }
  }

  @Test
  void shouldTellWhoIsAwayFromTheLoopsOfAStage() throws Exception {
    try (Watched watched = Watched.start()) {
      watched.assumeTakeover();
      var release = new CountDownLatch(1);
      int port = serveBlockingStage(watched.vertx, release);
      CompletableFuture<HttpResponse<String>> response =
          Watched.CLIENT.sendAsync(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/?name=x"))
                  .header("x-request-id", "r-1")
                  .build(),
              BodyHandlers.ofString());
      try {
        Watched.until("a worker of the stage is away", () -> !awayFromStage(watched).isEmpty());

        JsonObject stage = stage(watched, "block");
        assertThat(stage.getJsonArray("loops")).hasSize(1);
        assertThat(stage.getJsonArray("loops").getJsonObject(0).getLong("takeovers")).isEqualTo(1);
        JsonObject away = stage.getJsonArray("away").getJsonObject(0);
        assertThat(away.getInteger("lostLoop")).isZero();
        assertThat(away.getJsonObject("runs").getString("requestId")).isEqualTo("r-1");
        assertThat(away.getJsonArray("stack").encode()).contains("ManagementServerTest");
        assertThat(stage(watched, "parse").getJsonArray("loops")).isEmpty();
      } finally {
        release.countDown();
      }
      assertThat(response.get().body()).isEqualTo("x");
      Watched.until("it is back", () -> awayFromStage(watched).isEmpty());
    }
  }

  private static int serveBlockingStage(Vertx vertx, CountDownLatch release) throws Exception {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("blocking", Parse.query("name"))
            .then(
                "block",
                name -> {
                  release.await();
                  return name;
                })
            .then(Respond.text());
    var options =
        new PipelineOptions()
            .setStage("block", new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1));
    return vertx
        .createHttpServer()
        .requestHandler(Baton.handler(vertx, pipeline, options))
        .listen(0, "127.0.0.1")
        .await(20, TimeUnit.SECONDS)
        .actualPort();
  }

  private static JsonArray awayFromStage(Watched watched) {
    return stage(watched, "block").getJsonArray("away");
  }

  private static JsonObject stage(Watched watched, String name) {
    try {
      return watched.json("/baton/api/stages").getJsonArray("stages").stream()
          .map(JsonObject.class::cast)
          .filter(stage -> stage.getString("pipeline").equals("blocking"))
          .filter(stage -> stage.getString("stage").equals(name))
          .findFirst()
          .orElseThrow();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldSayWhatIsMissingAndHowToGetIt() throws Exception {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setTakeover(false);
    try (Watched watched = Watched.start(options)) {
      JsonObject status = watched.json("/baton/api").getJsonObject("status");

      assertThat(status.getString("level")).isEqualTo("degraded");
      assertThat(status.getJsonArray("missing")).hasSize(1);
      assertThat(status.getJsonArray("missing").getJsonObject(0).getString("remedy"))
          .contains("--enable-native-access");
    }
  }

  @Test
  void shouldShowStockVertxWithoutLoops() throws Exception {
    Vertx vertx = Vertx.vertx();
    ManagementServer stock = ManagementServer.start(0, vertx);
    try {
      String base = "http://127.0.0.1:" + stock.port();
      for (String part : List.of("loops", "workers", "pools", "takeovers", "routes", "stages")) {
        HttpResponse<String> response =
            Watched.CLIENT.send(
                Watched.request(URI.create(base + "/baton/api/" + part)), BodyHandlers.ofString());
        assertThat(new JsonObject(response.body()).getJsonArray(part)).isEmpty();
      }
    } finally {
      stock.close();
      vertx.close().await();
    }
  }

  @Test
  void shouldServeThePageAsOneFile() throws Exception {
    try (Watched watched = Watched.start()) {
      HttpResponse<String> page = watched.get("/baton");

      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
      assertThat(page.headers().firstValue("content-security-policy").orElse(""))
          .contains("default-src 'none'", "connect-src 'self'");
      assertThat(page.body())
          .doesNotContain("https://", "<script src", "<link rel=\"style", "@import");
    }
  }

  @Test
  void shouldAnswerWhenEveryLoopIsBlockedAndNoStandbyIsLeft() throws Exception {
    BatonOptions options = new BatonOptions().setMaxAwayPerRoute(10_000);
    options.getScheduler().setMaxStandbys(2).setMinStandbys(1);
    try (Watched watched = Watched.start(options).assumeTakeover()) {
      List<CompletableFuture<HttpResponse<String>>> blocked = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        blocked.add(watched.ask("/block/3000"));
      }
      Watched.until(
          "the loop holds back",
          () -> watched.scheduler.enclave().loopSnapshots().getFirst().holding());

      for (String path : List.of("/health/live", "/baton", "/baton/api/loops")) {
        HttpResponse<String> response =
            Watched.CLIENT.send(
                HttpRequest.newBuilder(watched.management(path))
                    .timeout(Duration.ofSeconds(2))
                    .build(),
                BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
      }
      JsonObject status = watched.json("/baton/api").getJsonObject("status");
      assertThat(status.getString("level")).isEqualTo("stalled");
      assertThat(status.getJsonArray("findings").encode())
          .contains("No worker is left", "maxStandbys=2", "GET /block/:ms holds 2 of them");
      for (var response : blocked) {
        assertThat(response.get(30, TimeUnit.SECONDS).statusCode()).isIn(200, 503);
      }
    }
  }

  private static JsonObject first(Watched watched, String part) throws Exception {
    return watched.json("/baton/api/" + part).getJsonArray(part).getJsonObject(0);
  }
}
