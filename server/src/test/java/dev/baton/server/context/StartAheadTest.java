package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.impl.BatonVertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Routes that nearly always wait, on a real server. */
@Timeout(60)
class StartAheadTest {
  private static final Runnable FOREIGN_SLEEP = foreignSleep();

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final CountDownLatch release = new CountDownLatch(1);
  private volatile boolean waits = true;

  @SuppressWarnings("NullAway.Init") // before each test
  private BatonVertx vertx;

  private int port;

  /** 2 ms in the C library, where the JVM sees nothing. */
  private static Runnable foreignSleep() {
    Linker linker = Linker.nativeLinker();
    MethodHandle sleep =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("usleep"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    return () -> {
      try {
        int _ = (int) sleep.invokeExact(2_000);
      } catch (Throwable t) {
        throw new AssertionError(t);
      }
    };
  }

  /** What its handlers find about where they run is their answer. */
  private final class Service extends VerticleBase {
    private int inside;

    @Override
    public Future<?> start() {
      Router router = Router.router(vertx);
      router
          .get("/wait/:id")
          .handler(request -> answer(request, context, () -> LockSupport.parkNanos(2_000_000)));
      router.get("/foreign/:id").handler(request -> answer(request, context, FOREIGN_SLEEP));
      router.post("/await").handler(Service::await);
      router.post("/body").handler(BodyHandler.create(false)).handler(Service::echo);
      router.get("/long").handler(this::hang);
      return vertx
          .createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
          .requestHandler(router)
          .listen()
          .onSuccess((HttpServer server) -> port = server.actualPort());
    }

    private void answer(RoutingContext request, Context verticle, Runnable wait) {
      int others = inside++;
      if (waits) {
        wait.run();
      }
      inside--;
      Context current = Vertx.currentContext();
      request
          .response()
          .end(
              request.pathParam("id")
                  + where(Thread.currentThread())
                  + (current != null && current.deploymentID().equals(verticle.deploymentID())
                      ? ""
                      : " elsewhere")
                  + (others == 0 ? "" : " beside another"));
    }

    private static String where(Thread thread) {
      return thread.isVirtual()
          ? " virtual, ahead"
          : thread.getName().startsWith("baton-blocking-") ? " ahead" : " inline";
    }

    /** Waits for its own connection: for the body, and for room in the socket. */
    private static void await(RoutingContext request) {
      Buffer body = request.request().body().await();
      request.response().setChunked(true);
      request.response().write(Buffer.buffer(body.toString().repeat(20))).await();
      request.response().end();
    }

    private static void echo(RoutingContext request) {
      LockSupport.parkNanos(2_000_000);
      request.response().end(request.body().buffer());
    }

    private void hang(RoutingContext request) {
      LockSupport.parkNanos(2_000_000);
      if (request.request().getParam("now") != null) {
        try {
          release.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      request.response().end("done");
    }
  }

  private void start(BatonOptions options) throws Exception {
    options.getScheduler().setLoops(1);
    vertx = (BatonVertx) Baton.vertx(options);
    Assumptions.assumeTrue(vertx.scheduler().isTakeover(), "no loop changes hands here");
    vertx.deployVerticle(new Service()).await(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    release.countDown();
    client.close();
    if (vertx != null) {
      vertx.close().await(20, TimeUnit.SECONDS);
    }
  }

  private String get(String path) throws Exception {
    return client.send(request(path).build(), BodyHandlers.ofString()).body();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  private boolean isAhead() {
    return vertx.blockingRoutes().known().stream()
        .anyMatch(route -> route.start().kind() != RouteStart.Kind.INLINE);
  }

  /** Asks until the route has been learned. */
  private void learn(String path) throws Exception {
    while (!isAhead()) {
      assertThat(get(path)).doesNotContain("elsewhere", "beside");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SERIAL, /wait/, virtual", "PER_REQUEST, /wait/, virtual",
    "SERIAL, /foreign/, ahead", "PER_REQUEST, /foreign/, ahead",
  })
  void shouldStartAheadInTheContextItHasInline(ContextMode mode, String path, String where)
      throws Exception {
    start(new BatonOptions().setContextMode(mode));
    learn(path + "0");

    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      answers.add(client.sendAsync(request(path + i).build(), BodyHandlers.ofString()));
    }

    int ahead = 0;
    for (int i = 0; i < 50; i++) {
      String answer = answers.get(i).get().body();
      assertThat(answer).startsWith(i + " ").doesNotContain("elsewhere");
      if (mode == ContextMode.SERIAL) {
        assertThat(answer).doesNotContain("beside");
      }
      ahead += answer.contains(" " + where) ? 1 : 0;
    }
    assertThat(ahead).isGreaterThan(40);
  }

  @Test
  void shouldGoBackInlineWhenTheRouteWaitsNoMore() throws Exception {
    start(new BatonOptions().setContextMode(ContextMode.PER_REQUEST));
    learn("/wait/0");

    waits = false;
    for (int i = 0; isAhead(); i++) {
      assertThat(i).as("requests").isLessThan(2_000);
      assertThat(get("/wait/" + i)).startsWith(i + " ");
    }

    assertThat(get("/wait/1")).isEqualTo("1 inline");
  }

  @Test
  void shouldLoseNoByteOfABodyThatComesMeanwhile() throws Exception {
    start(new BatonOptions().setContextMode(ContextMode.PER_REQUEST));
    String body = "0123456789".repeat(20_000);
    for (int i = 0; i < 80; i++) {
      HttpRequest post = request("/body").POST(BodyPublishers.ofString(body + i)).build();
      assertThat(client.send(post, BodyHandlers.ofString()).body()).isEqualTo(body + i);
    }
  }

  /** The await itself teaches that the route waits. */
  @ParameterizedTest
  @EnumSource(names = {"SERIAL", "PER_REQUEST"})
  void shouldAwaitWhatItsOwnConnectionBrings(ContextMode mode) throws Exception {
    start(new BatonOptions().setContextMode(mode));
    String body = "0123456789".repeat(20_000);
    for (int i = 0; i < 150; i++) {
      HttpRequest post = request("/await").POST(BodyPublishers.ofString(body)).build();
      assertThat(client.send(post, BodyHandlers.ofString()).body()).isEqualTo(body.repeat(20));
    }
  }

  /** An operator sees it as a handler that is away, with its route. */
  @Test
  void shouldShowWhoWaits() throws Exception {
    start(new BatonOptions().setContextMode(ContextMode.PER_REQUEST));
    learn("/long");

    var answer = client.sendAsync(request("/long?now=1").build(), BodyHandlers.ofString());
    var enclave = vertx.scheduler().enclave();
    Object work = null;
    while (work == null) {
      work =
          enclave.workerSnapshots().stream()
              .filter(StartAheadTest::hangs)
              .map(worker -> enclave.workOf(worker.worker()))
              .filter(Objects::nonNull) // it may have come back in between
              .findAny()
              .orElse(null);
    }
    int inUse = enclave.poolSnapshots().getFirst().total();
    release.countDown();

    assertThat(work).hasToString("GET /long");
    assertThat(inUse).isPositive();
    assertThat(answer.get().body()).isEqualTo("done");
  }

  private static boolean hangs(WorkerSnapshot worker) {
    return worker.state() == WorkerSnapshot.State.AWAY
        && System.nanoTime() - worker.awaySinceNanos() > 100_000_000;
  }

  @Test
  void shouldStartInlineAtTheCap() throws Exception {
    BatonOptions options =
        new BatonOptions().setContextMode(ContextMode.PER_REQUEST).setMaxAwayPerRoute(10_000);
    options.getScheduler().setMaxStandbys(4);
    start(options);
    learn("/long");

    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      answers.add(client.sendAsync(request("/long?now=1").build(), BodyHandlers.ofString()));
    }
    var enclave = vertx.scheduler().enclave();
    while (!enclave.poolSnapshots().getFirst().exhausted()) {
      Thread.onSpinWait();
    }
    long away =
        enclave.workerSnapshots().stream()
            .filter(worker -> worker.state() == WorkerSnapshot.State.AWAY)
            .count();
    release.countDown();

    assertThat(away).isBetween(5L, 4L + 4 * SchedulerOptions.VIRTUAL_PER_STANDBY);
    for (var answer : answers) {
      assertThat(answer.get().body()).isEqualTo("done");
    }
  }

  @Test
  void shouldStartInlineIfAskedTo() throws Exception {
    start(new BatonOptions().setContextMode(ContextMode.PER_REQUEST).setStartAhead(false));

    for (int i = 0; i < 200; i++) {
      assertThat(get("/wait/" + i)).isEqualTo(i + " inline");
    }
  }
}
