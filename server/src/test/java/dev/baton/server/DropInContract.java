package dev.baton.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelPipeline;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an unchanged vertx-web application may expect of the {@link Vertx} it runs on. Each subclass
 * runs it on another one; stock Vert.x has to pass, or the contract is wrong.
 */
@Timeout(30)
abstract class DropInContract {
  @TempDir static Path directory;

  private final Supplier<Vertx> supplier;
  private final List<HttpClient> clients = new ArrayList<>();
  private Vertx vertx;

  /**
   * @param supplier makes the Vertx of one test, which is closed after it
   */
  DropInContract(Supplier<Vertx> supplier) {
    this.supplier = supplier;
  }

  /** How the application is deployed; to be overridden where that takes more than nothing. */
  DeploymentOptions deploymentOptions() {
    return new DeploymentOptions();
  }

  /** Whether the state of a verticle is that of several requests, or messages, at once. */
  boolean runsRequestsAtOnce() {
    return false;
  }

  @BeforeEach
  void create() {
    vertx = supplier.get();
  }

  @AfterEach
  void close() {
    clients.forEach(HttpClient::close);
    vertx.close().await();
  }

  enum Protocol {
    HTTP_1(Version.HTTP_1_1, false),
    HTTP_2_CLEARTEXT(Version.HTTP_2, false),
    HTTP_1_OVER_TLS(Version.HTTP_1_1, true),
    HTTP_2_OVER_TLS(Version.HTTP_2, true);

    final Version version;
    final boolean tls;

    Protocol(Version version, boolean tls) {
      this.version = version;
      this.tls = tls;
    }
  }

  // ---- HTTP ----

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldRouteOverEachProtocol(Protocol protocol) throws Exception {
    Session session = deploy(protocol);

    // The first request of a cleartext HTTP/2 connection is the upgrade from 1.1.
    HttpResponse<String> first = session.get("/hello");
    HttpResponse<String> second = session.get("/api/users/42");

    assertThat(first.body()).isEqualTo("hello world");
    assertThat(second.body()).isEqualTo("{\"id\":\"42\"}");
    assertThat(second.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(second.version()).isEqualTo(protocol.version);
    assertThat(session.get("/nowhere").statusCode()).isEqualTo(404);
    assertThat(session.post("/hello", "").statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldAnswerConcurrentRequestsEachWithItsOwn(Protocol protocol) throws Exception {
    Session session = deploy(protocol);
    session.get("/hello");

    List<CompletableFuture<HttpResponse<String>>> responses =
        IntStream.range(0, 90).mapToObj(i -> session.getAsync("/hello?name=" + i)).toList();

    for (int i = 0; i < 90; i++) {
      assertThat(responses.get(i).get().body()).isEqualTo("hello " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldReadABodyThatWasPausedDuringAnAsynchronousStep(Protocol protocol) throws Exception {
    Session session = deploy(protocol);
    byte[] body = random(1 << 20);

    HttpResponse<byte[]> response =
        session.client.send(
            session.request("/paused").POST(BodyPublishers.ofByteArray(body)).build(),
            BodyHandlers.ofByteArray());

    assertThat(response.body()).isEqualTo(body);
  }

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldSendAndPumpFiles(Protocol protocol) throws Exception {
    Session session = deploy(protocol);

    for (String path : List.of("/file", "/pumped")) {
      HttpResponse<byte[]> response =
          session.client.send(session.request(path).build(), BodyHandlers.ofByteArray());
      assertThat(response.body()).as(path).isEqualTo(Files.readAllBytes(file()));
    }
  }

  @Test
  void shouldHandleBodies() throws Exception {
    Session session = deploy(Protocol.HTTP_1);
    String text = "x".repeat(100_000);
    String json = new JsonObject().put("text", text).encode();

    JsonObject answer = new JsonObject(session.post("/json", json).body());

    assertThat(answer.getInteger("length")).isEqualTo(json.length());
    assertThat(answer.getString("text")).isEqualTo(text);
    assertThat(answer.getBoolean("handled")).isTrue();
  }

  @Test
  void shouldTakeFileUploads() throws Exception {
    Session session = deploy(Protocol.HTTP_1);
    String part = "--b\r\ncontent-disposition: form-data; name=";
    String body =
        part
            + "\"note\"\r\n\r\nnoted\r\n"
            + part
            + "\"f\"; filename=\"f.txt\"\r\ncontent-type: text/plain\r\n\r\n"
            + "y".repeat(200_000)
            + "\r\n--b--\r\n";

    HttpResponse<String> response =
        session.client.send(
            session
                .request("/upload")
                .header("content-type", "multipart/form-data; boundary=b")
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());

    assertThat(response.body()).isEqualTo("f.txt 200000 noted");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/throws", "/throws-later"})
  void shouldAnswerAnExceptionWithStatus500(String path) throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    assertThat(session.get(path).statusCode()).isEqualTo(500);
    assertThat(session.get("/hello").body()).isEqualTo("hello world");
  }

  @Test
  void shouldUseFailureHandlersAndTimeouts() throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    assertThat(session.get("/fails").statusCode()).isEqualTo(418);
    assertThat(session.get("/handled/x").body()).isEqualTo("no: why");
    assertThat(session.get("/late").statusCode()).isEqualTo(503);
  }

  @Test
  void shouldEchoWebSocketMessagesInOrder() throws Exception {
    Session session = deploy(Protocol.HTTP_1);
    var received = new LinkedBlockingQueue<String>();
    WebSocket socket =
        session
            .client
            .newWebSocketBuilder()
            .buildAsync(URI.create("ws://localhost:" + session.port + "/"), listener(received))
            .get();

    for (int i = 0; i < 100; i++) {
      socket.sendText("message " + i, true).get();
    }
    socket.sendBinary(ByteBuffer.wrap(random(50_000)), true).get();

    for (int i = 0; i < 100; i++) {
      assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("message " + i);
    }
    assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("50000 bytes");
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "bye").get();
    assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("closed " + WebSocket.NORMAL_CLOSURE);
  }

  // ---- contexts ----

  @Test
  void shouldLoseNoCountOfAVerticleWithState() throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    List<CompletableFuture<HttpResponse<String>>> responses =
        IntStream.range(0, 1_000).mapToObj(i -> session.getAsync("/count")).toList();
    for (CompletableFuture<HttpResponse<String>> response : responses) {
      assertThat(response.get().statusCode()).isEqualTo(200);
    }

    assertThat(session.get("/counted").body()).matches(runsRequestsAtOnce() ? "\\d+ 0" : "1000 0");
  }

  /** Its end is there when it begins, and is to wait for it all the same. */
  @Test
  void shouldLetAPipelinedRequestPause() throws Exception {
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  if (request.path().equals("/first")) {
                    vertx.setTimer(50, _ -> request.response().end("first"));
                    return;
                  }
                  request.pause();
                  vertx.setTimer(
                      50,
                      _ -> {
                        request.endHandler(_ -> request.response().end("second"));
                        request.resume();
                      });
                })
            .listen(0, "127.0.0.1")
            .await();

    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              """
              GET /first HTTP/1.1\r
              host: x\r
              \r
              GET /second HTTP/1.1\r
              host: x\r
              connection: close\r
              \r
              """
                  .getBytes(US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
          .containsSubsequence("first", "second");
    }
  }

  @Test
  void shouldTellAVerticleItsThreadingModel() {
    CompletableFuture<ThreadingModel> told = new CompletableFuture<>();
    vertx
        .deployVerticle(
            new VerticleBase() {
              @Override
              public Future<?> start() {
                told.complete(context.threadingModel());
                return Future.succeededFuture();
              }
            },
            deploymentOptions())
        .await();
    assertThat(told).isCompletedWithValue(ThreadingModel.EVENT_LOOP);
  }

  @Test
  void shouldRunTimersOfAHandler() throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    List<CompletableFuture<HttpResponse<String>>> responses =
        IntStream.range(0, 20).mapToObj(i -> session.getAsync("/timers")).toList();

    for (CompletableFuture<HttpResponse<String>> response : responses) {
      assertThat(response.get().body()).hasSize(8).containsOnlyOnce("a").doesNotContain("x");
    }
  }

  @Test
  void shouldReturnFromBlockingCodeToTheContext() throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    assertThat(session.get("/execute-blocking").body()).isEqualTo("executed here");
    assertThat(session.get("/blocking").body()).isEqualTo("blocking handler");
  }

  /** In a verticle, in a handler of one, and from a thread outside of Vert.x. */
  @Test
  void shouldRunBlockingCodeInAPoolOfItsOwn() throws Exception {
    WorkerExecutor pool = vertx.createSharedWorkerExecutor("own", 2);
    List<String> ran = new CopyOnWriteArrayList<>();
    var verticle =
        new VerticleBase() {
          @Override
          public Future<?> start() {
            for (int i = 0; i < 20; i++) {
              String name = "" + i;
              Future<?> _ = pool.executeBlocking(() -> ran.add(name));
            }
            return pool.executeBlocking(() -> Thread.currentThread().getName())
                .map(
                    thread ->
                        ran.add(thread.startsWith("own-") && context == here() ? "in" : thread))
                .compose(_ -> vertx.timer(1))
                .compose(_ -> pool.executeBlocking(() -> ran.add("unordered"), false));
          }

          private Context here() {
            return Vertx.currentContext();
          }
        };

    vertx.deployVerticle(verticle, deploymentOptions()).await(10, TimeUnit.SECONDS);
    String outside = pool.executeBlocking(() -> "outside").await(10, TimeUnit.SECONDS);

    assertThat(ran)
        .containsExactlyElementsOf(
            Stream.concat(
                    IntStream.range(0, 20).mapToObj(i -> "" + i), Stream.of("in", "unordered"))
                .toList());
    assertThat(outside).isEqualTo("outside");
    pool.close().await();
  }

  @Test
  void shouldAskAnotherServerWithAClientOfTheSameVertx() throws Exception {
    Session session = deploy(Protocol.HTTP_1);

    assertThat(session.get("/proxy").body()).isEqualTo("asked: hello proxy");
  }

  @Test
  void shouldRunWhatAContextIsGivenInOrder() throws Exception {
    var seen = new CopyOnWriteArrayList<Integer>();
    var done = new CountDownLatch(1);
    var context = vertx.getOrCreateContext();
    for (int i = 0; i < 1_000; i++) {
      int number = i;
      context.runOnContext(v -> seen.add(number));
    }
    context.runOnContext(v -> done.countDown());

    assertThat(done.await(5, TimeUnit.SECONDS)).isTrue();
    assertThat(seen).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
  }

  @Test
  void shouldReportAnExceptionToTheContext() throws Exception {
    var reported = new CompletableFuture<Throwable>();
    var context = vertx.getOrCreateContext();
    context.exceptionHandler(reported::complete);

    context.runOnContext(
        v -> {
          throw new IllegalStateException("nobody catches this");
        });

    assertThat(reported.get(5, TimeUnit.SECONDS)).hasMessage("nobody catches this");
  }

  @Test
  void shouldAwaitOnVirtualThreads() throws Exception {
    var result = new CompletableFuture<String>();
    vertx
        .deployVerticle(
            new VerticleBase() {
              @Override
              public Future<?> start() {
                vertx.timer(10, TimeUnit.MILLISECONDS).await();
                String text = vertx.executeBlocking(() -> "awaited").await();
                result.complete(text + " " + Thread.currentThread().isVirtual());
                return Future.succeededFuture();
              }
            },
            new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD))
        .await();

    assertThat(result.get(5, TimeUnit.SECONDS)).isEqualTo("awaited true");
  }

  @Test
  void shouldRunWorkerVerticles() throws Exception {
    Session session =
        deploy(Protocol.HTTP_1, new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER));

    assertThat(session.get("/hello").body()).isEqualTo("hello world");
    assertThat(session.get("/timers").body()).hasSize(8);
  }

  // ---- event bus ----

  @Test
  void shouldRequestAndReplyBetweenVerticles() throws Exception {
    Session session = deploy(Protocol.HTTP_1);
    assertThat(session.get("/bus?name=Ada").statusCode()).isEqualTo(500);
    vertx
        .deployVerticle(
            new VerticleBase() {
              private int replies;

              @Override
              public Future<?> start() {
                return vertx
                    .eventBus()
                    .<String>consumer(
                        DropInApp.GREETINGS,
                        message -> {
                          replies++;
                          message.reply("greetings, " + message.body() + " " + replies);
                        })
                    .completion();
              }
            },
            deploymentOptions())
        .await();

    List<CompletableFuture<HttpResponse<String>>> responses =
        IntStream.range(0, 100).mapToObj(i -> session.getAsync("/bus?name=Ada")).toList();

    var bodies = new ArrayList<String>();
    for (CompletableFuture<HttpResponse<String>> response : responses) {
      bodies.add(response.get().body());
    }
    if (runsRequestsAtOnce()) {
      assertThat(bodies).hasSize(100).allMatch(body -> body.matches("greetings, Ada \\d+"));
    } else {
      assertThat(bodies)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.rangeClosed(1, 100).mapToObj(i -> "greetings, Ada " + i).toList());
    }
  }

  @Test
  void shouldDeliverMessagesInOrderAndToEachSubscriber() throws Exception {
    var seen = new CopyOnWriteArrayList<Integer>();
    var published = new CountDownLatch(3);
    vertx.eventBus().<Integer>consumer("numbers", message -> seen.add(message.body()));
    for (int i = 0; i < 3; i++) {
      vertx.eventBus().<String>consumer("news", message -> published.countDown());
    }

    for (int i = 0; i < 500; i++) {
      vertx.eventBus().send("numbers", i);
    }
    vertx.eventBus().publish("news", "none");

    assertThat(published.await(5, TimeUnit.SECONDS)).isTrue();
    awaitSize(seen, 500);
    if (runsRequestsAtOnce()) {
      assertThat(seen)
          .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 500).boxed().toList());
    } else {
      assertThat(seen).isEqualTo(IntStream.range(0, 500).boxed().toList());
    }
  }

  @Test
  void shouldInterceptMessagesOnTheContextOfTheirHandler() throws Exception {
    var seen = new CopyOnWriteArrayList<Context>();
    vertx
        .eventBus()
        .addInboundInterceptor(
            delivery -> {
              seen.add(Vertx.currentContext());
              delivery.next();
            })
        .addInboundInterceptor(
            delivery -> {
              seen.add(Vertx.currentContext());
              delivery.next();
            });
    vertx
        .deployVerticle(
            new VerticleBase() {
              @Override
              public Future<?> start() {
                return vertx
                    .eventBus()
                    .<String>consumer("x", message -> seen.add(Vertx.currentContext()))
                    .completion();
              }
            },
            deploymentOptions())
        .await();

    vertx.eventBus().send("x", "");

    awaitSize(seen, 3);
    assertThat(seen).doesNotContainNull();
    assertThat(Set.copyOf(seen)).hasSize(1);
  }

  /** As those of a connection are, to a handler of one of its requests. */
  @Test
  void shouldCallListenersOfTheSameVerticleAtOnce() throws Exception {
    var seen = new CopyOnWriteArrayList<String>();
    vertx
        .deployVerticle(
            new VerticleBase() {
              @Override
              public Future<?> start() {
                var root = (ContextInternal) context;
                root.duplicate()
                    .runOnContext(
                        _ -> {
                          PromiseInternal<Void> promise = root.duplicate().promise();
                          promise.future().onComplete(_ -> seen.add("listener"));
                          promise.complete();
                          seen.add("behind it");
                        });
                return Future.succeededFuture();
              }
            },
            deploymentOptions())
        .await();

    awaitSize(seen, 2);
    assertThat(seen).containsExactly("listener", "behind it");
  }

  @Test
  void shouldFailARequestThatNobodyHandles() {
    assertThatThrownBy(() -> vertx.eventBus().request("nobody", "x").await())
        .isInstanceOf(ReplyException.class);
  }

  // ---- sockets ----

  @Test
  void shouldEchoOverPlainSockets() throws Exception {
    byte[] body = random(300_000);
    int port =
        vertx
            .createNetServer()
            .connectHandler(socket -> socket.pipeTo(socket))
            .listen(0, "localhost")
            .await()
            .actualPort();
    Promise<byte[]> echoed = Promise.promise();

    NetClient client = vertx.createNetClient(); // a client that nobody holds may be closed
    client
        .connect(port, "localhost")
        .onSuccess(
            socket -> {
              var received = Buffer.buffer();
              socket.handler(
                  bytes -> {
                    received.appendBuffer(bytes);
                    if (received.length() == body.length) {
                      echoed.complete(received.getBytes());
                      socket.close();
                    }
                  });
              socket.write(Buffer.buffer(body));
            })
        .onFailure(echoed::fail);

    assertThat(echoed.future().await(10, TimeUnit.SECONDS)).isEqualTo(body);
    client.close().await();
  }

  /** A context of no deployment, such as a clustered event bus listens in. */
  @Test
  void shouldServeInAContextOfNoDeployment() throws Exception {
    ContextInternal context = ((VertxInternal) vertx).contextBuilder().build();
    Promise<NetServer> listening = Promise.promise();
    context.runOnContext(
        _ ->
            vertx
                .createNetServer()
                .connectHandler(socket -> socket.handler(bytes -> socket.write(bytes)))
                .listen(0, "localhost")
                .onComplete(listening));
    int port = listening.future().await().actualPort();

    for (int i = 0; i < 3; i++) {
      try (var first = new Socket("localhost", port);
          var second = new Socket("localhost", port)) {
        for (Socket socket : List.of(first, second, first)) {
          socket.setSoTimeout(10_000);
          socket.getOutputStream().write(new byte[] {'a', (byte) i});
          assertThat(socket.getInputStream().readNBytes(2)).containsExactly('a', i);
        }
      }
    }
  }

  /** That the socket is connected, and that its peer has closed it, come at once. */
  @Test
  void shouldConnectToAServerThatClosesAtOnce() throws Exception {
    int port =
        vertx
            .createNetServer()
            .connectHandler(socket -> socket.close())
            .listen(0, "localhost")
            .await()
            .actualPort();
    NetClient client = vertx.createNetClient();

    for (int i = 0; i < 50; i++) {
      assertThat(client.connect(port, "localhost").await(10, TimeUnit.SECONDS)).isNotNull();
    }

    client.close().await();
  }

  @Test
  void shouldUpgradeTheSocketOfAClientToTls() throws Exception {
    int port =
        vertx
            .createNetServer(
                new NetServerOptions().setSsl(true).setKeyCertOptions(SelfSigned.CERTIFICATE))
            .connectHandler(socket -> socket.handler(socket::write))
            .listen(0, "localhost")
            .await()
            .actualPort();
    NetClient client = vertx.createNetClient();
    Promise<Buffer> echoed = Promise.promise();

    client
        .connect(port, "localhost")
        .compose(
            socket -> {
              socket.handler(echoed::tryComplete);
              return socket
                  .upgradeToSsl(
                      new ClientSSLOptions().setTrustAll(true).setHostnameVerificationAlgorithm(""))
                  .compose(upgraded -> socket.write("hello"));
            })
        .onFailure(echoed::tryFail);

    assertThat(echoed.future().await(10, TimeUnit.SECONDS).toString()).isEqualTo("hello");
    client.close().await();
  }

  /** What a handler fires into its connection's pipeline comes before the end of the read. */
  @Test
  void shouldSendWhatAnswersAMessageThatAHandlerFires() throws Exception {
    int port =
        vertx
            .createNetServer()
            .connectHandler(DropInContract::answerWhatItFires)
            .listen(0, "localhost")
            .await()
            .actualPort();

    try (var socket = new Socket("localhost", port)) {
      assertAnswersWhatItFires(socket);
    }
  }

  /** Fires a message of its own behind one of a byte, and answers it. */
  private static void answerWhatItFires(NetSocket socket) {
    ChannelPipeline pipeline = ((NetSocketInternal) socket).channelHandlerContext().pipeline();
    socket.handler(
        bytes -> {
          if (bytes.length() == 1) {
            pipeline.fireChannelRead(Unpooled.copiedBuffer("fired", US_ASCII));
          } else {
            socket.end(bytes);
          }
        });
  }

  private static void assertAnswersWhatItFires(Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    socket.getOutputStream().write('a');
    assertThat(socket.getInputStream().readAllBytes()).isEqualTo("fired".getBytes(US_ASCII));
  }

  /**
   * Its context is not free when it comes: then it is read in one turn, and handled in another.
   * What is fired may find it free again, or not: so several times.
   */
  @Test
  void shouldFlushWhatAnswersAMessageFiredBehindAnother() throws Exception {
    var port = new AtomicInteger();
    var connected = new Semaphore(0);
    var blocked = new Semaphore(0);
    Promise<Context> deployed = Promise.promise();
    vertx
        .deployVerticle(
            new VerticleBase() {
              @Override
              public Future<?> start() {
                deployed.complete(context);
                return vertx
                    .createNetServer()
                    .connectHandler(
                        socket -> {
                          answerWhatItFires(socket);
                          connected.release();
                        })
                    .listen(0, "localhost")
                    .onSuccess(server -> port.set(server.actualPort()));
              }
            },
            deploymentOptions())
        .await();

    Context blocking = deployed.future().await();
    for (int i = 0; i < 10; i++) {
      try (var socket = new Socket("localhost", port.get())) {
        assertThat(connected.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        blocking.runOnContext(
            _ -> {
              blocked.release();
              sleep(50);
            });
        assertThat(blocked.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        assertAnswersWhatItFires(socket);
      }
    }
  }

  /** The context of its client is not free when it does. */
  @Test
  void shouldTakeTheFrameThatAServerSendsBehindItsHandshake() throws Exception {
    var frames = new LinkedBlockingQueue<String>();
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      vertx
          .deployVerticle(
              new VerticleBase() {
                @Override
                public Future<?> start() {
                  WebSocketClient client = vertx.createWebSocketClient();
                  context.runOnContext(
                      _ -> {
                        client
                            .connect(listening.getLocalPort(), "127.0.0.1", "/")
                            .onSuccess(socket -> socket.textMessageHandler(frames::add));
                        context.runOnContext(_ -> sleep(200));
                      });
                  return Future.succeededFuture();
                }
              },
              deploymentOptions())
          .await();
      try (Socket socket = listening.accept()) {
        String key = "";
        var head = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
        for (String line = head.readLine(); !line.isEmpty(); line = head.readLine()) {
          if (line.toLowerCase(Locale.ROOT).startsWith("sec-websocket-key:")) {
            key = line.substring(line.indexOf(':') + 1).trim();
          }
        }
        byte[] digest =
            MessageDigest.getInstance("SHA-1")
                .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(US_ASCII));
        socket
            .getOutputStream()
            .write(
                ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                        + "sec-websocket-accept: "
                        + Base64.getEncoder().encodeToString(digest)
                        + "\r\n\r\n\u0081\u0005first")
                    .getBytes(ISO_8859_1));

        assertThat(frames.poll(5, TimeUnit.SECONDS)).isEqualTo("first");
      }
    }
  }

  @Test
  void shouldCloseIdleConnections() throws Exception {
    var options =
        new HttpServerOptions().setIdleTimeout(200).setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
    var app = new DropInApp(options.setPort(0), file());
    vertx.deployVerticle(app, deploymentOptions()).await();

    try (var socket = new Socket(InetAddress.getLoopbackAddress(), app.port())) {
      socket.setSoTimeout(5_000);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  // ---- life cycle ----

  @Test
  void shouldUndeployAndDeployAgainOnTheSamePort() throws Exception {
    var app = new DropInApp(new HttpServerOptions().setPort(0), file());
    String deployment = vertx.deployVerticle(app, deploymentOptions()).await();
    int port = app.port();
    var ticks = new AtomicInteger();
    String ticking =
        vertx
            .deployVerticle(
                new VerticleBase() {
                  @Override
                  public Future<?> start() {
                    vertx.setPeriodic(1, tick -> ticks.incrementAndGet());
                    return Future.succeededFuture();
                  }
                },
                deploymentOptions())
            .await();

    vertx.undeploy(deployment).await();
    vertx.undeploy(ticking).await();

    assertThat(app.stopped).isTrue();
    assertThat(vertx.deploymentIDs()).isEmpty();
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
        .isInstanceOf(IOException.class);
    int ticksThen = ticks.get();
    TimeUnit.MILLISECONDS.sleep(50);
    assertThat(ticks.get()).isBetween(ticksThen, ticksThen + 1);
    vertx
        .deployVerticle(
            new DropInApp(new HttpServerOptions().setPort(port), file()), deploymentOptions())
        .await();
    assertThat(session(Protocol.HTTP_1, port).get("/hello").body()).isEqualTo("hello world");
  }

  @Test
  void shouldFailADeploymentWhoseStartFails() {
    assertThatThrownBy(
            () ->
                vertx
                    .deployVerticle(
                        new VerticleBase() {
                          @Override
                          public Future<?> start() {
                            throw new IllegalStateException("no start");
                          }
                        },
                        deploymentOptions())
                    .await())
        .hasMessageContaining("no start");
    assertThat(vertx.deploymentIDs()).isEmpty();
  }

  @Test
  void shouldServeFromSeveralInstances() throws Exception {
    var apps = new CopyOnWriteArrayList<DropInApp>();
    int port = deploy(Protocol.HTTP_1).port;
    vertx.undeploy(vertx.deploymentIDs().iterator().next()).await();
    Path file = file();
    vertx
        .deployVerticle(
            () -> {
              var app = new DropInApp(new HttpServerOptions().setPort(port), file);
              apps.add(app);
              return app;
            },
            deploymentOptions().setInstances(4))
        .await();

    Session session = session(Protocol.HTTP_1, port);
    List<CompletableFuture<HttpResponse<String>>> responses =
        IntStream.range(0, 90).mapToObj(i -> session.getAsync("/hello?name=" + i)).toList();

    assertThat(apps).hasSize(4);
    for (int i = 0; i < 90; i++) {
      assertThat(responses.get(i).get().body()).isEqualTo("hello " + i);
    }
  }

  @Test
  void shouldCloseEverything() throws Exception {
    var app = new DropInApp(new HttpServerOptions().setPort(0), file());
    vertx.deployVerticle(app, deploymentOptions()).await();
    int port = app.port();

    vertx.close().await();

    assertThat(app.stopped).isTrue();
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
        .isInstanceOf(IOException.class);
  }

  // ---- support ----

  private static Path file() throws IOException {
    Path file = directory.resolve("file.bin");
    if (!Files.exists(file)) {
      Files.write(file, random(500_000));
    }
    return file;
  }

  private Session deploy(Protocol protocol) throws Exception {
    return deploy(protocol, deploymentOptions());
  }

  private Session deploy(Protocol protocol, DeploymentOptions deployment) throws Exception {
    var options = new HttpServerOptions().setPort(0);
    if (protocol.tls) {
      options.setSsl(true).setUseAlpn(true).setKeyCertOptions(SelfSigned.CERTIFICATE);
    }
    var app = new DropInApp(options, file());
    vertx.deployVerticle(app, deployment).await();
    return session(protocol, app.port());
  }

  private Session session(Protocol protocol, int port) throws GeneralSecurityException {
    HttpClient client =
        HttpClient.newBuilder()
            .version(protocol.version)
            .connectTimeout(Duration.ofSeconds(10))
            .sslContext(trustAll())
            .build();
    clients.add(client);
    return new Session(client, protocol.tls ? "https" : "http", port);
  }

  private static SSLContext trustAll() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustAll()}, null);
    return context;
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static void awaitSize(List<?> list, int size) throws InterruptedException {
    for (int i = 0; i < 500 && list.size() < size; i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private static WebSocket.Listener listener(LinkedBlockingQueue<String> received) {
    return new WebSocket.Listener() {
      private int bytes;

      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
        received.add(text.toString());
        socket.request(1);
        return CompletableFuture.completedStage(null);
      }

      @Override
      public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
        bytes += part.remaining();
        if (last) {
          received.add(bytes + " bytes");
        }
        socket.request(1);
        return CompletableFuture.completedStage(null);
      }

      @Override
      public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
        received.add("closed " + status);
        return CompletableFuture.completedStage(null);
      }
    };
  }

  private record Session(HttpClient client, String scheme, int port) {
    HttpRequest.Builder request(String path) {
      return HttpRequest.newBuilder(URI.create(scheme + "://localhost:" + port + path));
    }

    HttpResponse<String> get(String path) throws Exception {
      return client.send(request(path).build(), BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> getAsync(String path) {
      return client.sendAsync(request(path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) throws Exception {
      return client.send(
          request(path).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }
  }

  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static void sleep(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
