package dev.baton.loadgen.client;

import dev.baton.loadgen.values.Values;
import org.jspecify.annotations.Nullable;

/** One request on its way; client thread only. Linked into the list of open requests while sent. */
final class Exchange {
  final RequestTemplate request;
  final int phase;

  /** When it was meant to start, {@link System#nanoTime()}. */
  final long intendedNanos;

  /** Which one of this request it is: 0, 1, … */
  final long ordinal;

  private final Values values;
  private @Nullable EncodedRequest message;

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

  Exchange(RequestTemplate request, int phase, long intendedNanos, long ordinal, Values values) {
    this.request = request;
    this.phase = phase;
    this.intendedNanos = intendedNanos;
    this.ordinal = ordinal;
    this.values = values;
  }

  /** What to write; made when it is first asked for, so that requests that wait stay small. */
  EncodedRequest message() {
    var made = message;
    if (made == null) {
      made = request.encode(ordinal, values);
      message = made;
    }
    return made;
  }
}
