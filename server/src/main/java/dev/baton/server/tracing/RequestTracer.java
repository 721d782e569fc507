package dev.baton.server.tracing;

import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.spi.tracing.SpanKind;
import io.vertx.core.spi.tracing.TagExtractor;
import io.vertx.core.spi.tracing.VertxTracer;
import io.vertx.core.tracing.TracingPolicy;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Notes which request and which trace a context runs for. Around the application's own tracer, if
 * there is one: its spans then tell where the time went. Otherwise the trace that a request came
 * with is passed on as it is to whomever its handler asks.
 *
 * <p>Vert.x calls it in I/O, in the context of the request.
 */
public final class RequestTracer implements VertxTracer<Object, Object> {
  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence TRACEPARENT = HttpHeaders.createOptimized(Traceparent.NAME);
  private static final String TRACESTATE = "tracestate";
  private static final int MAX_REQUEST_ID_LENGTH = 128;

  private final @Nullable VertxTracer<Object, Object> own;

  private RequestTracer(@Nullable VertxTracer<Object, Object> own) {
    this.own = own;
  }

  /**
   * A tracer around another.
   *
   * @param own the application's, or null
   */
  @SuppressWarnings("unchecked")
  public static RequestTracer around(@Nullable VertxTracer<?, ?> own) {
    return new RequestTracer((VertxTracer<Object, Object>) own);
  }

  /** Whether spans are made. */
  public boolean isTracing() {
    return own != null;
  }

  @Override
  public <R> @Nullable Object receiveRequest(
      Context context,
      SpanKind kind,
      TracingPolicy policy,
      R request,
      String operation,
      Iterable<Map.Entry<String, String>> headers,
      TagExtractor<R> tags) {
    Object span =
        own == null
            ? null
            : own.receiveRequest(context, kind, policy, request, operation, headers, tags);
    if (headers instanceof MultiMap map) {
      note(context, request, map, span);
    }
    return span;
  }

  private static void note(
      Context context, @Nullable Object request, MultiMap headers, @Nullable Object span) {
    String requestId = headers.get(REQUEST_ID);
    if (requestId != null && (requestId.isEmpty() || requestId.length() > MAX_REQUEST_ID_LENGTH)) {
      requestId = null;
    }
    String traceparent = headers.get(TRACEPARENT);
    String traceId = OpenTelemetryIds.traceId(span);
    if (traceId == null) {
      traceId = Traceparent.traceId(traceparent);
    }
    if (requestId == null && traceId == null && span == null) {
      return;
    }
    RequestTrace.put(
        context,
        new RequestTrace(
            requestId,
            traceId,
            traceId == null ? null : traceparent,
            traceId == null || traceparent == null ? null : headers.get(TRACESTATE),
            span == null ? 0 : System.nanoTime()));
    if (traceId != null
        && request instanceof HttpServerRequestInternal http
        && http.metric() instanceof Traced traced) {
      traced.traceId(traceId);
    }
  }

  @Override
  public <R> void sendResponse(
      Context context,
      @Nullable R response,
      @Nullable Object span,
      @Nullable Throwable failure,
      TagExtractor<R> tags) {
    if (own != null && span != null) {
      RequestTrace trace = RequestTrace.of((ContextInternal) context);
      own.sendResponse(
          context,
          response,
          span,
          failure,
          trace == null ? tags : new Times<>(tags, trace.times()));
    }
  }

  @Override
  public <R> @Nullable Object sendRequest(
      Context context,
      SpanKind kind,
      TracingPolicy policy,
      R request,
      String operation,
      BiConsumer<String, String> headers,
      TagExtractor<R> tags) {
    if (own != null) {
      return own.sendRequest(context, kind, policy, request, operation, headers, tags);
    }
    RequestTrace trace = RequestTrace.of((ContextInternal) context);
    if (trace != null && trace.traceparent != null && policy != TracingPolicy.IGNORE) {
      headers.accept(Traceparent.NAME, trace.traceparent);
      if (trace.tracestate != null) {
        headers.accept(TRACESTATE, trace.tracestate);
      }
    }
    return null;
  }

  @Override
  public <R> void receiveResponse(
      Context context,
      @Nullable R response,
      @Nullable Object span,
      @Nullable Throwable failure,
      TagExtractor<R> tags) {
    if (own != null && span != null) {
      own.receiveResponse(context, response, span, failure, tags);
    }
  }

  @Override
  public void close() {
    if (own != null) {
      own.close();
    }
  }

  /** What a span is told about a response, and where its time went. */
  private record Times<R>(TagExtractor<R> others, RequestTrace.Times times)
      implements TagExtractor<R> {
    private static final int COUNT = 3;

    @Override
    public int len(R response) {
      return others.len(response) + COUNT;
    }

    @Override
    public String name(R response, int index) {
      int mine = index - others.len(response);
      return switch (mine) {
        case 0 -> "baton.queued_us";
        case 1 -> "baton.on_loop_us";
        case 2 -> "baton.away_us";
        default -> others.name(response, index);
      };
    }

    @Override
    public String value(R response, int index) {
      int mine = index - others.len(response);
      return switch (mine) {
        case 0 -> micros(times.queuedNanos());
        case 1 -> micros(times.onLoopNanos());
        case 2 -> micros(times.awayNanos());
        default -> others.value(response, index);
      };
    }

    private static String micros(long nanos) {
      return Long.toString(nanos / 1000);
    }
  }
}
