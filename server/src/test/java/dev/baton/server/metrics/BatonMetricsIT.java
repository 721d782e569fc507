package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.ext.web.Router;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Real connections, exact numbers: on Baton and on stock Vert.x. */
class BatonMetricsIT {
  /** Where the metrics are installed. */
  enum On {
    BATON_SERIAL,
    BATON_PER_REQUEST,
    BATON_PINNED,
    STOCK;

    Vertx start() {
      return switch (this) {
        case BATON_SERIAL -> baton(ContextMode.SERIAL);
        case BATON_PER_REQUEST -> baton(ContextMode.PER_REQUEST);
        case BATON_PINNED -> baton(ContextMode.PINNED);
        case STOCK -> Vertx.builder().withMetrics(new BatonMetricsFactory()).build();
      };
    }

    private static Vertx baton(ContextMode mode) {
      return Baton.vertx(new BatonOptions().setContextMode(mode));
    }
  }

  private static final String TIME = "vertx_http_server_response_time_seconds";

  /** A server and a client, each with a {@code Vertx} of its own. */
  private static final class Setup implements AutoCloseable {
    private final Vertx vertx;
    private final Vertx clients = Vertx.vertx();
    private final HttpClient client = clients.createHttpClient();
    private int port;

    Setup(On on) {
      vertx = on.start();
    }

    Setup serve(Handler<HttpServerRequest> handler) {
      return serve(new HttpServerOptions(), handler);
    }

    Setup serve(HttpServerOptions options, Handler<HttpServerRequest> handler) {
      vertx
          .deployVerticle(
              new VerticleBase() {
                @Override
                public Future<?> start() {
                  return vertx
                      .createHttpServer(options.setPort(0).setHost("127.0.0.1"))
                      .requestHandler(handler)
                      .webSocketHandler(socket -> socket.handler(socket::write))
                      .listen()
                      .onSuccess(server -> port = server.actualPort());
                }
              })
          .await();
      return this;
    }

    int get(String path) {
      return status(HttpMethod.GET, path, null);
    }

    int status(HttpMethod method, String path, @Nullable String id) {
      return client
          .request(method, port, "127.0.0.1", path)
          .compose(
              request -> {
                if (id != null) {
                  request.putHeader("x-request-id", id);
                }
                return request.send();
              })
          .compose(r -> r.body().map(b -> r.statusCode()))
          .await();
    }

    BatonMetrics metrics() {
      BatonMetrics metrics = BatonMetrics.of(vertx);
      if (metrics == null) {
        throw new AssertionError("no metrics");
      }
      return metrics;
    }

    Scrape scrape() {
      return Scrape.of(metrics());
    }

    void until(String series, double value) {
      try {
        Scrape.until(series + " is " + value, () -> scrape().value(series) == value);
      } catch (AssertionError e) {
        throw new AssertionError(e.getMessage() + " and not " + scrape().value(series), e);
      }
    }

    @Override
    public void close() {
      clients.close().await();
      vertx.close().await();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountEachRequestOnceByRouteMethodAndStatus(On on) {
    try (Setup setup = new Setup(on)) {
      Router router = Router.router(setup.vertx);
      router.get("/users/:id").handler(c -> c.response().end("user"));
      router.post("/users").handler(c -> c.response().setStatusCode(201).end());
      router.get("/slow").handler(c -> setup.vertx.setTimer(30, t -> c.response().end()));
      Router admin = Router.router(setup.vertx);
      admin.get("/stats").handler(c -> c.response().end());
      router.route("/admin/*").subRouter(admin);
      setup.serve(router);

      for (int i = 0; i < 20; i++) {
        assertThat(setup.get("/users/" + i)).isEqualTo(200);
      }
      for (int i = 0; i < 3; i++) {
        assertThat(setup.status(HttpMethod.POST, "/users", null)).isEqualTo(201);
        assertThat(setup.get("/slow")).isEqualTo(200);
        assertThat(setup.get("/nowhere/" + i)).isEqualTo(404);
        assertThat(setup.get("/admin/stats")).isEqualTo(200);
      }

      setup.until("vertx_http_server_active_requests", 0);
      Scrape scrape = setup.scrape();
      String requests = "vertx_http_server_requests_total";
      assertThat(scrape.value(requests + "{code=\"200\",method=\"GET\",route=\"/users/:id\"}"))
          .isEqualTo(20);
      assertThat(scrape.value(requests + "{code=\"201\",method=\"POST\",route=\"/users\"}"))
          .isEqualTo(3);
      assertThat(scrape.value(requests + "{code=\"404\",method=\"GET\",route=\"unmatched\"}"))
          .isEqualTo(3);
      assertThat(scrape.value(requests + "{code=\"200\",method=\"GET\",route=\"/admin/>/stats\"}"))
          .isEqualTo(3);
      assertThat(scrape.count(requests)).isEqualTo(5);
      String slow = "code=\"200\",method=\"GET\",route=\"/slow\"";
      assertThat(scrape.value(TIME + "_count{" + slow + "}")).isEqualTo(3);
      assertThat(scrape.value(TIME + "_sum{" + slow + "}")).isBetween(0.089, 20.0);
      assertThat(scrape.value(TIME + "_bucket{" + slow + ",le=\"0.0256\"}")).isZero();
      assertThat(scrape.value(TIME + "_bucket{" + slow + ",le=\"10.0\"}")).isEqualTo(3);
      assertThat(scrape.value(TIME + "_bucket{" + slow + ",le=\"+Inf\"}")).isEqualTo(3);
      assertThat(scrape.count(TIME + "_bucket{" + slow)).isEqualTo(81);
      assertThat(scrape.text())
          .contains("# TYPE " + TIME + " histogram", "# TYPE " + requests + " counter");
      assertThat(setup.metrics().httpLatencies())
          .filteredOn(l -> l.route().equals("/slow"))
          .singleElement()
          .satisfies(l -> assertThat(l.latency().quantileNanos(0.5)).isGreaterThan(25_000_000));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BATON_PER_REQUEST", "STOCK"})
  void shouldKeepTheNumberOfSeriesFlatUnderRandomPaths(On on) throws Exception {
    try (Setup setup = new Setup(on)) {
      Router router = Router.router(setup.vertx);
      router.get("/items/:id").handler(c -> c.response().end());
      setup.serve(router);
      int requests = 100_000;
      setup.get("/items/first");
      setup.get("/first");
      Scrape.until(
          "both are counted", () -> setup.scrape().count("vertx_http_server_requests_total") == 2);
      long before = setup.scrape().count("vertx_");

      CountDownLatch answered = new CountDownLatch(requests);
      HttpClient client = setup.client;
      for (int lane = 0; lane < 5; lane++) {
        next(setup, client, lane, 5, requests, answered);
      }

      assertThat(answered.await(120, TimeUnit.SECONDS)).isTrue();
      setup.until("vertx_http_server_active_requests", 0);
      Scrape scrape = setup.scrape();
      assertThat(scrape.count("vertx_")).isEqualTo(before);
      assertThat(
              scrape.value(
                      "vertx_http_server_requests_total{code=\"404\",method=\"GET\",route=\"unmatched\"}")
                  + scrape.value(
                      "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"/items/:id\"}"))
          .isEqualTo(requests + 2);
    }
  }

  private static void next(
      Setup setup, HttpClient client, int i, int step, int end, CountDownLatch answered) {
    if (i >= end) {
      return;
    }
    String path = i % 2 == 0 ? "/items/" + i : "/p" + i + "/q" + Integer.toHexString(i * 31);
    client
        .request(HttpMethod.GET, setup.port, "127.0.0.1", path)
        .compose(r -> r.send().compose(HttpClientResponse::end))
        .onComplete(
            done -> {
              answered.countDown();
              next(setup, client, i + step, step, end, answered);
            });
  }

  @ParameterizedTest
  @EnumSource(names = {"BATON_SERIAL", "STOCK"})
  void shouldBoundRoutesThatAnApplicationInvents(On on) {
    try (Setup setup = new Setup(on)) {
      setup.serve(
          request -> {
            request.routed(request.path());
            request.response().end();
          });
      for (int i = 0; i < Route.MAX_ROUTES + 50; i++) {
        setup.get("/invented/" + i);
      }

      setup.until("vertx_http_server_active_requests", 0);
      Scrape scrape = setup.scrape();
      assertThat(scrape.count("vertx_http_server_requests_total")).isEqualTo(Route.MAX_ROUTES + 1);
      assertThat(
              scrape.value(
                  "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"other\"}"))
          .isEqualTo(50);
      assertThat(scrape.value("baton_metrics_overflows_total{metric=\"" + TIME + "\"}"))
          .isGreaterThanOrEqualTo(50);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountConnectionsBytesResetsAndWebSockets(On on) throws Exception {
    try (Setup setup = new Setup(on)) {
      setup.serve(
          request -> {
            if (!request.path().equals("/never")) {
              request.response().end(Buffer.buffer(new byte[10_000]));
            }
          });
      setup.get("/");
      setup.until(
          "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"unmatched\"}", 1);
      setup.until("vertx_http_server_active_connections", 1);
      setup.until("vertx_http_server_bytes_written_total", 10_000); // Vert.x counts no heads
      setup
          .client
          .request(HttpMethod.POST, setup.port, "127.0.0.1", "/")
          .compose(r -> r.send(Buffer.buffer(new byte[777])).compose(HttpClientResponse::end))
          .await();
      setup.until("vertx_http_server_bytes_read_total", 777);

      NetClient netClient = setup.clients.createNetClient();
      NetSocket aborting = netClient.connect(setup.port, "127.0.0.1").await();
      aborting.write("GET /never HTTP/1.1\r\nhost: h\r\n\r\n").await();
      setup.until("vertx_http_server_active_requests", 1);
      aborting.close().await();
      setup.until("vertx_http_server_request_resets_total", 1);
      setup.until("vertx_http_server_active_requests", 0);

      WebSocketClient sockets = setup.clients.createWebSocketClient();
      WebSocket socket = sockets.connect(setup.port, "127.0.0.1", "/ws").await();
      setup.until("vertx_http_server_active_ws_connections", 1);
      socket.close().await();
      setup.until("vertx_http_server_active_ws_connections", 0);
      assertThat(
              setup
                  .scrape()
                  .value(
                      "vertx_http_server_requests_total{code=\"101\",method=\"GET\",route=\"unmatched\"}"))
          .isEqualTo(1);
      setup.client.close().await();
      setup.until("vertx_http_server_active_connections", 0);
      sockets.close().await();
      netClient.close().await();
    }
  }

  /** Nor does the worker that has run it, after it has lost its loop to another one. */
  @ParameterizedTest
  @CsvSource({
    "BATON_SERIAL, 0", "BATON_SERIAL, 30",
    "BATON_PER_REQUEST, 0", "BATON_PER_REQUEST, 30",
    "BATON_PINNED, 0", "STOCK, 0"
  })
  void shouldKeepNothingOfARequestThatHasEnded(On on, int sleepsMillis) {
    try (Setup setup = new Setup(on)) {
      List<WeakReference<Object>> requests = new CopyOnWriteArrayList<>();
      setup.serve(
          request -> {
            requests.add(new WeakReference<>(request));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(sleepsMillis));
            request.response().end();
          });
      setup.get("/");

      Scrape.until(
          "it is collected",
          () -> {
            System.gc();
            return requests.getFirst().get() == null;
          });
      assertThat(setup.scrape().value("vertx_http_server_active_connections")).isEqualTo(1);
    }
  }

  /** Vert.x does not say that they have ended. */
  @ParameterizedTest
  @EnumSource
  void shouldForgetRequestsWhoseClientHasLeftBeforeTheirResponseWasWritten(On on) throws Exception {
    try (Setup setup = new Setup(on)) {
      setup.serve(
          request -> {
            request.response().setChunked(true);
            Future<Void> _ = request.response().write(Buffer.buffer(new byte[16 << 20]));
            Future<Void> _ = request.response().end("and the last of it");
          });
      for (String unread :
          List.of("GET / HTTP/1.1\r\nhost: h\r\n\r\n", "GET / HTTP/1.1\r\nhost: h")) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), setup.port)) {
          socket.getOutputStream().write(unread.getBytes(StandardCharsets.US_ASCII));
          setup.until("vertx_http_server_active_connections", 1);
          if (unread.endsWith("\n")) {
            setup.until("vertx_http_server_active_requests", 1);
          }
        }
        setup.until("vertx_http_server_active_connections", 0);
        setup.until("vertx_http_server_active_requests", 0);
      }
      setup.until("vertx_http_server_request_resets_total", 2);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BATON_SERIAL", "BATON_PER_REQUEST", "STOCK"})
  void shouldCountRequestsOverHttp2(On on) {
    try (Setup setup = new Setup(on)) {
      setup.serve(
          request -> {
            request.routed("/h2");
            request.response().end("over " + request.version());
          });
      HttpClient h2 =
          setup.clients.createHttpClient(
              new HttpClientOptions()
                  .setProtocolVersion(HttpVersion.HTTP_2)
                  .setHttp2ClearTextUpgrade(false));

      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        all.add(
            h2.request(new RequestOptions().setPort(setup.port).setHost("127.0.0.1").setURI("/"))
                .compose(r -> r.send().compose(HttpClientResponse::end)));
      }
      Future.all(all).await();

      setup.until(
          "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"/h2\"}", 50);
      setup.until("vertx_http_server_active_requests", 0);
      h2.close().await();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BATON_SERIAL", "BATON_PER_REQUEST", "STOCK"})
  void shouldCountWhatClientsPoolsNetAndEventBusDo(On on) {
    try (Setup setup = new Setup(on)) {
      setup.serve(request -> request.response().setStatusCode(204).end());
      Vertx vertx = setup.vertx;
      HttpClient client = vertx.createHttpClient();
      for (int i = 0; i < 5; i++) {
        client
            .request(HttpMethod.PUT, setup.port, "127.0.0.1", "/")
            .compose(r -> r.send().compose(HttpClientResponse::end))
            .await();
      }
      vertx.eventBus().consumer("here", message -> message.reply("pong"));
      for (int i = 0; i < 4; i++) {
        vertx.eventBus().request("here", "ping").await();
      }
      vertx.eventBus().publish("here", "to all");
      assertThatThrownBy(() -> vertx.eventBus().request("nobody", "ping").await())
          .hasMessageContaining("No handlers");
      for (int i = 0; i < 6; i++) {
        vertx.executeBlocking(() -> 1).await();
      }
      int port =
          vertx
              .createNetServer()
              .connectHandler(socket -> socket.handler(socket::write))
              .listen(0, "127.0.0.1")
              .await()
              .actualPort();
      NetClient netClient = vertx.createNetClient(); // a client that nobody holds may be closed
      NetSocket socket = netClient.connect(port, "127.0.0.1").await();
      Future<Buffer> echoed = Future.future(promise -> socket.handler(promise::tryComplete));
      socket.write("0123456789");
      echoed.await();

      setup.until("vertx_http_client_requests_total{code=\"204\",method=\"PUT\"}", 5);
      setup.until("vertx_eventbus_sent_total", 4 + 1);
      setup.until("vertx_eventbus_published_total", 1);
      setup.until("vertx_eventbus_reply_failures_total", 1);
      setup.until("vertx_eventbus_pending", 0);
      setup.until("vertx_eventbus_handlers", 1);
      String pool = "{pool_name=\"vert.x-worker-thread\",pool_type=\"worker\"}";
      Scrape.until(
          "all is done", () -> setup.scrape().value("vertx_pool_completed_total" + pool) >= 6);
      Scrape scrape = setup.scrape();
      assertThat(scrape.value("vertx_pool_in_use" + pool)).isZero();
      assertThat(scrape.value("vertx_pool_queue_time_seconds_count" + pool))
          .isEqualTo(scrape.value("vertx_pool_usage_seconds_count" + pool));
      assertThat(scrape.value("vertx_http_client_active_requests")).isZero();
      assertThat(scrape.value("vertx_http_client_queue_time_seconds_count")).isEqualTo(5);
      assertThat(scrape.value("vertx_http_client_active_connections")).isBetween(1.0, 5.0);
      assertThat(scrape.value("vertx_eventbus_delivered_total")).isGreaterThanOrEqualTo(5);
      setup.until("vertx_net_server_active_connections", 1);
      setup.until("vertx_net_client_active_connections", 1);
      socket.close().await();
      setup.until("vertx_net_server_bytes_read_total", 10);
      setup.until("vertx_net_client_bytes_read_total", 10);
      setup.until("vertx_net_server_active_connections", 0);
      netClient.close().await();
      client.close().await();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BATON_PER_REQUEST", "STOCK"})
  void shouldShowRequestIdsAsExemplarsInOpenMetrics(On on) {
    try (Setup setup = new Setup(on)) {
      setup.serve(request -> request.response().end());
      setup.status(HttpMethod.GET, "/", "order-66");
      setup.until(
          "vertx_http_server_requests_total{code=\"200\",method=\"GET\",route=\"unmatched\"}", 1);

      BatonMetrics.Exposition open =
          setup.metrics().scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
      BatonMetrics.Exposition plain = setup.metrics().scrape("text/plain");

      assertThat(open.contentType()).startsWith("application/openmetrics-text; version=1.0.0");
      assertThat(open.body().toString())
          .containsPattern("_bucket\\{.*route=\"unmatched\".*} 1 # \\{request_id=\"order-66\"} ")
          .endsWith("# EOF\n");
      assertThat(plain.contentType()).startsWith("text/plain; version=0.0.4");
      assertThat(plain.body().toString()).doesNotContain("order-66");
    }
  }
}
