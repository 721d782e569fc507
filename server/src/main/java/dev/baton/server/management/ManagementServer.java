package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.server.metrics.BatonMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code /metrics}, {@code /health/live}, {@code /health/ready} and {@code /baton/api},
 * read-only, on loopback. A stock {@code Vertx} of its own with one event loop: it answers when
 * every loop of the service is stuck.
 */
public final class ManagementServer {
  private static final int TIMEOUT_SECONDS = 30;

  private final Vertx vertx;
  private final @Nullable Scheduler scheduler;
  private final @Nullable BatonMetrics metrics;
  private @Nullable HttpServer server;
  private volatile boolean draining;

  private ManagementServer(@Nullable Scheduler scheduler, @Nullable BatonMetrics metrics) {
    this.scheduler = scheduler;
    this.metrics = metrics;
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1));
  }

  /**
   * Starts to listen.
   *
   * @param port 0 takes a free one
   * @param service what to show, of Baton or stock
   */
  public static ManagementServer start(int port, Vertx service) throws TimeoutException {
    ManagementServer management =
        new ManagementServer(
            service instanceof BatonVertx baton ? baton.scheduler() : null,
            BatonMetrics.of(service));
    try {
      management.server =
          management
              .vertx
              .createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(port))
              .requestHandler(management::handle)
              .listen()
              .await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (Throwable t) {
      management.close();
      throw t;
    }
    return management;
  }

  /** The port it listens on. */
  public int port() {
    HttpServer s = server;
    return s == null ? -1 : s.actualPort();
  }

  /** From now on {@code /health/ready} says no. */
  public void draining() {
    draining = true;
  }

  /** Stops; waits until it is done. */
  public void close() {
    vertx.close().await();
  }

  private void handle(HttpServerRequest request) {
    if (!request.method().equals(HttpMethod.GET)) {
      request.response().setStatusCode(405).putHeader("Allow", "GET").end();
      return;
    }
    switch (String.valueOf(request.path())) {
      case "/" ->
          send(
              request,
              200,
              new JsonObject()
                  .put("live", "/health/live")
                  .put("ready", "/health/ready")
                  .put("metrics", "/metrics")
                  .put("scheduler", "/baton/api"));
      case "/metrics" -> metrics(request);
      case "/health/live" -> send(request, 200, status("UP"));
      case "/health/ready" ->
          send(request, draining ? 503 : 200, status(draining ? "DRAINING" : "UP"));
      case "/baton/api" -> {
        Scheduler s = scheduler;
        send(
            request,
            s == null ? 404 : 200,
            s == null ? new JsonObject().put("error", "stock Vert.x") : SchedulerJson.of(s));
      }
      default ->
          send(request, 404, new JsonObject().put("error", "unknown path; GET / lists what is"));
    }
  }

  private void metrics(HttpServerRequest request) {
    BatonMetrics m = metrics;
    if (m == null) {
      send(request, 404, new JsonObject().put("error", "metrics are switched off"));
      return;
    }
    BatonMetrics.Exposition exposition = m.scrape(request.getHeader(HttpHeaders.ACCEPT));
    request
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, exposition.contentType())
        .end(exposition.body());
  }

  private static JsonObject status(String status) {
    return new JsonObject().put("status", status);
  }

  private static void send(HttpServerRequest request, int code, JsonObject body) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "application/json")
        .end(body.encodePrettily() + "\n");
  }
}
