package dev.baton.stages;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** Collects a request's body up to a size and within a time. In the request's context. */
final class BodyCollector {
  private final HttpServerRequest request;
  private final RequestContext context;
  private final PipelineOptions limits;
  private final Promise<Buffer> whole = Promise.promise();

  private @Nullable Buffer body;
  private boolean isOurs;
  private java.util.concurrent.@Nullable Future<?> timer;

  BodyCollector(HttpServerRequest request, RequestContext context, PipelineOptions limits) {
    this.request = request;
    this.context = context;
    this.limits = limits;
  }

  Future<Buffer> collect() {
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    if (length != null && isLarger(length)) {
      // It is read and dropped, so that the answer is not lost in a reset.
      return Future.failedFuture(tooLarge());
    }
    // The request may belong to another context than the pipeline's.
    request.handler(piece -> context.submit(() -> add(piece)));
    request.exceptionHandler(failure -> context.submit(() -> end(brokenOff())));
    request.endHandler(ended -> context.submit(() -> end(null)));
    if (!limits.getBodyTimeout().isZero()) {
      // Most bodies have come with their head: no timer for those.
      context.defer(this::startTimer);
    }
    return whole.future();
  }

  private boolean isLarger(String length) {
    try {
      return Long.parseLong(length) > limits.getMaxBodyBytes();
    } catch (NumberFormatException notANumber) {
      return false; // the decoder has refused what it does not understand
    }
  }

  private void add(Buffer piece) {
    Buffer before = body;
    if (before == null) {
      body = piece;
    } else if (before.length() <= limits.getMaxBodyBytes()) {
      // Beyond the limit the rest is read and dropped, see above.
      if (!isOurs) { // a piece of Vert.x may be a slice of what it has read, which cannot grow
        isOurs = true;
        before = Buffer.buffer(2 * (before.length() + piece.length())).appendBuffer(before);
      }
      body = before.appendBuffer(piece);
    }
  }

  private void startTimer() {
    if (!whole.future().isComplete()) {
      // In halves: a server that stood still reads what has come meanwhile during the second.
      timer = scheduleHalf(() -> timer = scheduleHalf(() -> end(slow())));
    }
  }

  private java.util.concurrent.Future<?> scheduleHalf(Runnable next) {
    return context.schedule(next, limits.getBodyTimeout().toNanos() / 2);
  }

  private void end(@Nullable Problem problem) {
    java.util.concurrent.Future<?> t = timer;
    timer = null;
    if (t != null) {
      t.cancel(false);
    }
    Buffer all = body == null ? Buffer.buffer() : body;
    if (problem != null) {
      whole.tryFail(problem);
    } else if (all.length() > limits.getMaxBodyBytes()) {
      whole.tryFail(tooLarge());
    } else {
      whole.tryComplete(all);
    }
  }

  private Problem tooLarge() {
    return new Problem(
        413,
        "body",
        null,
        "is larger than " + limits.getMaxBodyBytes() + " bytes",
        "send less at a time");
  }

  private static Problem brokenOff() {
    return Problem.badField("body", null, "breaks off", "send all of it");
  }

  private static Problem slow() {
    return new Problem(408, "body", null, "did not come in time", "send it faster");
  }
}
