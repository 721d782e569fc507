package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.server.main.DemoService;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import io.netty.buffer.ByteBufAllocator;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ProtocolException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The torture client finds each fault that is built in. That it finds nothing where nothing is
 * wrong is shown by {@link BatonTortureTest}; this build does not depend on what stock Vert.x gets
 * right.
 */
final class TortureTest {
  // One event loop, so that faults of one connection can reach another.
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));

  @AfterEach
  void close() {
    vertx.close().await();
  }

  @Test
  void shouldSendEveryKindAndLeaveInTheMiddle() {
    int port = demoService();

    Result result = Torture.run(Options.against("127.0.0.1", port));

    assertThat(result.counts().keySet()).containsExactlyInAnyOrderElementsOf(Kind.quiet());
    assertThat(result.ok()).as(result.report()).isPositive();
    assertThat(result.aborted()).as(result.report()).isPositive();
    assumeNothingWrong(result);
  }

  @Test
  void shouldFindNoLeakInStockVertxUnlessClientsLeave() {
    try (var leaks = LeakLog.open()) {
      int port = demoService();

      Result result =
          Torture.run(
              Options.against("127.0.0.1", port)
                  .withDuration(Duration.ofSeconds(2))
                  .withAbortPercent(0));

      assertThat(result.aborted()).isZero();
      assumeNothingWrong(result);
      assertThat(leaks.ours()).isEmpty();
    }
  }

  /** What stock Vert.x gets wrong is a finding about it, and no failure of this build. */
  private static void assumeNothingWrong(Result result) {
    Assumptions.assumeTrue(
        result.clean(), () -> "stock Vert.x on worker threads: " + result.report());
  }

  @Test
  void shouldSeeALeakOfOurs() {
    try (var leaks = LeakLog.open()) {
      vertx.runOnContext(v -> ByteBufAllocator.DEFAULT.directBuffer(64).writeByte(1));

      assertThat(leaks.ours()).anyMatch(report -> report.contains(TortureTest.class.getName()));
    }
  }

  @Test
  void shouldSendTheSameRequestsForTheSameSeed() {
    var random = new SplittableRandom(5);
    var again = new SplittableRandom(5);

    for (Kind kind : Kind.values()) {
      byte[] first = kind.create(new Kind.Draft(kind, "a", false, random.split())).bytes();
      byte[] second = kind.create(new Kind.Draft(kind, "a", false, again.split())).bytes();
      assertThat(first).isEqualTo(second);
    }
  }

  @Test
  void shouldReportResponsesThatChangedPlaces() {
    var held = new AtomicReference<HttpServerRequest>();
    int port =
        server(
            request -> {
              // Every request answers its predecessor, on the predecessor's connection, with its
              // own
              // id; as when two loops mix up whose response is whose.
              HttpServerRequest other = held.getAndSet(request);
              if (other != null) {
                answer(other, Objects.requireNonNull(request.getHeader("x-request-id")), "ok");
              }
            });

    Result result = Torture.run(faulty(port, Kind.FAST));

    assertThat(result.crossed()).as(result.report()).isPositive();
    assertThat(result.clean()).isFalse();
    assertThat(result.details()).anyMatch(line -> line.contains("CROSSED: GET /fast"));
  }

  @Test
  void shouldReportABodyWithALostPiece() {
    int port = server(request -> answer(request, request.getHeader("x-request-id"), "o"));

    Result result = Torture.run(faulty(port, Kind.FAST));

    assertThat(result.wrong()).as(result.report()).isPositive();
    assertThat(result.ok()).isZero();
    assertThat(result.details())
        .anyMatch(line -> line.contains("has 1 body bytes of 2 and differs from byte 1 on"));
  }

  @Test
  void shouldReportConnectionsThatAreClosedWithoutAnAnswer() {
    int port = server(request -> request.connection().close());

    Result result = Torture.run(faulty(port, Kind.FAST));

    assertThat(result.lost()).as(result.report()).isPositive();
    assertThat(result.ok()).isZero();
  }

  @Test
  void shouldReportWhatHangs() {
    int port = server(request -> {});

    Result result = Torture.run(faulty(port, Kind.FAST).withHangAfter(Duration.ofMillis(300)));

    assertThat(result.hung()).as(result.report()).isPositive();
    assertThat(result.lost()).isPositive();
    assertThat(result.details())
        .anyMatch(line -> line.contains("HUNG: waits since more than 300 ms for GET /fast"));
  }

  @Test
  void shouldReportBytesThatNobodyAskedFor() {
    int port = proxy(demoService(), (number, bytes) -> bytes.copy().appendString("x"));

    Result result = Torture.run(faulty(port, Kind.FAST));

    assertThat(result.clean()).as(result.report()).isFalse();
    assertThat(result.wrong() + result.unasked()).isPositive();
  }

  /** The faults of a broken event loop: somewhere in a large response, bytes go astray. */
  @ParameterizedTest
  @ValueSource(strings = {"lost", "doubled", "flipped", "reordered", "foreign"})
  void shouldReportBytesThatGoAstray(String fault) {
    var foreign = new AtomicReference<>(Buffer.buffer());
    int port =
        proxy(
            demoService(),
            (number, bytes) -> {
              Buffer other = foreign.getAndSet(bytes);
              int middle = bytes.length() / 2;
              if (number % 50 != 49 || bytes.length() < 1_000) {
                return bytes;
              }
              Buffer head = bytes.getBuffer(0, middle);
              Buffer tail = bytes.getBuffer(middle, bytes.length());
              return switch (fault) {
                case "lost" -> head.copy().appendBuffer(tail, 1, tail.length() - 1);
                case "doubled" -> head.copy().appendByte(tail.getByte(0)).appendBuffer(tail);
                case "flipped" -> bytes.copy().setByte(middle, (byte) (bytes.getByte(middle) ^ 1));
                case "reordered" -> tail.copy().appendBuffer(head);
                default -> other;
              };
            });

    Result result = Torture.run(faulty(port, Kind.STREAM).withConnections(16).withMaxPipeline(4));

    assertThat(result.clean()).as(result.report()).isFalse();
    assertThat(result.wrong() + result.crossed()).as(result.report()).isPositive();
    assertThat(result.ok()).as(result.report()).isPositive();
  }

  @Test
  void shouldRefuseWhatIsNotAResponse() {
    for (String bytes :
        new String[] {
          "HTTP/1.1 200 OK\r\nx: y\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ntransfer-encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
          "okHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\naa\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nz\r\n",
        }) {
      var in = new ByteArrayInputStream(bytes.getBytes(StandardCharsets.US_ASCII));
      assertThatThrownBy(() -> Response.read(in)).isInstanceOf(ProtocolException.class);
    }
  }

  private static Options faulty(int port, Kind kind) {
    Set<Kind> kinds = EnumSet.of(kind);
    return Options.against("127.0.0.1", port)
        .withDuration(Duration.ofSeconds(1))
        .withConnections(8)
        .withHangAfter(Duration.ofSeconds(1))
        .withAbortPercent(0)
        .withKinds(kinds);
  }

  /** Eight worker verticles on one port; returns the port. */
  private int demoService() {
    int port = freePort();
    var options = new HttpServerOptions().setHost("127.0.0.1").setPort(port);
    vertx
        .deployVerticle(
            () -> new DemoService(options),
            new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER).setInstances(8))
        .await();
    return port;
  }

  // Instances share a port only if they name it: neither 0 nor, in Vert.x 5.2.0, a negative one.
  private static int freePort() {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private int server(Handler<HttpServerRequest> handler) {
    return vertx
        .createHttpServer()
        .requestHandler(handler)
        .listen(0, "127.0.0.1")
        .await()
        .actualPort();
  }

  private static void answer(HttpServerRequest request, String id, String body) {
    HttpServerResponse response = request.response();
    response.putHeader("content-type", "text/plain").putHeader("x-request-id", id).end(body);
  }

  /** Passes bytes through; {@code fault} may change the n-th buffer that the server sends. */
  private int proxy(int port, Fault fault) {
    var number = new AtomicInteger();
    NetServer proxy = vertx.createNetServer();
    NetClient client = vertx.createNetClient();
    proxy.connectHandler(
        near -> {
          near.pause();
          Future<NetSocket> connected = client.connect(port, "127.0.0.1");
          connected.onFailure(refused -> near.close());
          connected.onSuccess(
              far -> {
                near.handler(far::write).closeHandler(closed -> far.close());
                far.handler(bytes -> near.write(fault.apply(number.getAndIncrement(), bytes)))
                    .closeHandler(closed -> near.close());
                near.resume();
              });
        });
    return proxy.listen(0, "127.0.0.1").await().actualPort();
  }

  @FunctionalInterface
  private interface Fault {
    Buffer apply(int number, Buffer bytes);
  }
}
