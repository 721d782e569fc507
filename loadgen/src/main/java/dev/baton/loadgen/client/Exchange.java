package dev.baton.loadgen.client;

import org.jspecify.annotations.Nullable;

/** One request on its way; client thread only. Linked into the list of open requests while sent. */
final class Exchange {
  final RequestTemplate request;
  final int phase;

  /** When it was meant to start, {@link System#nanoTime()}. */
  final long intendedNanos;

  /** When it was handed to a connection; 0 before. */
  long sentNanos;

  @Nullable Connection connection;
  @Nullable Exchange previous;
  @Nullable Exchange next;
  boolean done;

  // Filled in as the response arrives.
  int status;
  long bodyBytes;
  @Nullable StringBuilder body;

  Exchange(RequestTemplate request, int phase, long intendedNanos) {
    this.request = request;
    this.phase = phase;
    this.intendedNanos = intendedNanos;
  }
}
