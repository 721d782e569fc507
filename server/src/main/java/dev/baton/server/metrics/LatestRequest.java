package dev.baton.server.metrics;

import dev.baton.server.metrics.HttpServerRecorder.Request;
import org.jspecify.annotations.Nullable;

/**
 * The latest request of an HTTP/1 connection. Vert.x says of most that they have ended, but not of
 * one whose response has ended and is not written when the connection closes: then the connection
 * ends it. In its channel.
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
    if (closed) {
      recorder.requestReset(request);
    }
  }

  void closed() {
    closed = true;
    recorder.requestReset(latest);
  }
}
