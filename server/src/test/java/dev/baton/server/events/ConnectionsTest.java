package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.server.BatonOptions;
import dev.baton.server.SelfSigned;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.ProxyOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that are made, or end, in other ways than those of one client at one server. */
@Timeout(60)
final class ConnectionsTest {
  private final List<Vertx> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(vertx -> vertx.close().await());
  }

  /** With TLS 1.2 the server's settings may come with the end of the handshake, in one read. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldConnectAClientOfHttp2WithoutAPool(Host host) throws Exception {
    Vertx vertx = open(host);
    HttpServerOptions tls =
        new HttpServerOptions()
            .setSsl(true)
            .setUseAlpn(true)
            .setEnabledSecureTransportProtocols(Set.of("TLSv1.2"))
            .setKeyCertOptions(SelfSigned.CERTIFICATE);
    int port = listen(vertx, tls, request -> request.response().end("here"));
    HttpClientAgent client = client(vertx, trustingAll());

    try (var relay = new Relay(port)) {
      String body =
          in(
              vertx.getOrCreateContext(),
              () ->
                  body(
                      client
                          .connect(
                              new HttpConnectOptions().setHost("localhost").setPort(relay.port()))
                          .compose(connection -> connection.request())));

      assertThat(body).isEqualTo("here");
    }
  }

  /** Vert.x asserts that what a response brings comes where its stream expects it. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSendRequestsOverAConnectionWithoutAPool(Host host) throws Exception {
    Vertx vertx = open(host);
    int port = listen(vertx, new HttpServerOptions(), request -> request.response().end("here"));
    HttpClientAgent client = vertx.createHttpClient();
    HttpConnectOptions there = new HttpConnectOptions().setHost("localhost").setPort(port);
    Context context = vertx.getOrCreateContext();
    var made = new AtomicReference<HttpClientConnection>();

    for (int i = 0; i < 10; i++) {
      HttpClientConnection connection = made.get();
      String body =
          in(
              context,
              () ->
                  body(
                      connection == null
                          ? client.connect(there).onSuccess(made::set).compose(c -> c.request())
                          : connection.request()));

      assertThat(body).isEqualTo("here");
    }
  }

  /** In stock all its connections on one loop have one context, and are guarded by it. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSendRequestsOverAPoolWithLoopsOfItsOwn(Host host) throws Exception {
    Vertx vertx = host.vertx(new VertxOptions().setEventLoopPoolSize(2), new BatonOptions());
    opened.add(vertx);
    int port = listen(vertx, new HttpServerOptions(), inFours());
    Context context = vertx.getOrCreateContext();
    HttpClientOptions http2 = http2().setHttp2ClearTextUpgrade(false);

    for (int i = 0; i < 10; i++) {
      assertThat(fourBodies(vertx, context, new HttpClientOptions(), port)).isEqualTo("/0/1/2/3");
      assertThat(fourBodies(vertx, context, http2, port)).isEqualTo("/0/1/2/3");
    }
  }

  /** As above; where stock has several loops, an assertion of its own fails. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldUpgradeTheConnectionsOfAPoolWithALoopOfItsOwn(Host host) throws Exception {
    Vertx vertx = open(host);
    int both = listen(vertx, new HttpServerOptions(), inFours());
    int http1 = listen(vertx, new HttpServerOptions().setHttp2ClearTextEnabled(false), inFours());
    Context context = vertx.getOrCreateContext();
    HttpClientOptions preflight = http2().setHttp2ClearTextUpgradeWithPreflightRequest(true);

    for (int i = 0; i < 5; i++) {
      assertThat(fourBodies(vertx, context, http2(), both)).isEqualTo("/0/1/2/3");
      assertThat(fourBodies(vertx, context, http2(), http1)).isEqualTo("/0/1/2/3");
      assertThat(fourBodies(vertx, context, preflight, both)).isEqualTo("/0/1/2/3");
    }
  }

  private static HttpClientOptions http2() {
    return new HttpClientOptions()
        .setProtocolVersion(HttpVersion.HTTP_2)
        .setHttp2MultiplexingLimit(1);
  }

  /** Answers requests when four are there, so each has come over its own connection. */
  private static Handler<HttpServerRequest> inFours() {
    List<HttpServerRequest> waiting = new ArrayList<>();
    return request -> {
      synchronized (waiting) {
        waiting.add(request);
        if (waiting.size() == 4) {
          waiting.forEach(one -> one.response().end(one.path()));
          waiting.clear();
        }
      }
    };
  }

  private static String fourBodies(
      Vertx vertx, Context context, HttpClientOptions protocol, int port) throws Exception {
    var pool = new PoolOptions().setHttp1MaxSize(4).setHttp2MaxSize(4).setEventLoopSize(2);
    HttpClientAgent client = vertx.createHttpClient(protocol, pool);
    try {
      return in(context, () -> fourBodies(client, port));
    } finally {
      client.close().await();
    }
  }

  private static Future<Buffer> fourBodies(HttpClient client, int port) {
    List<Future<Buffer>> answers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      answers.add(body(client.request(HttpMethod.GET, port, "localhost", "/" + i)));
    }
    return Future.all(answers)
        .map(
            _ -> {
              Buffer all = Buffer.buffer();
              answers.forEach(answer -> all.appendBuffer(answer.result()));
              return all;
            });
  }

  /** Vert.x makes the connection in callbacks of the context that has asked for it. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldConnectAClientOfHttp2WhoseContextIsBusy(Host host) throws Exception {
    Vertx vertx = open(host);
    int port = listen(vertx, new HttpServerOptions(), request -> request.response().end("at last"));
    HttpClientAgent client = client(vertx, new HttpClientOptions());
    Context context = vertx.getOrCreateContext();

    for (int i = 0; i < 3; i++) {
      String body =
          in(
              context,
              () -> {
                Future<Buffer> answer =
                    body(
                        client
                            .connect(new HttpConnectOptions().setHost("localhost").setPort(port))
                            .compose(connection -> connection.request()));
                busy(200);
                return answer;
              });

      assertThat(body).isEqualTo("at last");
    }
  }

  /** That a connection is closed before it has had a message comes to a context that is busy. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldHearOfAClosedConnectionInABusyContext(Host host) throws Exception {
    Vertx vertx = open(host);
    var asked = new CountDownLatch(1);
    int port = listen(vertx, new HttpServerOptions(), _ -> asked.countDown());
    HttpClientAgent client =
        vertx.createHttpClient(new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_1_1));
    Context context = vertx.getOrCreateContext();
    Promise<Buffer> answer = Promise.promise();

    context.runOnContext(
        _ -> body(client.request(HttpMethod.GET, port, "localhost", "/")).onComplete(answer));
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
    context.runOnContext(
        _ -> {
          Future<Void> _ = client.close();
          busy(300);
        });

    assertThatThrownBy(() -> answer.future().await(10, TimeUnit.SECONDS))
        .hasMessageContaining("closed");
  }

  /** Its decoder has one more message then, with which the handler of bad requests is called. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldHearOfAConnectionThatIsClosedAmidAHead(Host host) throws Exception {
    Vertx vertx = open(host);
    var told = new LinkedBlockingQueue<String>();
    var port = new AtomicInteger();
    vertx
        .deployVerticle(
            context ->
                vertx
                    .createHttpServer()
                    .connectionHandler(c -> c.closeHandler(_ -> told.add("closed")))
                    .invalidRequestHandler(_ -> told.add("bad request"))
                    .requestHandler(
                        _ -> {
                          told.add("busy");
                          busy(300);
                        })
                    .listen(0, "localhost")
                    .onSuccess(server -> port.set(server.actualPort())))
        .await();

    leaveAmidAHead(port.get());
    assertEndsWithClosed(told);
    try (var other = new Wire(port.get())) {
      other.get("/");
      assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo("busy");
      leaveAmidAHead(port.get());
      assertEndsWithClosed(told);
    }
  }

  /** Where no worker is left, a request is not begun whose client has gone. */
  private static void assertEndsWithClosed(BlockingQueue<String> told) throws Exception {
    String first = told.poll(10, TimeUnit.SECONDS);
    assertThat(first).isIn("bad request", "closed");
    if (!first.equals("closed")) {
      assertThat(told.poll(10, TimeUnit.SECONDS)).isEqualTo("closed");
    }
  }

  private static void leaveAmidAHead(int port) throws IOException {
    try (var client = new Socket("localhost", port)) {
      client
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nhost: h".getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** A response without a length ends with its connection. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldHearOfAConnectionWhoseCloseEndsAResponse(Host host) throws Exception {
    Vertx vertx = open(host);
    HttpClientAgent client = vertx.createHttpClient();
    var closed = new CountDownLatch(1);

    try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread _ =
          Thread.startVirtualThread(
              () -> {
                try (Socket accepted = server.accept()) {
                  int _ = accepted.getInputStream().read(new byte[1_000]);
                  accepted
                      .getOutputStream()
                      .write("HTTP/1.1 200 OK\r\n\r\nall".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      String body =
          in(
              vertx.getOrCreateContext(),
              () ->
                  body(
                      client
                          .request(HttpMethod.GET, server.getLocalPort(), "localhost", "/")
                          .onSuccess(r -> r.connection().closeHandler(_ -> closed.countDown()))));

      assertThat(body).isEqualTo("all");
      assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** With TLS 1.2 a server's first bytes may come with the end of the handshake, in one read. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldHearWhatAServerSaysFirst(Host host) throws Exception {
    Vertx vertx = open(host);
    int port =
        vertx
            .createNetServer(
                new NetServerOptions()
                    .setSsl(true)
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.2"))
                    .setKeyCertOptions(SelfSigned.CERTIFICATE))
            .connectHandler(socket -> socket.write("welcome"))
            .listen(0, "localhost")
            .await()
            .actualPort();
    NetClient client =
        vertx.createNetClient(
            new NetClientOptions()
                .setSsl(true)
                .setTrustAll(true)
                .setHostnameVerificationAlgorithm(""));
    Context context = vertx.getOrCreateContext();

    try (var relay = new Relay(port)) {
      for (int i = 0; i < 8; i++) {
        boolean isBusy = i % 4 == 3;
        String heard =
            in(
                context,
                () -> {
                  Promise<Buffer> first = Promise.promise();
                  Future<NetSocket> _ =
                      client
                          .connect(relay.port(), "localhost")
                          .onSuccess(socket -> socket.handler(first::tryComplete))
                          .onFailure(first::tryFail);
                  if (isBusy) {
                    busy(300);
                  }
                  return first.future();
                });

        assertThat(heard).isEqualTo("welcome");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSpeakHttp2OverTlsThroughAProxy(Host host) throws Exception {
    Vertx vertx = open(host);
    HttpServerOptions tls =
        new HttpServerOptions()
            .setSsl(true)
            .setUseAlpn(true)
            .setKeyCertOptions(SelfSigned.CERTIFICATE);
    int port = listen(vertx, tls, request -> request.response().end("behind"));
    NetClient origins = vertx.createNetClient();
    int proxy =
        vertx
            .createHttpServer()
            .requestHandler(request -> tunnel(origins, request))
            .listen(0, "localhost")
            .await()
            .actualPort();
    HttpClientAgent client =
        client(
            vertx,
            trustingAll().setProxyOptions(new ProxyOptions().setHost("localhost").setPort(proxy)));

    for (int i = 0; i < 3; i++) {
      String body =
          in(
              vertx.getOrCreateContext(),
              () -> body(client.request(HttpMethod.GET, port, "localhost", "/")));

      assertThat(body).isEqualTo("behind");
    }
  }

  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldFlushTheAnswersOfManyStreamsTogether(Host host) throws Exception {
    int streams = 50;
    var flushes = new AtomicInteger();
    Vertx vertx = open(host);
    int port =
        vertx
            .createHttpServer()
            .connectionHandler(connection -> count(flushes, (ConnectionBase) connection))
            .requestHandler(request -> request.response().end("one of many"))
            .listen(0, "localhost")
            .await()
            .actualPort();

    try (Wire wire = new Wire(port).timeout(10_000).http2()) {
      wire.send(Wire.http2Get(1, "/")).http2Frame(Wire.DATA); // and the connection is there
      flushes.set(0);
      var requests = new ByteArrayOutputStream();
      for (int i = 1; i <= streams; i++) {
        requests.writeBytes(Wire.http2Get(1 + 2 * i, "/"));
      }
      wire.send(requests.toByteArray());
      for (int i = 1; i <= streams; i++) {
        assertThat(wire.http2Frame(Wire.DATA)).isNotNull();
      }
    }

    assertThat(flushes.get()).isBetween(1, streams / 2);
  }

  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldTellAWebSocketWhichClientIsBehindAProxy(Host host) throws Exception {
    Vertx vertx = open(host);
    int port =
        vertx
            .createHttpServer(new HttpServerOptions().setUseProxyProtocol(true))
            .webSocketHandler(socket -> socket.writeTextMessage(socket.remoteAddress().toString()))
            .listen(0, "localhost")
            .await()
            .actualPort();

    try (Wire wire = new Wire(port).timeout(10_000)) {
      assertThat(wire.send("PROXY TCP4 192.168.7.9 10.0.0.1 5000 80\r\n").upgrade("/").head())
          .startsWith("HTTP/1.1 101");

      assertThat(wire.readFrame()).isEqualTo("text 192.168.7.9:5000");
    }
  }

  /** Stock registers a channel at once where the calling thread is its loop's. */
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSendFromADatagramSocketThatWasJustMade(Host host) throws Exception {
    Vertx vertx = open(host);
    Context context = vertx.getOrCreateContext();

    try (var receiver = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      receiver.setSoTimeout(10_000);
      for (int i = 0; i < 5; i++) {
        String sent =
            in(
                context,
                () ->
                    vertx
                        .createDatagramSocket()
                        .send("hello", receiver.getLocalPort(), "127.0.0.1")
                        .map(_ -> Buffer.buffer("sent")));
        var packet = new DatagramPacket(new byte[16], 16);
        receiver.receive(packet);

        assertThat(sent).isEqualTo("sent");
        assertThat(packet.getLength()).isEqualTo(5);
      }
    }
  }

  // ---------------------------------------------------------------- what they are played with

  /** Passes bytes on to a server and back, those of 50 ms at once. */
  private static final class Relay implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int to;

    Relay(int to) throws IOException {
      this.to = to;
      Thread _ = Thread.startVirtualThread(this::accept);
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket client = server.accept();
          var origin = new Socket("localhost", to);
          Thread _ = Thread.startVirtualThread(() -> pass(client, origin));
          Thread _ = Thread.startVirtualThread(() -> pass(origin, client));
        }
      } catch (IOException e) {
        // closed
      }
    }

    private static void pass(Socket from, Socket to) {
      try (from;
          to) {
        InputStream in = from.getInputStream();
        for (int first; (first = in.read()) >= 0; ) {
          busy(50);
          byte[] bytes = new byte[1 + in.available()];
          bytes[0] = (byte) first;
          int read = in.readNBytes(bytes, 1, bytes.length - 1);
          to.getOutputStream().write(bytes, 0, 1 + read);
        }
      } catch (IOException e) {
        // the other end has closed
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  private static void busy(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Vertx open(Host host) {
    Vertx vertx = host.vertx();
    opened.add(vertx);
    return vertx;
  }

  private static int listen(
      Vertx vertx, HttpServerOptions options, Handler<HttpServerRequest> handler) {
    return vertx
        .createHttpServer(options)
        .requestHandler(handler)
        .listen(0, "localhost")
        .await()
        .actualPort();
  }

  private static HttpClientOptions trustingAll() {
    return new HttpClientOptions()
        .setSsl(true)
        .setUseAlpn(true)
        .setTrustAll(true)
        .setVerifyHost(false);
  }

  private static void count(AtomicInteger flushes, ConnectionBase connection) {
    connection
        .channel()
        .pipeline()
        .addFirst(
            new ChannelOutboundHandlerAdapter() {
              @Override
              public void flush(ChannelHandlerContext context) {
                flushes.incrementAndGet();
                context.flush();
              }
            });
  }

  private static HttpClientAgent client(Vertx vertx, HttpClientOptions options) {
    return vertx.createHttpClient(
        options.setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
  }

  private static Future<Buffer> body(Future<HttpClientRequest> request) {
    return request.compose(HttpClientRequest::send).compose(HttpClientResponse::body);
  }

  /** What comes of {@code asked} in a context: outside of one a body may come too early. */
  private static String in(Context context, Supplier<Future<Buffer>> asked) throws Exception {
    Promise<Buffer> answer = Promise.promise();
    context.runOnContext(_ -> asked.get().onComplete(answer));
    return answer.future().await(10, TimeUnit.SECONDS).toString();
  }

  /** A proxy's part of CONNECT. */
  private static void tunnel(NetClient origins, HttpServerRequest request) {
    int port = request.authority().port();
    Future<NetSocket> origin = origins.connect(port, "localhost").onSuccess(NetSocket::pause);
    Future<Void> _ =
        origin
            .compose(there -> request.toNetSocket())
            .onSuccess(
                here -> {
                  Future<Void> _ = here.pipeTo(origin.result());
                  Future<Void> _ = origin.result().pipeTo(here);
                })
            .mapEmpty();
  }
}
