package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.metrics.ClientMetrics;
import io.vertx.core.spi.metrics.HttpClientMetrics;
import io.vertx.core.spi.observability.HttpRequest;
import io.vertx.core.spi.observability.HttpResponse;

/** Requests that were sent. One for all clients of a {@code Vertx}; servers are not told apart. */
final class HttpClientRecorder
    implements HttpClientMetrics<HttpClientRecorder.Request, HttpClientRecorder>,
        ClientMetrics<HttpClientRecorder.Request, HttpRequest, HttpResponse> {
  /** A request under way. Vert.x reports it under the connection's lock or on its loop. */
  static final class Request {
    private long beginNanos;
    private String method = Family.OTHER;
    private String code = Family.OTHER;
    private boolean begun;
    private boolean done;
  }

  private final Recorder recorder;
  private final Family responseTime;
  private final int activeRequests;
  private final int activeWebSockets;
  private final int resets;

  HttpClientRecorder(Recorder recorder) {
    this.recorder = recorder;
    responseTime =
        recorder.family(
            FamilySpec.of(
                    Kind.HISTOGRAM,
                    "vertx_http_client_response_time_seconds",
                    "Time from sending a request to the end of its response.",
                    "method",
                    "code")
                .countedAs("vertx_http_client_requests", "Requests that were answered.")
                .withMaxSeries(256));
    activeRequests =
        recorder
            .family(
                FamilySpec.of(
                    Kind.GAUGE,
                    "vertx_http_client_active_requests",
                    "Requests that wait for their response."))
            .series();
    activeWebSockets =
        recorder
            .family(
                FamilySpec.of(
                    Kind.GAUGE, "vertx_http_client_active_ws_connections", "WebSockets open."))
            .series();
    resets =
        recorder
            .family(
                FamilySpec.of(
                    Kind.COUNTER,
                    "vertx_http_client_request_resets",
                    "Requests that ended without a whole response."))
            .series();
  }

  @Override
  public ClientMetrics<Request, HttpRequest, HttpResponse> createEndpointMetrics(
      SocketAddress remoteAddress, int maxPoolSize) {
    return this;
  }

  @Override
  public Request init() {
    return new Request();
  }

  @Override
  public void requestBegin(Request request, String uri, HttpRequest head) {
    request.begun = true;
    request.beginNanos = System.nanoTime();
    request.method = Route.label(head.method());
    recorder.cell().add(activeRequests, 1);
  }

  @Override
  public void responseBegin(Request request, HttpResponse response) {
    request.code = Route.label(response.statusCode());
  }

  @Override
  public void responseEnd(Request request, long bytesRead) {
    if (request.begun && !request.done) {
      request.done = true;
      Cell cell = recorder.cell();
      cell.add(activeRequests, -1);
      int series = responseTime.series(request.method, request.code);
      cell.record(series, System.nanoTime() - request.beginNanos);
    }
  }

  @Override
  public void requestReset(Request request) {
    if (request.begun && !request.done) {
      request.done = true;
      Cell cell = recorder.cell();
      cell.add(activeRequests, -1);
      cell.add(resets, 1);
    }
  }

  @Override
  public HttpClientRecorder connected(HttpRequest request) {
    recorder.cell().add(activeWebSockets, 1);
    return this;
  }

  @Override
  public void disconnected(HttpClientRecorder webSocket) {
    recorder.cell().add(activeWebSockets, -1);
  }
}
