package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.server.context.ContextMode;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.Stage;
import dev.baton.stages.StageFunction;
import dev.baton.stages.StageOptions;
import dev.baton.stages.StageOutcome;
import dev.baton.stages.StageSnapshot;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.netty.channel.epoll.EpollSocketChannel;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.BatonThread;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pipelines as a verticle's users see them: overlap, clients that leave, the end. */
@Timeout(30)
final class PipelineIT {
  /** netinet/tcp.h: the peer has closed. */
  private static final int TCP_CLOSE_WAIT = 8;

  /** Serves one pipeline until its requests have ended. */
  private static final class Service extends VerticleBase {
    private final Pipeline<Exchange, Response> pipeline;
    private final PipelineOptions options;
    @Nullable HttpServer server;

    Service(Pipeline<Exchange, Response> pipeline, PipelineOptions options) {
      this.pipeline = pipeline;
      this.options = options;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer()
          .requestHandler(Baton.handler(vertx, pipeline, options))
          .listen(0, "localhost")
          .onSuccess(listening -> server = listening);
    }

    @Override
    public Future<?> stop() {
      return Objects.requireNonNull(server).shutdown(10, TimeUnit.SECONDS);
    }
  }

  private final HttpClient client = HttpClient.newHttpClient();
  private Vertx vertx;

  @BeforeEach
  void open() {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setLoops(1);
    vertx = Baton.vertx(options);
  }

  @AfterEach
  void close() {
    client.close();
    vertx.close().await();
  }

  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldOverlapBlockedStagesInEachContextMode(ContextMode mode) throws Exception {
    assumeTrue(Baton.scheduler(vertx).isTakeover(), "loops do not change hands here");
    var barrier = new CyclicBarrier(3);
    int port = deploy(blocking(in -> in + barrier.await(10, TimeUnit.SECONDS)), fused(), mode);

    var responses =
        Stream.of("a", "b", "c").map(name -> get(port, name, Version.HTTP_1_1)).toList();

    Set<String> bodies = new HashSet<>();
    for (CompletableFuture<HttpResponse<String>> response : responses) {
      bodies.add(response.get().body().substring(1));
    }
    assertThat(bodies).containsExactlyInAnyOrder("0", "1", "2");
  }

  @Test
  void shouldOverlapStreamsOfOneConnection() throws Exception {
    assumeTrue(Baton.scheduler(vertx).isTakeover(), "loops do not change hands here");
    var blocked = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    int port =
        deploy(
            blocking(
                in -> {
                  if (in.equals("slow")) {
                    blocked.countDown();
                    release.await();
                  }
                  return in;
                }),
            fused(),
            ContextMode.SERIAL);
    assertThat(get(port, "upgrade", Version.HTTP_2).get().version()).isEqualTo(Version.HTTP_2);

    var slow = get(port, "slow", Version.HTTP_2);
    blocked.await();
    HttpResponse<String> fast = get(port, "fast", Version.HTTP_2).get();
    boolean slowIsDone = slow.isDone();
    release.countDown();

    assertThat(fast.body()).isEqualTo("fast");
    assertThat(slowIsDone).isFalse();
    assertThat(slow.get().body()).isEqualTo("slow");
    assertThat(slow.get().version()).isEqualTo(Version.HTTP_2);
  }

  @ParameterizedTest
  @EnumSource(Placement.class)
  void shouldNotRunTheNextStageForAClientThatLeft(Placement placement) throws Exception {
    assumeTrue(Baton.scheduler(vertx).isTakeover(), "loops do not change hands here");
    var blocked = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var ran = new AtomicBoolean();
    var request = new AtomicReference<HttpServerRequest>();
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("p", Parse.exchange())
            .then(
                "block",
                in -> {
                  request.set(in.request());
                  blocked.countDown();
                  release.await();
                  return "x";
                })
            .then(
                "next",
                in -> {
                  ran.set(true);
                  return in;
                })
            .then(Respond.text());
    int port = deploy(pipeline, placed("block", placement), ContextMode.PER_REQUEST);

    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      blocked.await();
    }
    if (placement == Placement.FUSED) {
      // The stage holds the connection: what the loop has seen of it waits until the stage ends.
      var connection = (ConnectionBase) Objects.requireNonNull(request.get()).connection();
      var channel = (EpollSocketChannel) connection.channel();
      while (channel.tcpInfo().state() != TCP_CLOSE_WAIT) {
        Thread.sleep(1);
      }
      for (var loop : Baton.scheduler(vertx).eventLoopGroup().loops()) {
        long now = loop.snapshot().turns();
        while (loop.snapshot().turns() < now + 2) { // one whole turn, with its look at the sockets
          loop.submit(() -> {}).sync();
        }
      }
    } else {
      while (!Objects.requireNonNull(request.get()).response().closed()) {
        Thread.sleep(1);
      }
    }
    release.countDown();
    while (count("block", StageOutcome.OK) == 0
        || count("next", StageOutcome.CANCELLED) + count("next", StageOutcome.OK) == 0) {
      Thread.sleep(1);
    }

    assertThat(count("next", StageOutcome.CANCELLED)).isEqualTo(1);
    assertThat(ran).isFalse();
  }

  @ParameterizedTest
  @EnumSource(Placement.class)
  void shouldLetWorkFinishWhenClosed(Placement placement) throws Exception {
    var blocked = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    int port =
        deploy(
            blocking(
                in -> {
                  blocked.countDown();
                  release.await();
                  return in;
                }),
            placed("block", placement).setStage("respond", stage(placement)),
            ContextMode.PER_REQUEST);
    var response = get(port, "late", Version.HTTP_1_1);
    blocked.await();

    Future<Void> closed = vertx.close();
    Thread.sleep(300);
    assertThat(closed.isComplete()).isFalse();
    release.countDown();

    assertThat(response.get().body()).isEqualTo("late");
    closed.await(20, TimeUnit.SECONDS);
  }

  @Test
  void shouldEndTheThreadsOfItsStages() throws Exception {
    Set<Thread> before = settledThreads();
    Vertx other = Baton.vertx();
    Service service = new Service(blocking(in -> in), placed("block", Placement.PARTITIONED));
    other.deployVerticle(service).await();
    PipelineHandler _ =
        Baton.handler(other, blocking(in -> in), placed("block", Placement.PARTITIONED));
    assertThat(
            get(Objects.requireNonNull(service.server).actualPort(), "a", Version.HTTP_1_1)
                .get()
                .body())
        .isEqualTo("a");
    assertThat(threads()).hasSizeGreaterThan(before.size() + 2);

    other.close().await();

    Set<Thread> left = threads();
    for (int i = 0; i < 500 && !before.containsAll(left); i++) {
      Thread.sleep(10);
      left = threads();
    }
    left.removeAll(before);
    assertThat(left).isEmpty();
  }

  @Test
  void shouldEndTheLoopsOfAnUndeployedVerticle() throws Exception {
    Service service = new Service(blocking(in -> in), placed("block", Placement.PARTITIONED));
    String id = vertx.deployVerticle(service).await();
    assertThat(Pipelines.of(vertx).snapshots()).hasSize(3);

    vertx.undeploy(id).await();

    assertThat(Pipelines.of(vertx).snapshots()).isEmpty();
  }

  @Test
  void shouldCountInstancesOfOnePipelineTogether() throws Exception {
    Pipeline<Exchange, Response> pipeline = blocking(in -> in);
    int first = deploy(pipeline, fused(), ContextMode.PER_REQUEST);
    int second = deploy(pipeline, fused(), ContextMode.PER_REQUEST);

    get(first, "a", Version.HTTP_1_1).get();
    get(second, "a", Version.HTTP_1_1).get();

    assertThat(count("block", StageOutcome.OK)).isEqualTo(2);
  }

  /**
   * A stream that another context drains between the question whether it is full and the handler
   * for the answer, if it is asked in another context than its own.
   */
  private static final class DrainedAtOnce implements WriteStream<Buffer> {
    private final Context context = Vertx.currentContext();
    private final AtomicBoolean full = new AtomicBoolean();
    private volatile @Nullable Handler<Void> drainHandler;
    private final AtomicInteger bytes = new AtomicInteger();

    @Override
    public Future<Void> write(Buffer piece) {
      bytes.addAndGet(piece.length());
      full.set(true);
      return Future.succeededFuture();
    }

    @Override
    public boolean writeQueueFull() {
      boolean was = full.get();
      var drained = new CountDownLatch(1);
      context.runOnContext(
          turn -> {
            Handler<Void> h = drainHandler;
            if (full.getAndSet(false) && h != null) {
              h.handle(null);
            }
            drained.countDown();
          });
      try {
        boolean _ = drained.await(50, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return was;
    }

    @Override
    public WriteStream<Buffer> drainHandler(@Nullable Handler<Void> handler) {
      drainHandler = handler;
      return this;
    }

    @Override
    public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
      return this;
    }

    @Override
    public WriteStream<Buffer> exceptionHandler(@Nullable Handler<Throwable> handler) {
      return this;
    }

    @Override
    public Future<Void> end() {
      return Future.succeededFuture();
    }
  }

  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldPipeABodyInItsOwnContext(ContextMode mode) throws Exception {
    int port = deploy(pipes(Exchange::stream), fused(), mode);

    assertThat(post(port, 40_000).get().body()).isEqualTo("40000");
  }

  private static Pipeline<Exchange, Response> pipes(
      StageFunction<Exchange, ReadStream<Buffer>> body) {
    return Pipeline.of("p", Stage.plain("parse", body))
        .thenCompose(
            "store",
            in -> {
              var out = new DrainedAtOnce();
              return in.pipeTo(out).map(done -> out.bytes.get());
            })
        .then(Respond.text());
  }

  @Test
  void shouldNotKnowAFileThatIsMissing() throws Exception {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("p", Parse.query("name")).then("find", Path::of).then(Respond.file());
    int port = deploy(pipeline, fused(), ContextMode.PER_REQUEST);

    HttpResponse<String> response = get(port, "no-such-file", Version.HTTP_1_1).get();

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).contains("path=/ is unknown").doesNotContain("no-such-file");
  }

  // ---------------------------------------------------------------- support

  private static Pipeline<Exchange, Response> blocking(StageFunction<String, String> code) {
    return Pipeline.of("p", Parse.query("name")).then("block", code).then(Respond.text());
  }

  private static PipelineOptions fused() {
    return new PipelineOptions();
  }

  private static PipelineOptions placed(String stage, Placement placement) {
    return new PipelineOptions().setStage(stage, stage(placement));
  }

  private static StageOptions stage(Placement placement) {
    return new StageOptions().setPlacement(placement).setLoops(1);
  }

  private int deploy(
      Pipeline<Exchange, Response> pipeline, PipelineOptions options, ContextMode mode) {
    Service service = new Service(pipeline, options);
    vertx.deployVerticle(service, Baton.contextMode(new DeploymentOptions(), mode)).await();
    return Objects.requireNonNull(service.server).actualPort();
  }

  private CompletableFuture<HttpResponse<String>> get(int port, String name, Version version) {
    return client.sendAsync(
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/?name=" + name))
            .version(version)
            .build(),
        BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> post(int port, int bytes) {
    return client.sendAsync(
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/"))
            .version(Version.HTTP_1_1)
            .POST(BodyPublishers.ofByteArray(new byte[bytes]))
            .build(),
        BodyHandlers.ofString());
  }

  private long count(String stage, StageOutcome outcome) {
    return Pipelines.of(vertx).snapshots().stream()
        .filter(snapshot -> snapshot.stage().equals(stage))
        .map(StageSnapshot::outcomes)
        .mapToLong(outcomes -> outcomes.getOrDefault(outcome, 0L))
        .sum();
  }

  /** Once the standbys of the test's own Vert.x have started. */
  private static Set<Thread> settledThreads() throws InterruptedException {
    Set<Thread> before;
    Set<Thread> after = threads();
    do {
      before = after;
      Thread.sleep(500);
      after = threads();
    } while (!after.equals(before));
    return after;
  }

  private static Set<Thread> threads() {
    Set<Thread> threads = new HashSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread instanceof BatonThread) {
        threads.add(thread);
      }
    }
    return threads;
  }
}
