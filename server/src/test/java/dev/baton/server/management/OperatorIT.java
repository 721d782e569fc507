package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an operator sees at the first look, while something goes wrong. */
@Timeout(90)
final class OperatorIT {
  private static BatonOptions options() {
    return new BatonOptions().setTellAfter(Duration.ofMillis(400));
  }

  private static BatonOptions fewStandbys(int max) {
    BatonOptions options = options().setMaxAwayPerRoute(10_000);
    options.getScheduler().setMinStandbys(1).setMaxStandbys(max).setMaxHeldContinuations(2);
    return options;
  }

  /** A service of one handler, and a latch that its requests wait for. */
  private static final class Held implements AutoCloseable {
    final Watched watched;
    final CountDownLatch release = new CountDownLatch(1);
    final List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
    private volatile int port;

    Held(BatonOptions options, ContextMode mode) throws Exception {
      watched = Watched.start(options);
      serve(mode, this::handle);
    }

    private void serve(ContextMode mode, Handler<HttpServerRequest> handler) throws Exception {
      watched
          .vertx
          .deployVerticle(
              new VerticleBase() {
                @Override
                public Future<?> start() {
                  return vertx
                      .createHttpServer()
                      .requestHandler(handler)
                      .listen(0, "127.0.0.1")
                      .onSuccess(server -> port = server.actualPort());
                }
              },
              Baton.contextMode(new DeploymentOptions(), mode))
          .await(20, TimeUnit.SECONDS);
    }

    /** Waits for the latch if the path says so; routed as an application routes. */
    private void handle(HttpServerRequest request) {
      if (request.path().startsWith("/held/")) {
        request.routed("/held/:id");
        awaitRelease();
      } else if (request.path().startsWith("/spun/")) {
        request.routed("/spun/:id");
        while (!TransferableEventLoop.hasLostLoop()) {
          Thread.onSpinWait();
        }
        awaitRelease();
      } else if (request.path().startsWith("/littered/")) {
        request.routed("/littered/:id");
        while (release.getCount() > 0) {
          long began = System.nanoTime();
          System.gc();
          long ended = System.nanoTime();
          while (System.nanoTime() - ended < 3 * (ended - began)) {
            Thread.onSpinWait(); // who watches needs the most of the time
          }
        }
      } else if (request.path().startsWith("/forgotten/")) {
        request.routed("/forgotten/:id");
        return; // and forgets to answer
      } else if (request.path().startsWith("/thrown/")) {
        request.routed("/thrown/:id");
        throw new StackOverflowError("as asked");
      }
      request.response().end("ok");
    }

    private void awaitRelease() {
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Asks again and again, until one is answered: those before may wait. */
    HttpResponse<String> askUntilAnswered(String path) throws Exception {
      var answered = new CompletableFuture<HttpResponse<String>>();
      until(
          "one is answered",
          () -> ask(path).thenAccept(answered::complete).isDone() || answered.isDone());
      return answered.get();
    }

    CompletableFuture<HttpResponse<String>> ask(String path) {
      CompletableFuture<HttpResponse<String>> response =
          Watched.CLIENT.sendAsync(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                  .version(HttpClient.Version.HTTP_1_1) // each on a connection of its own
                  .header("x-request-id", "id-" + asked.size())
                  .build(),
              BodyHandlers.ofString());
      asked.add(response);
      return response;
    }

    void send(String path) {
      CompletableFuture<?> _ = ask(path);
    }

    boolean says(String... parts) {
      String status = status(watched).encode();
      return List.of(parts).stream().allMatch(status::contains);
    }

    double metric(String series) {
      return OperatorIT.metric(watched, series);
    }

    @Override
    public void close() {
      release.countDown();
      CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
          .orTimeout(20, TimeUnit.SECONDS)
          .exceptionally(_ -> null)
          .join();
      watched.close();
    }
  }

  private static JsonObject api(Watched watched, String path) {
    try {
      return watched.json(path);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static JsonObject status(Watched watched) {
    return api(watched, "/baton/api").getJsonObject("status");
  }

  private static double metric(Watched watched, String series) {
    String text =
        Objects.requireNonNull(BatonMetrics.of(watched.vertx)).scrape(null).body().toString();
    return text.lines()
        .filter(line -> line.startsWith(series + " ") || line.startsWith(series + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private static void until(String what, BooleanSupplier condition) throws InterruptedException {
    Watched.until(what, condition);
  }

  @Test
  void shouldShowExhaustionForAsLongAsItLasts() throws Exception {
    try (Held held = new Held(fewStandbys(6), ContextMode.PER_REQUEST)) {
      held.watched.assumeTakeover();
      for (int i = 1; i <= 6; i++) { // one by one: those that come at once may be refused
        int away = i;
        held.send("/held/" + i);
        until("it is away", () -> held.metric("baton_handlers_away") == away);
      }
      until("none is left", () -> held.metric("baton_standbys_exhausted") == 1);

      TimeUnit.SECONDS.sleep(1);
      assertThat(held.metric("baton_standbys_exhausted")).isEqualTo(1);
      until("the status says so", () -> held.says("stalled", "No worker is left", "/held/:id"));

      held.release.countDown();
      until("there are some again", () -> held.metric("baton_standbys_exhausted") == 0);
    }
  }

  @Test
  void shouldNameTheStageThatIsStuck() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (Watched watched = Watched.start(options());
        LogLines log = new LogLines()) {
      watched.assumeTakeover();
      int port = serveStage(watched, release, 4);
      List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        asked.add(askStage(port));
      }
      try {
        until("it is named", () -> says(watched, "Stage stuck/block is stuck: 4 of 4 inside"));

        until("and who holds it", () -> says(watched, "GET /orders holds 4 of them, the oldest"));

        until(
            "the refusals are told",
            () ->
                says(
                    watched,
                    "stage_stuck",
                    "are refused, 100 % of GET /orders: with the queue full at stuck/block"));
        assertThat(metric(watched, "baton_stage_inside{pipeline=\"stuck\",stage=\"block\"}"))
            .isEqualTo(4);
        log.await("Requests are refused: ", "with the queue");
      } finally {
        release.countDown();
      }
      CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);
      until("it is over", () -> !says(watched, "stage_stuck"));
      log.await("no longer refused", "8 with the queue full");
    }
  }

  @Test
  void shouldSayWhichShareOfARouteIsRefused() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Pattern told =
        Pattern.compile(
            "requests a second are refused, [1-9]\\d? % of GET /orders:"
                + " with the queue full at stuck/block");
    try (Watched watched = Watched.start(options())) {
      watched.assumeTakeover();
      int port = serveStage(watched, release, 4);
      List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        asked.add(askStage(port));
      }
      until("some are refused", () -> asked.stream().anyMatch(CompletableFuture::isDone));
      release.countDown();
      CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);

      until("the share is told", () -> told.matcher(status(watched).encode()).find());

      assertThat(status(watched).encode()).doesNotContain(": 0 µs each");
    }
  }

  private static CompletableFuture<HttpResponse<String>> askStage(int port) {
    return Watched.CLIENT.sendAsync(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/orders?name=x"))
            .version(HttpClient.Version.HTTP_1_1)
            .build(),
        BodyHandlers.ofString());
  }

  private static boolean says(Watched watched, String... parts) {
    String status = status(watched).encode();
    return List.of(parts).stream().allMatch(status::contains);
  }

  private static int serveStage(Watched watched, CountDownLatch release, int capacity)
      throws Exception {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("stuck", Parse.query("name"))
            .then(
                "block",
                name -> {
                  release.await();
                  return name;
                })
            .then(Respond.text());
    StageOptions block =
        new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1).setCapacity(capacity);
    Router router = Router.router(watched.vertx);
    router
        .get("/orders")
        .handler(
            Baton.handler(watched.vertx, pipeline, new PipelineOptions().setStage("block", block))
                .route());
    return watched
        .vertx
        .createHttpServer()
        .requestHandler(router)
        .listen(0, "127.0.0.1")
        .await(20, TimeUnit.SECONDS)
        .actualPort();
  }

  @Test
  void shouldSayWhatASerialContextHoldsUp() throws Exception {
    try (Held held = new Held(options(), ContextMode.SERIAL);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      held.send("/held/0");
      until("it is away", () -> held.metric("baton_handlers_away") == 1);
      for (int i = 0; i < 65; i++) {
        held.send("/fast");
      }

      until("65 are behind it", () -> held.metric("baton_handler_holds_callbacks") >= 65);
      until(
          "the status says so",
          () -> held.says("context_held", "GET /held/:id holds its context up"));
      log.await("callbacks of its context wait behind it");
    }
  }

  @Test
  void shouldLogThatTheCollectorStopsEverything() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      held.send("/littered/0");

      log.await("GET /littered/:id, request id-0, has been away", "while the collector stops");
    }
  }

  @Test
  void shouldCountAHandlerThatSleepsAsAsleepAlsoIfItsLoopWasTakenAsAHogs() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST)) {
      held.watched.assumeTakeover();
      held.send("/spun/0");

      String of = "baton_handlers_away{cause=\"%s\",method=\"GET\",route=\"/spun/:id\"}";
      until("it is asleep", () -> held.metric(of.formatted("blocked")) == 1);

      assertThat(held.metric(of.formatted("hog"))).isZero();
    }
  }

  @Test
  void shouldSayHowManyAreStuckAndForHowLong() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST)) {
      held.watched.assumeTakeover();
      for (int i = 0; i < 3; i++) {
        held.send("/held/" + i);
      }

      until("all are told", () -> held.says("3 handlers are away now, the oldest for"));

      until("and what they do", () -> held.says("waiting for another thread", "OperatorIT"));
      assertThat(held.metric("baton_handlers_away")).isEqualTo(3);
      assertThat(held.metric("baton_handler_away_oldest_seconds")).isPositive();
    }
  }

  @ParameterizedTest
  @EnumSource(value = ContextMode.class, names = "PINNED", mode = EnumSource.Mode.EXCLUDE)
  void shouldLogWhereAHandlerIsInEachMode(ContextMode mode) throws Exception {
    try (Held held = new Held(options(), mode);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      held.send("/held/0");

      log.await("waiting for another thread", "/held/:id");
      until("and again, later", () -> log.count("waiting for another thread") > 1);

      assertThat(log.stacks()).anyMatch(stack -> stack.contains("OperatorIT"));
      assertThat(log.has("GET /held/:id, request id-0,", "loop 0 was taken over")).isTrue();
    }
  }

  @Test
  void shouldLogThatALoopStandsStillAndTurnsAgain() throws Exception {
    BatonOptions options = options();
    options.getScheduler().setTakeover(false);
    try (Held held = new Held(options, ContextMode.SERIAL);
        LogLines log = new LogLines()) {
      held.send("/held/0");

      log.await("Loop 0 has stood still for");

      assertThat(held.metric("baton_loop_still_seconds")).isPositive();
      held.release.countDown();
      log.await("Loop 0 goes on again");
      assertThat(held.metric("baton_loop_stalls_total")).isPositive();
    }
  }

  @Test
  void shouldSayThatAPinnedLoopStandsStillAndForWhichRequest() throws Exception {
    try (Held held = new Held(options(), ContextMode.PINNED);
        LogLines log = new LogLines()) {
      assertThat(held.ask("/held").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      held.send("/held/1");
      String still = "baton_loop_still_seconds{loop=\"pinned-0\"}";

      until("it is measured", () -> held.metric(still) > 0);
      until(
          "the status says so",
          () ->
              held.says(
                  "stalled", "loop_still", "Pinned loop 0 stands still for", "GET /held/:id"));
      log.await("Pinned loop 0 has stood still for", "awaitRelease", "request id-1");

      assertThat(log.stacks()).anyMatch(stack -> stack.contains("OperatorIT"));
      JsonArray stock = api(held.watched, "/baton/api/loops").getJsonArray("stock");
      assertThat(stock.encode()).contains("acceptor", "pinned-0", "OperatorIT");
      held.release.countDown();
      log.await("Pinned loop 0 goes on again");
      assertThat(held.metric("baton_loop_stalls_total{loop=\"pinned-0\"}")).isEqualTo(1);
    }
  }

  @Test
  void shouldSayThatNobodyAcceptsConnections() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      ((VertxInternal) held.watched.vertx)
          .acceptorEventLoopGroup()
          .next()
          .execute(held::awaitRelease);

      until("the status says so", () -> held.says("stalled", "The acceptor stands still for"));
      log.await("The acceptor has stood still for", "awaitRelease");

      assertThat(log.stacks()).anyMatch(stack -> stack.contains("OperatorIT"));
      assertThat(held.metric("baton_loop_still_seconds{loop=\"acceptor\"}")).isPositive();
      held.release.countDown();
      log.await("The acceptor goes on again");
      until("and shown", () -> !held.says("loop_still"));
    }
  }

  @Test
  void shouldSayWhereALoopStandsStillThatPolls() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      // Where it looks at its sockets, a loop belongs to its thread; what runs there is told this.
      held.watched.scheduler.enclave().onTakeover(_ -> held.awaitRelease());
      held.send("/held/0");

      until("the status says so", () -> held.says("stalled", "Loop 0 stands still for"));
      log.await("Loop 0 has stood still for", "awaitRelease");

      held.release.countDown();
      log.await("Loop 0 goes on again");
    }
  }

  @Test
  void shouldSayThatASharedPoolLetsNothingOut() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      int size = VertxOptions.DEFAULT_WORKER_POOL_SIZE;
      for (int i = 0; i < size + 3; i++) {
        held.watched.vertx.executeBlocking(
            () -> {
              held.awaitRelease();
              return "done";
            },
            false);
      }
      String pool = "Pool vert.x-worker-thread";
      String told = pool + ": " + size + " tasks run, 3 wait, none has ended for ";

      until("the status says so", () -> held.says("stalled", "pool_still", told, "awaitRelease"));
      log.await(told, "awaitRelease");

      assertThat(log.stacks()).anyMatch(stack -> stack.contains("OperatorIT"));
      assertThat(held.metric("baton_pool_still_seconds{pool_name=\"vert.x-worker-thread\"}"))
          .isPositive();
      assertThat(api(held.watched, "/baton/api/pools").getJsonArray("workerPools").encode())
          .contains("vert.x-worker-thread", "OperatorIT");
      held.release.countDown();
      log.await(pool + " goes on again");
      until("and shown", () -> !held.says("pool_still"));
    }
  }

  @Test
  void shouldNameTheLockThatEverybodyWaitsForAndWhoHoldsIt() throws Exception {
    Object lock = new Object();
    CountDownLatch locked = new CountDownLatch(1);
    try (Held held = new Held(options(), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      held.serve(
          ContextMode.PER_REQUEST,
          request -> {
            synchronized (lock) {
              request.response().end("ok");
            }
          });
      Thread.ofPlatform()
          .daemon()
          .name("who-holds-it")
          .start(
              () -> {
                synchronized (lock) {
                  locked.countDown();
                  held.awaitRelease();
                }
              });
      assertThat(locked.await(20, TimeUnit.SECONDS)).isTrue();
      held.send("/a");
      held.send("/b");

      String where = "waiting for a lock (java.lang.Object@";
      until("the status says so", () -> held.says(where, "held by who-holds-it"));
      log.await(where, "held by who-holds-it");
    }
  }

  @Test
  void shouldCallAHandlerAsleepThatSleepsInNativeCodeWhateverItWasTakenFor() throws Exception {
    try (Watched watched = Watched.start(options()).assumeTakeover();
        LogLines log = new LogLines()) {
      CompletableFuture<HttpResponse<String>> response = watched.ask("/native/2500");

      log.await("asleep in native code", "/native/:ms");
      until("the status says so", () -> says(watched, "GET /native/:ms blocks", "asleep"));

      assertThat(response.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldLogThatNoWorkerIsLeftAndWhatIsRefused() throws Exception {
    try (Held held = new Held(fewStandbys(2), ContextMode.PER_REQUEST);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      assertThat(held.ask("/held").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      for (int i = 0; i < 3; i++) {
        held.send("/held/" + i);
      }
      until("none is left", () -> held.metric("baton_standbys_exhausted") == 1);
      HttpResponse<String> response = held.askUntilAnswered("/held/x");

      assertThat(response.statusCode()).isEqualTo(503);
      assertThat(response.headers().firstValue("content-type"))
          .hasValue("application/problem+json");
      assertThat(response.headers().firstValue("retry-after")).hasValue("1");
      String id = response.headers().firstValue("x-request-id").orElse("");
      assertThat(id).startsWith("id-");
      assertThat(new JsonObject(response.body()).getString("requestId")).isEqualTo(id);
      until(
          "it is counted by its route",
          () ->
              held.metric(
                      "vertx_http_server_requests_total"
                          + "{code=\"503\",method=\"GET\",route=\"/held/:id\"}")
                  > 0);
      until("the status says so", () -> held.says("refused", "% of GET /held/:id"));
      until("the log tells both", () -> log.has("No standby is left") && log.has("are refused"));
      held.release.countDown();
      log.await("There are standbys again");
    }
  }

  @Test
  void shouldSayThatRequestsAreRefusedBehindAHandlerOfTheirContext() throws Exception {
    BatonOptions options = options();
    options.getScheduler().setMaxHeldContinuations(2);
    try (Held held = new Held(options, ContextMode.SERIAL);
        LogLines log = new LogLines()) {
      held.watched.assumeTakeover();
      held.send("/held/0");
      until("it is away", () -> held.metric("baton_handlers_away") == 1);
      HttpResponse<String> refused = held.askUntilAnswered("/fast");

      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).contains("while a handler blocked in its context");
      String where = "behind a handler that blocks in their context";
      until("the status says so", () -> held.says("refused", where));
      log.await("Requests are refused: ", where);
      assertThat(held.metric("baton_shed_requests_total{reason=\"context_held\"}")).isPositive();
      assertThat(held.metric("baton_shed_requests_total{reason=\"overload\"}")).isZero();
      assertThat(status(held.watched).encode()).doesNotContain("no worker left");
    }
  }

  @Test
  void shouldNameARequestThatWaitsForAWorkerByTheRouteOfSuchPaths() throws Exception {
    try (Held held = new Held(fewStandbys(2), ContextMode.PER_REQUEST)) {
      held.watched.assumeTakeover();
      for (int i = 0; i < 2; i++) {
        int away = i + 1;
        held.send("/held/" + i);
        until("it is away", () -> held.metric("baton_handlers_away") == away);
      }
      until("none is left", () -> held.metric("baton_standbys_exhausted") == 1);
      held.send("/held/waits");

      until(
          "it is under way",
          () -> {
            List<JsonObject> underWay = objects(api(held.watched, "/baton/api"), "underWay");
            return underWay.size() == 1
                && underWay.getFirst().getString("route").equals("/held/:id")
                && underWay.getFirst().getInteger("count") == 3;
          });
    }
  }

  @Test
  void shouldSayThatAWorkerDiedAndItsLoopWentOn() throws Exception {
    AtomicBoolean once = new AtomicBoolean();
    try (Watched watched = Watched.start(options()).assumeTakeover()) {
      // Where it looks at its sockets, nothing catches what is thrown: as an Error there would be.
      watched
          .scheduler
          .enclave()
          .onTakeover(
              _ -> {
                if (once.compareAndSet(false, true)) {
                  throw new StackOverflowError("as asked");
                }
              });

      assertThat(watched.ask("/block/50").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);

      until("the status says so", () -> says(watched, "worker_died", "A worker died", "went on"));
      assertThat(watched.ask("/fast").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldKnowAtTheFirstLookWhatHandlersCost() throws Exception {
    try (Watched watched = Watched.start(options()).assumeTakeover()) {
      warmUp(watched);
      long before = watched.scheduler.enclave().takeovers(TakeoverCause.BLOCKED);
      long begin = System.nanoTime();
      long longest = 0;
      while (System.nanoTime() - begin < 3_000_000_000L) {
        long asked = System.nanoTime();
        assertThat(watched.ask("/block/50").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        longest = Math.max(longest, System.nanoTime() - asked);
      }
      double seconds = (System.nanoTime() - begin) / 1e9;

      JsonObject api = watched.json("/baton/api");

      JsonObject route = away(api, "GET /block/:ms");
      assertThat(route.getLong("medianNanos")).isBetween(45_000_000L, longest);
      assertThat(route.getString("doing")).isEqualTo("asleep");
      double perSecond =
          (watched.scheduler.enclave().takeovers(TakeoverCause.BLOCKED) - before) / seconds;
      assertThat(route.getDouble("perSecond")).isBetween(0.6 * perSecond, 1.6 * perSecond);
      assertThat(api.getJsonObject("status").getString("headline"))
          .contains("GET /block/:ms blocks", "asleep");
      for (JsonObject takeover : objects(watched.json("/baton/api/takeovers"), "takeovers")) {
        if (takeover.getJsonObject("ran") != null) {
          assertThat(takeover.getLong("awayNanos")).isLessThanOrEqualTo(longest);
        }
      }
    }
  }

  private static void warmUp(Watched watched) throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(watched.ask("/block/1").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  private static JsonObject away(JsonObject api, String route) {
    List<JsonObject> rows =
        objects(api, "away").stream().filter(r -> r.getString("route").equals(route)).toList();
    assertThat(rows).as("one row for " + route + " in " + api.getJsonArray("away")).hasSize(1);
    return rows.getFirst();
  }

  private static List<JsonObject> objects(JsonObject json, String name) {
    return json.getJsonArray(name, new JsonArray()).stream()
        .map(JsonObject.class::cast)
        .collect(Collectors.toList());
  }

  @Test
  void shouldCallTheFirstRequestAsleepThatSleepsThoughItComputedFirst() throws Exception {
    try (Watched watched = Watched.start(options()).assumeTakeover()) {
      // Cold: it loads classes first, and its loop is taken for that.
      CompletableFuture<HttpResponse<String>> first = watched.ask("/block/2500");
      until(
          "it is seen asleep",
          () -> api(watched, "/baton/api").getJsonArray("away").encode().contains("asleep"));
      TimeUnit.MILLISECONDS.sleep(1200);

      JsonObject api = watched.json("/baton/api");

      assertThat(away(api, "GET /block/:ms").getString("doing")).isEqualTo("asleep");
      assertThat(objects(api, "away").stream().filter(r -> r.getString("route").contains("block")))
          .hasSize(1);
      assertThat(first.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldSayAtTheFirstLookThatALoopStandsStill() throws Exception {
    BatonOptions options = options();
    options.getScheduler().setTakeover(false);
    try (Held held = new Held(options, ContextMode.SERIAL)) {
      held.send("/held/0");
      TimeUnit.SECONDS.sleep(2);

      JsonObject first = status(held.watched);

      assertThat(first.getString("level")).isEqualTo("stalled");
      assertThat(first.encode()).contains("loop_still", "Loop 0 stands still for", "GET /held/:id");
    }
  }

  @Test
  void shouldCountNothingAsWaitingWhileNobodyAsks() throws Exception {
    try (Watched watched = Watched.start(options())) {
      warmUp(watched);
      int waiting = 0;
      for (int i = 0; i < 20; i++) {
        TimeUnit.MILLISECONDS.sleep(50);
        JsonObject loop = watched.json("/baton/api/loops").getJsonArray("loops").getJsonObject(0);
        waiting += loop.getInteger("queuedTasks") + loop.getInteger("queuedContinuations");
      }
      assertThat(waiting).isZero();
    }
  }

  @Test
  void shouldCountTheCallbacksThatServedRequests() throws Exception {
    try (Watched watched = Watched.start(options())) {
      double before = metric(watched, "baton_loop_continuations_total");
      for (int i = 0; i < 100; i++) {
        assertThat(watched.ask("/fast").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }

      assertThat(metric(watched, "baton_loop_continuations_total") - before).isBetween(90.0, 400.0);
    }
  }

  @Test
  void shouldAnswerARequestWhoseHandlerThrowsAnErrorByTheSameWorkers() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST)) {
      HttpResponse<String> response = held.ask("/thrown/1").get(20, TimeUnit.SECONDS);

      assertThat(response.statusCode()).isEqualTo(500);
      until("it is told", () -> held.says("GET /thrown/:id fails: 100 % of its requests"));
      assertThat(held.watched.scheduler.enclave().takeovers(TakeoverCause.WORKER_DIED)).isZero();
    }
  }

  @Test
  void shouldShowARequestThatNobodyWillAnswer() throws Exception {
    try (Held held = new Held(options(), ContextMode.PER_REQUEST)) {
      CompletableFuture<HttpResponse<String>> response = held.ask("/forgotten/1");
      String route = "/forgotten/:id";
      String series = "baton_oldest_request_seconds{method=\"GET\",route=\"" + route + "\"}";

      until("it hangs", () -> held.metric(series) > 1);

      assertThat(response).isNotDone();
      assertThat(held.watched.scheduler.enclave().takeovers(TakeoverCause.WORKER_DIED)).isZero();
      assertThat(held.watched.json("/baton/api").getJsonArray("underWay").encode()).contains(route);
      response.cancel(true); // the connection is closed with it
    }
  }

  @Test
  void shouldBeSilentAboutAProcessThatWasStopped() throws Exception {
    // The watch's clock stands when the process does: what is slept through counts for two ticks.
    try (Watched watched = Watched.start(options()).assumeTakeover();
        LogLines log = new LogLines()) {
      Watch watch = Watch.of(watched.vertx);
      CompletableFuture<HttpResponse<String>> response = watched.ask("/block/1500");
      until("it is away", () -> metric(watched, "baton_handlers_away") == 1);
      synchronized (watch) { // as if nobody had run
        TimeUnit.MILLISECONDS.sleep(1500);
      }

      assertThat(response.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      TimeUnit.MILLISECONDS.sleep(600);
      assertThat(log.count("has stood still")).isZero();
      assertThat(log.count("has been away")).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void shouldCompressScrapesForWhoAcceptsIt() throws Exception {
    try (Watched watched = Watched.start(options())) {
      HttpResponse<byte[]> plain =
          Watched.CLIENT.send(
              Watched.request(watched.management("/metrics")), BodyHandlers.ofByteArray());
      HttpResponse<byte[]> zipped =
          Watched.CLIENT.send(
              HttpRequest.newBuilder(watched.management("/metrics"))
                  .header("accept-encoding", "gzip")
                  .build(),
              BodyHandlers.ofByteArray());

      assertThat(zipped.headers().firstValue("content-encoding")).hasValue("gzip");
      assertThat(zipped.body().length).isLessThan(plain.body().length / 4);
    }
  }
}
