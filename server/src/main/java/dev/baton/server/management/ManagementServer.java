package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.server.logging.LogLevels;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.stages.Problem;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code /metrics}, {@code /health/*}, the page {@code /baton}, its events and {@code
 * /baton/api/*}: read-only, but for levels of loggers and, if enabled, scheduling policies and what
 * runs in which enclave. A stock {@code Vertx} of its own with one event loop: it answers when
 * every loop of the service is stuck.
 */
public final class ManagementServer {
  private static final int TIMEOUT_SECONDS = 30;

  /** The page is one file, and fetches nothing but its events. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
          + " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
          + " frame-ancestors 'none'";

  private static final String LOGGERS = "/baton/api/loggers";
  private static final String POLICY = "/baton/api/policy";
  private static final String ENCLAVES = "/baton/api/enclaves";

  private final Vertx vertx;
  private final Map<String, Handler<HttpServerRequest>> paths = new LinkedHashMap<>();
  private final @Nullable BatonMetrics metrics;
  private final EventFeed feed;
  private final Gate gate;
  private final Health health;
  private final Watch watch;
  private final @Nullable LogLevels logLevels = LogLevels.find();
  private final @Nullable Scheduler scheduler;
  private final @Nullable Operations operations;
  private final boolean writable;
  private @Nullable HttpServer server;

  private ManagementServer(ManagementOptions options, Gate gate, Vertx service) {
    this.gate = gate;
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1));
    metrics = BatonMetrics.of(service);
    watch = Watch.of(service);
    Observer observer = new Observer(watch);
    scheduler = watch.scheduler();
    operations = service instanceof BatonVertx baton ? new Operations(baton) : null;
    writable = options.isWritable();
    feed = new EventFeed(vertx, observer);
    health = new Health(watch, options.getUnreadyAfter().toSeconds());
    vertx.setPeriodic(Health.LOOK_MILLIS, _ -> health.look());
    Buffer page = page();
    paths.put("/", request -> sendJson(request, 200, new JsonObject().put("paths", known())));
    paths.put("/health/live", request -> probe(request, health.liveness()));
    paths.put("/health/ready", request -> probe(request, health.readiness()));
    paths.put("/metrics", this::metrics);
    paths.put("/baton", request -> sendPage(request, page));
    paths.put("/baton/events", feed::serve);
    answer("/baton/api", () -> observer.overview().put("paths", known()));
    answer("/baton/api/loops", observer::loops);
    answer("/baton/api/workers", observer::workers);
    answer("/baton/api/pools", observer::pools);
    answer("/baton/api/takeovers", observer::takeovers);
    answer("/baton/api/routes", observer::routes);
    answer("/baton/api/stages", observer::stages);
    Scheduler s = scheduler;
    if (s != null) {
      answer(POLICY, () -> PolicyJson.of(s.enclave()));
      answer(ENCLAVES, () -> Operations.enclaves(s));
    }
    if (service instanceof BatonVertx baton) {
      paths.put("/baton/api/trace", new Recording(vertx, baton)::serve);
    }
    if (logLevels != null) {
      answer(LOGGERS, () -> new JsonObject().put("loggers", logLevels.toJson()));
    }
  }

  private void answer(String path, Supplier<JsonObject> content) {
    paths.put(path, request -> sendJson(request, 200, content.get()));
  }

  /**
   * Starts to listen on loopback.
   *
   * @param port 0 takes a free one
   * @param service what to show, of Baton or stock
   * @throws IOException as below
   */
  public static ManagementServer start(int port, Vertx service)
      throws IOException, TimeoutException {
    return start(new ManagementOptions().setPort(port), service);
  }

  /**
   * Starts to listen.
   *
   * @param options copied
   * @param service what to show, of Baton or stock
   * @throws IOException if it cannot listen there; the message says where and what to do
   */
  public static ManagementServer start(ManagementOptions options, Vertx service)
      throws IOException, TimeoutException {
    ManagementOptions o = new ManagementOptions(options);
    ManagementServer management = new ManagementServer(o, new Gate(o), service);
    try {
      management.server =
          management
              .vertx
              .createHttpServer(
                  new HttpServerOptions()
                      .setHost(o.getHost())
                      .setPort(o.getPort())
                      .setCompressionSupported(true))
              .requestHandler(management::handle)
              .listen()
              .await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (Throwable t) {
      management.close();
      if (t instanceof IOException e) {
        throw Listening.failure("the management port", o.getHost(), o.getPort(), e);
      }
      throw t;
    }
    return management;
  }

  /** The port it listens on. */
  public int port() {
    HttpServer s = server;
    return s == null ? -1 : s.actualPort();
  }

  /** From now on {@code /health/ready} says no, and the page why. Any thread. */
  public void draining() {
    watch.drain();
  }

  /** Who watches; to be asked on the event loop. */
  EventFeed feed() {
    return feed;
  }

  Vertx vertx() {
    return vertx;
  }

  /** Stops; waits until it is done. */
  public void close() {
    vertx.close().await();
  }

  private void handle(HttpServerRequest request) {
    Problem refusal = gate.refusal(request);
    if (refusal != null) {
      refuse(request, refusal);
      return;
    }
    String path = String.valueOf(request.path());
    if (request.method().equals(HttpMethod.PUT) && path.startsWith(LOGGERS + "/")) {
      setLevel(request, path.substring(LOGGERS.length() + 1));
      return;
    }
    Operations o = operations;
    if (request.method().equals(HttpMethod.PUT) && o != null) {
      if (path.equals(POLICY)) {
        carryOut(request, "policy", Operations.POLICY_EXAMPLE, o::setPolicy);
        return;
      }
      if (path.equals(ENCLAVES)) {
        carryOut(request, "enclave", Operations.MOVE_EXAMPLE, o::move);
        return;
      }
    }
    // Vert.x leaves the body of an answer to HEAD out.
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      request.response().setStatusCode(405).putHeader("Allow", "GET, HEAD").end();
      return;
    }
    Handler<HttpServerRequest> handler = paths.get(path);
    if (handler == null) {
      sendJson(request, 404, new JsonObject().put("error", "unknown path").put("paths", known()));
    } else {
      handler.handle(request);
    }
  }

  /** Only where the operator has enabled writing, and from this machine only. */
  private void carryOut(
      HttpServerRequest request,
      String field,
      String example,
      Function<JsonObject, JsonObject> operation) {
    if (!writable) {
      refuse(
          request,
          new Problem(
              403,
              null,
              null,
              "is read-only here",
              "start with --management-writable, or choose by the options of the server"));
      return;
    }
    if (!gate.isLoopback()) {
      refuse(request, offLoopback("choose by the options of the server"));
      return;
    }
    request
        .body()
        .compose(
            body -> // a new policy rebuilds what it keeps, a loop is waited for: that may take a
                // while
                vertx.executeBlocking(() -> operation.apply(new JsonObject(body))))
        .onSuccess(now -> sendJson(request, 200, now))
        .onFailure(
            refused ->
                refuse(
                    request,
                    new Problem(
                        refused instanceof IllegalArgumentException
                                || refused instanceof DecodeException
                                || refused instanceof ClassCastException
                            ? 400
                            : 409,
                        field,
                        null,
                        "cannot be carried out (" + refused.getMessage() + ")",
                        "send " + example)));
  }

  /** From this machine only. */
  private void setLevel(HttpServerRequest request, String logger) {
    LogLevels levels = logLevels;
    if (levels == null || !gate.isLoopback()) {
      refuse(
          request,
          levels == null
              ? new Problem(
                  404, null, null, "is for a log by Logback", "ask the logging library in use")
              : offLoopback("start with --log-level"));
      return;
    }
    request
        .body()
        .onSuccess(
            body -> {
              try {
                levels.set(logger, new JsonObject(body).getString("level"));
                request.response().setStatusCode(204).end();
              } catch (IllegalArgumentException | DecodeException | ClassCastException refused) {
                String reason = String.valueOf(refused.getMessage());
                refuse(
                    request,
                    new Problem(
                        400,
                        "level",
                        null,
                        "cannot be set (" + reason + ")",
                        "send {\"level\": \"debug\"}"));
              }
            });
  }

  private static Problem offLoopback(String instead) {
    return new Problem(
        403, null, null, "is for a port on loopback", instead + ", or listen on 127.0.0.1");
  }

  static void refuse(HttpServerRequest request, Problem refusal) {
    HttpServerResponse response = request.response().setStatusCode(refusal.status());
    if (refusal.status() == 401) {
      response.putHeader("WWW-Authenticate", "Basic realm=\"baton\"");
    }
    response
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/problem+json")
        .end(refusal.toJson(response.getStatusMessage(), null).encodePrettily() + "\n");
  }

  private JsonArray known() {
    JsonArray known = new JsonArray();
    paths.keySet().forEach(known::add);
    return known;
  }

  private static void probe(HttpServerRequest request, JsonObject health) {
    sendJson(request, health.getString("status").equals("UP") ? 200 : 503, health);
  }

  private void metrics(HttpServerRequest request) {
    BatonMetrics m = metrics;
    if (m == null) {
      sendJson(request, 404, new JsonObject().put("error", "metrics are switched off"));
      return;
    }
    BatonMetrics.Exposition exposition = m.scrape(request.getHeader(HttpHeaders.ACCEPT));
    request
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, exposition.contentType())
        .end(exposition.body());
  }

  private static void sendJson(HttpServerRequest request, int code, JsonObject body) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "application/json")
        .putHeader("Cache-Control", "no-store")
        .end(body.encodePrettily() + "\n");
  }

  private static void sendPage(HttpServerRequest request, Buffer page) {
    request
        .response()
        .putHeader("Content-Type", "text/html; charset=utf-8")
        .putHeader("Cache-Control", "no-cache")
        .putHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "no-referrer")
        .end(page);
  }

  private static Buffer page() {
    try (var in = ManagementServer.class.getResourceAsStream("live.html")) {
      return Buffer.buffer(
          Objects.requireNonNull(in, "live.html is not beside its class").readAllBytes());
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
