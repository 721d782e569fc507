package dev.baton.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that keep a server waiting, and servers that keep their clients waiting. */
@Timeout(60)
class ConnectionWatchIT {
  private static final Duration SHORT = Duration.ofMillis(100);

  /** Long enough for a request to follow its connection, on a busy machine too. */
  private static final Duration MIDDLE = Duration.ofSeconds(1);

  private static final Duration LONG = Duration.ofHours(1);

  private Vertx vertx = Vertx.vertx();
  private final Vertx clients = Vertx.vertx();

  @AfterEach
  void close() {
    vertx.close().await();
    clients.close().await();
  }

  private HttpServer serve(
      BatonOptions options, HttpServerOptions http, Handler<HttpServerRequest> handler) {
    vertx.close().await();
    vertx = Baton.vertx(options);
    return vertx.createHttpServer(http).requestHandler(handler).listen(0, "127.0.0.1").await();
  }

  private static BatonOptions timeouts(Duration head, Duration idle) {
    return new BatonOptions().setHeadTimeout(head).setIdleTimeout(idle);
  }

  private static Socket connect(HttpServer server) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
    socket.setSoTimeout(30_000); // a failure, not a time that is asserted
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String readUntil(Socket socket, String end) throws IOException {
    var text = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (text.indexOf(end) < 0) {
      int next = in.read();
      if (next < 0) {
        return text + "(closed)";
      }
      text.append((char) next);
    }
    return text.toString();
  }

  private static void answer(HttpServerRequest request) {
    request.response().end("answered");
  }

  // ---------------------------------------------------------------- clients that are slow

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldCloseAConnectionThatSendsNothing(boolean h2c) throws Exception {
    HttpServer server =
        serve(
            timeouts(SHORT, LONG),
            new HttpServerOptions().setHttp2ClearTextEnabled(h2c),
            ConnectionWatchIT::answer);
    try (Socket socket = connect(server)) {
      assertThat(readUntil(socket, "answered")).isEqualTo("(closed)");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"})
  void shouldCloseAConnectionWhoseHeadComesSlowly(String before) throws Exception {
    HttpServer server =
        serve(timeouts(MIDDLE, LONG), new HttpServerOptions(), ConnectionWatchIT::answer);
    try (Socket socket = connect(server)) {
      send(socket, before);
      if (!before.isEmpty()) {
        assertThat(readUntil(socket, "answered")).endsWith("answered");
      }
      send(socket, "GET / HTTP/1.1\r\nhost: a\r\n");
      long bytes = 0;
      try {
        while (bytes++ < 2_000) { // each on its own, one in 10 ms: more than 20 s
          send(socket, "a");
          Thread.sleep(10);
          if (socket.getInputStream().available() > 0) {
            break;
          }
        }
      } catch (SocketException closed) {
        // as it should be
      }

      assertThat(bytes).isLessThan(2_000);
    }
  }

  @Test
  void shouldCloseAConnectionThatIsNotUsedAnyMore() throws Exception {
    HttpServer server =
        serve(timeouts(LONG, SHORT), new HttpServerOptions(), ConnectionWatchIT::answer);
    try (Socket socket = connect(server)) {
      send(socket, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");

      assertThat(readUntil(socket, "answered")).endsWith("answered");
      assertThat(readUntil(socket, "answered")).isEqualTo("(closed)");
    }
  }

  @Test
  void shouldCloseAnIdleHttp2Connection() throws Exception {
    HttpServer server =
        serve(timeouts(LONG, MIDDLE), new HttpServerOptions(), ConnectionWatchIT::answer);
    var closed = new CountDownLatch(1);

    String body =
        http2(server)
            .compose(
                request -> {
                  request.connection().closeHandler(_ -> closed.countDown());
                  return request.send().compose(HttpClientResponse::body);
                })
            .await()
            .toString();

    assertThat(body).isEqualTo("answered");
    assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
  }

  private Future<HttpClientRequest> http2(HttpServer server) {
    return clients
        .createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false))
        .request(HttpMethod.POST, server.actualPort(), "127.0.0.1", "/");
  }

  @Test
  void shouldLeaveOtherServersAlone() throws Exception {
    vertx.close().await();
    vertx = Baton.vertx(timeouts(SHORT, SHORT));
    int port =
        vertx
            .createNetServer()
            .connectHandler(socket -> socket.handler(socket::write))
            .listen(0, "127.0.0.1")
            .await()
            .actualPort();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      Thread.sleep(SHORT.toMillis() * 5);
      send(socket, "echo");

      assertThat(readUntil(socket, "echo")).isEqualTo("echo");
    }
  }

  // ---------------------------------------------------------------- handlers that are slow

  private void answerLate(HttpServerRequest request) {
    request.endHandler(
        _ -> {
          try {
            Thread.sleep(MIDDLE.toMillis() * 3);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          answer(request);
        });
  }

  private static HttpServerOptions idleTimeoutOfVertx() {
    return new HttpServerOptions()
        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
        .setIdleTimeout((int) MIDDLE.toMillis());
  }

  @Test
  void shouldNotCutARequestWhoseHandlerRuns() throws Exception {
    HttpServer server = serve(timeouts(MIDDLE, MIDDLE), idleTimeoutOfVertx(), this::answerLate);
    try (Socket socket = connect(server)) {
      send(socket, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");

      assertThat(readUntil(socket, "answered")).endsWith("answered");
      assertThat(readUntil(socket, "answered")).as("nothing runs any more").isEqualTo("(closed)");
    }
  }

  @Test
  void shouldNotCutAnHttp2RequestWhoseHandlerRuns() {
    var warm = new AtomicBoolean();
    HttpServer server =
        serve(
            timeouts(MIDDLE, MIDDLE),
            idleTimeoutOfVertx(),
            request -> {
              if (warm.get()) {
                answerLate(request);
              } else {
                warm.set(true);
                answer(request);
              }
            });
    while (!warm.get()) { // until the client is quick enough to keep its connection
      Future<Buffer> first =
          http2(server).compose(request -> request.send().compose(HttpClientResponse::body));
      first.otherwiseEmpty().await();
    }

    Buffer body =
        http2(server).compose(request -> request.send().compose(HttpClientResponse::body)).await();

    assertThat(body.toString()).isEqualTo("answered");
  }

  @Test
  void shouldCutARequestWhoseBodyDoesNotCome() throws Exception {
    HttpServer server = serve(timeouts(LONG, LONG), idleTimeoutOfVertx(), this::answerLate);
    try (Socket socket = connect(server)) {
      send(socket, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");

      assertThat(readUntil(socket, "answered")).isEqualTo("(closed)");
    }
  }

  // ---------------------------------------------------------------- bodies that nobody wants

  @Test
  void shouldNotReadABodyForEverThatHasBeenAnswered() throws Exception {
    HttpServer server =
        serve(
            new BatonOptions(),
            new HttpServerOptions(),
            request -> request.response().setStatusCode(405).end("answered"));
    byte[] chunk = ("10000\r\n" + "x".repeat(1 << 16) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    int chunks = 0;
    try (Socket socket = connect(server)) {
      send(socket, "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
      assertThat(readUntil(socket, "answered")).startsWith("HTTP/1.1 405").endsWith("answered");

      while (chunks < 8192) { // 512 MiB
        socket.getOutputStream().write(chunk);
        chunks++;
      }
    } catch (SocketException closed) {
      // as it should be
    }
    assertThat(chunks).isLessThan(8192);
  }

  @Test
  void shouldServeTheNextRequestAfterAShortBodyThatNobodyWanted() throws Exception {
    HttpServer server =
        serve(new BatonOptions(), new HttpServerOptions(), ConnectionWatchIT::answer);
    try (Socket socket = connect(server)) {
      String post = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n";
      for (int i = 0; i < 3; i++) {
        send(socket, post);
        String early = readUntil(socket, "answered");
        send(socket, "x".repeat(100_000));

        assertThat(early).endsWith("answered");
      }
    }
  }

  @Test
  void shouldResetAnHttp2StreamWhoseBodyNobodyWants() throws Exception {
    HttpServer server =
        serve(
            new BatonOptions(),
            new HttpServerOptions(),
            request -> request.response().setStatusCode(405).end("answered"));
    HttpClientRequest request = http2(server).await().setChunked(true);
    var reset = new CountDownLatch(1);
    request.exceptionHandler(_ -> reset.countDown());
    HttpClientResponse response = request.writeHead().compose(_ -> request.response()).await();
    Buffer piece = Buffer.buffer(new byte[1 << 16]);
    long sent = 0;
    while (sent < 512L << 20 && reset.getCount() > 0) {
      if (request.writeQueueFull()) {
        Thread.sleep(1);
      } else {
        request.write(piece);
        sent += piece.length();
      }
    }

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(reset.getCount()).isZero();
  }

  // ---------------------------------------------------------------- proxies

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void shouldTellTheAddressOfTheProxysClient(boolean metrics, boolean h2c) throws Exception {
    vertx.close().await();
    vertx = Baton.vertx(new BatonOptions().setMetrics(metrics));
    var connected = new CompletableFuture<SocketAddress>();
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions().setUseProxyProtocol(true).setHttp2ClearTextEnabled(h2c))
            .connectionHandler(connection -> connected.complete(connection.remoteAddress()))
            .requestHandler(
                request ->
                    request
                        .response()
                        .end(
                            request.remoteAddress()
                                + " to "
                                + request.localAddress()
                                + " answered"))
            .listen(0, "127.0.0.1")
            .await();
    try (Socket socket = connect(server)) {
      send(
          socket,
          "PROXY TCP4 203.0.113.7 198.51.100.2 40000 443\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n");

      assertThat(readUntil(socket, "answered"))
          .endsWith("203.0.113.7:40000 to 198.51.100.2:443 answered");
      assertThat(connected)
          .isCompletedWithValue(SocketAddress.inetSocketAddress(40000, "203.0.113.7"));
    }
  }
}
