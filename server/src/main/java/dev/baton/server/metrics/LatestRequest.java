package dev.baton.server.metrics;

import dev.baton.server.metrics.HttpServerRecorder.Request;
import org.jspecify.annotations.Nullable;

/**
 * The latest request of an HTTP/1 connection, until it has ended. Vert.x says of most that they
 * have, but not of one whose response has ended and is not written when the connection closes: then
 * the connection ends it. In its channel.
 */
final class LatestRequest {
  private final HttpServerRecorder recorder;
  private @Nullable Request latest;
  private boolean closed;

  LatestRequest(HttpServerRecorder recorder) {
    this.recorder = recorder;
  }

  void begins(Request request) {
    latest = request;
    request.isLatestOf(this);
    if (closed) {
      recorder.requestReset(request);
    }
  }

  /** It has: a connection that waits for its next one keeps nothing of it. */
  void ended() {
    latest = null;
  }

  void closed() {
    closed = true;
    recorder.requestReset(latest);
  }
}
