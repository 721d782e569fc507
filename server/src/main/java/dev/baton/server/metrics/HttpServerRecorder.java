package dev.baton.server.metrics;

import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.server.context.RequestWork;
import dev.baton.server.logging.AccessLog;
import dev.baton.server.metrics.FamilySpec.Kind;
import dev.baton.server.tracing.Traced;
import dev.baton.server.tracing.Traceparent;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.observability.HttpRequest;
import io.vertx.core.spi.observability.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Requests that were served. One for all servers of a {@code Vertx}.
 *
 * <p>Vert.x calls {@code requestBegin}, {@code responseEnd} and {@code requestReset} on the event
 * loop of the connection, and {@code requestRouted} on the thread of the handler; the last one
 * happens before the response ends, and is passed on with the task that writes it.
 */
final class HttpServerRecorder
    implements HttpServerMetrics<HttpServerRecorder.Request, HttpServerRecorder> {
  private static final CharSequence TRACEPARENT = HttpHeaders.createOptimized(Traceparent.NAME);
  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");

  /** A request under way. */
  static final class Request implements RequestWork.Routed, Traced {
    private final @Nullable HttpRequest request;
    private final HttpMethod method;
    private final long beginNanos;
    private final UnderWay underWay;
    private final int slot;
    private Route route;
    private @Nullable SocketAddress remote;
    private @Nullable String traceId;
    private @Nullable LatestRequest latest;
    private boolean done;

    private Request(
        Cell cell, @Nullable HttpRequest request, HttpMethod method, long beginNanos, Route route) {
      this.request = request;
      this.method = method;
      this.beginNanos = beginNanos;
      this.route = route;
      this.underWay = cell.underWay();
      this.slot = underWay.begin(route.kind(Route.indexOf(method)), beginNanos);
    }

    /** For onlookers: may be a moment behind. */
    @Override
    public @Nullable String route() {
      return route.isRouted() ? route.label() : null;
    }

    /** Until it is routed it is told by the route that such paths had before. */
    @Override
    public void waits() {
      Route known =
          request == null || route.isRouted()
              ? null
              : route.match(RequestWork.withoutQuery(request.uri()));
      if (known != null) {
        underWay.is(slot, known.kind(Route.indexOf(method)));
      }
    }

    /** Nothing of it is to be looked at any more. */
    private void end() {
      done = true;
      underWay.end(slot);
      if (latest != null) {
        latest.ended();
      }
    }

    void isLatestOf(LatestRequest connection) {
      latest = connection;
    }

    @Override
    public void traceId(String id) {
      traceId = id;
    }

    private @Nullable String requestId(@Nullable HttpResponse response) {
      String id = response == null ? null : response.headers().get(REQUEST_ID);
      return id != null || request == null ? id : request.headers().get(REQUEST_ID);
    }

    /** Over HTTP/2 nobody notes it here. */
    private @Nullable String traceId() {
      return traceId != null || request == null
          ? traceId
          : Traceparent.traceId(request.headers().get(TRACEPARENT));
    }
  }

  private final Recorder recorder;
  private final Family responseTime;
  private final ExemplarStore exemplars = new ExemplarStore();
  private final Route unmatched;
  private final int activeRequests;
  private final int activeWebSockets;
  private final int resets;

  // Written before the first request
  private volatile @Nullable AccessLog accessLog;

  HttpServerRecorder(Recorder recorder) {
    this.recorder = recorder;
    responseTime =
        recorder
            .family(
                FamilySpec.of(
                        Kind.HISTOGRAM,
                        "vertx_http_server_response_time_seconds",
                        "Time from a request's head to the end of its response.",
                        "method",
                        "code",
                        "route")
                    .withFineBuckets()
                    .countedAs("vertx_http_server_requests", "Requests that were answered."))
            .withExemplars(exemplars);
    unmatched = Route.unmatched(responseTime);
    activeRequests =
        recorder
            .family(
                FamilySpec.of(
                    Kind.GAUGE, "vertx_http_server_active_requests", "Requests under way."))
            .series();
    activeWebSockets =
        recorder
            .family(
                FamilySpec.of(
                    Kind.GAUGE, "vertx_http_server_active_ws_connections", "WebSockets open."))
            .series();
    resets =
        recorder
            .family(
                FamilySpec.of(
                    Kind.COUNTER,
                    "vertx_http_server_request_resets",
                    "Requests that ended without a whole response."))
            .series();
  }

  @Override
  public Request requestBegin(@Nullable SocketAddress remoteAddress, HttpRequest request) {
    Request begun = begin(request, request.method());
    begun.remote = remoteAddress;
    if (request instanceof HttpServerRequest mine
        && mine.connection() instanceof ConnectionBase connection
        && connection.metric() instanceof LatestRequest latest) {
      latest.begins(begun);
    }
    return begun;
  }

  @Override
  public Request responsePushed(
      @Nullable SocketAddress remoteAddress, HttpMethod method, String uri, HttpResponse response) {
    return begin(null, method);
  }

  private Request begin(@Nullable HttpRequest request, HttpMethod method) {
    Cell cell = recorder.cell();
    cell.add(activeRequests, 1);
    return new Request(cell, request, method, TransferableEventLoop.turnNanos(), unmatched);
  }

  @Override
  public void requestRouted(Request request, @Nullable String route) {
    if (route != null) {
      request.route = request.route.then(route);
      if (!request.done) {
        request.underWay.is(request.slot, request.route.kind(Route.indexOf(request.method)));
      }
    }
  }

  @Override
  public void responseEnd(Request request, HttpResponse response, long bytesWritten) {
    if (request.done) {
      return;
    }
    request.end();
    Cell cell = recorder.cell();
    cell.add(activeRequests, -1);
    int series = request.route.series(request.method, response.statusCode());
    long now = System.nanoTime();
    long nanos = now - request.beginNanos;
    int bucket = cell.record(series, nanos);
    if (cell.looks(series, bucket, now)) {
      exemplars.put(series, bucket, nanos, request.requestId(response), request.traceId());
    }
    log(request, response.statusCode(), response, bytesWritten);
  }

  private void log(Request request, int status, @Nullable HttpResponse response, long bytes) {
    AccessLog log = accessLog;
    if (log != null && request.request != null) {
      log.log(
          new AccessLog.Entry(
              request.request,
              request.remote,
              status,
              bytes,
              System.nanoTime() - request.beginNanos,
              request.route(),
              request.requestId(response),
              request.traceId()));
    }
  }

  /** Null: a push that is reset while it waits for a stream was never told of. */
  @Override
  public void requestReset(@Nullable Request request) {
    if (request != null && !request.done) {
      request.end();
      Cell cell = recorder.cell();
      cell.add(activeRequests, -1);
      cell.add(resets, 1);
      log(request, AccessLog.CLIENT_GONE, null, 0);
    }
  }

  @Override
  public HttpServerRecorder connected(HttpRequest request) {
    recorder.cell().add(activeWebSockets, 1);
    return this;
  }

  @Override
  public void disconnected(HttpServerRecorder webSocket) {
    recorder.cell().add(activeWebSockets, -1);
  }

  /** The route that a path would be given, as far as it was seen before; any thread. */
  @Nullable String match(String path) {
    Route known = unmatched.match(path);
    return known == null ? null : known.label();
  }

  /** Requests under way, by what they are. Any thread. */
  List<BatonMetrics.UnderWay> underWay() {
    Map<Integer, BatonMetrics.UnderWay> byKind = new HashMap<>();
    recorder.readUnderWay(
        (kind, beganNanos) ->
            byKind.merge(
                kind,
                new BatonMetrics.UnderWay(
                    Route.method(kind), unmatched.route(kind).label(), 1, beganNanos),
                BatonMetrics.UnderWay::plus));
    return List.copyOf(byKind.values());
  }

  /** Has each request logged from now on. */
  void accessLog(AccessLog log) {
    accessLog = log;
  }

  /** How long requests took, for each label set so far. Any thread. */
  List<RouteLatency> latencies() {
    List<RouteLatency> latencies = new ArrayList<>();
    for (Family.Series s : responseTime.all()) {
      latencies.add(
          new RouteLatency(
              s.values().get(0),
              s.values().get(1),
              s.values().get(2),
              recorder.latency(s.number())));
    }
    return latencies;
  }
}
