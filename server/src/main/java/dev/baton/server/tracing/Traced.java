package dev.baton.server.tracing;

/** Implemented by the metric of a request, if it notes the trace. */
public interface Traced {
  /** Notes the id of the trace. In I/O, before the request's first callback. */
  void traceId(String traceId);
}
