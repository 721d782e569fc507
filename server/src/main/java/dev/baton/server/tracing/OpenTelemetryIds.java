package dev.baton.server.tracing;

import io.vertx.tracing.opentelemetry.Operation;
import org.jspecify.annotations.Nullable;

/** The only class that sees OpenTelemetry: applications may trace otherwise, or not at all. */
final class OpenTelemetryIds {
  private static final String OPERATION = "io.vertx.tracing.opentelemetry.Operation";

  private OpenTelemetryIds() {}

  /** The trace that {@code span} belongs to; null if it is none of OpenTelemetry's. */
  static @Nullable String traceId(@Nullable Object span) {
    return span != null && span.getClass().getName().equals(OPERATION) ? Ids.of(span) : null;
  }

  /** Loaded only if there is such a span. */
  private static final class Ids {
    static String of(Object span) {
      return ((Operation) span).span().getSpanContext().getTraceId();
    }
  }
}
