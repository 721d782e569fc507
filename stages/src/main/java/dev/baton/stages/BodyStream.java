package dev.baton.stages;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A request's body in the context of its pipeline, paused to begin with. Any thread; handlers are
 * called in the pipeline's context.
 *
 * <p>The events of the request may come in another context. Were they passed on there, a pipe into
 * a file would ask whether the file is full on one thread while another sees it drained, and would
 * pause for ever. So they are brought here first, at most {@value #WINDOW} at a time: that many are
 * fetched ahead, and as many again as have been taken.
 */
final class BodyStream implements ReadStream<Buffer> {
  /** Pieces; even. */
  static final int WINDOW = 16;

  private final HttpServerRequest request;
  private final RequestContext context;

  // All that follows: in the pipeline's context
  private final Queue<Buffer> waiting = new ArrayDeque<>();
  private long demand;
  private int taken;
  private boolean hasEnded;
  private boolean isDelivering;
  private @Nullable Throwable failure;
  private @Nullable Handler<Buffer> handler;
  private @Nullable Handler<Void> endHandler;
  private @Nullable Handler<Throwable> exceptionHandler;

  /** In the pipeline's context; the request is paused, or this is where its events come. */
  BodyStream(HttpServerRequest request, RequestContext context) {
    this.request = request;
    this.context = context;
  }

  /** Begins to fetch. Once. */
  BodyStream start() {
    context.submitToSource(this::startFetching);
    return this;
  }

  private void startFetching() {
    if (request.isEnded()) {
      context.submit(() -> fail(new IllegalStateException("The body has been read already")));
    } else if (request.response().closed()) {
      context.submit(() -> fail(new HttpClosedException("The client has gone")));
    } else {
      request.pause();
      request.handler(piece -> context.submit(() -> add(piece)));
      request.endHandler(ended -> context.submit(this::end));
      request.exceptionHandler(broken -> context.submit(() -> fail(broken)));
      request.fetch(WINDOW);
    }
  }

  // ---------------------------------------------------------------- what comes

  private void add(Buffer piece) {
    waiting.add(piece);
    deliver();
  }

  private void end() {
    hasEnded = true;
    deliver();
  }

  private void fail(Throwable broken) {
    Handler<Throwable> h = exceptionHandler;
    if (h == null) {
      failure = broken;
    } else {
      h.handle(broken);
    }
  }

  private void deliver() {
    if (isDelivering) {
      return; // a handler asks for more; the loop below sees it
    }
    isDelivering = true;
    while (demand > 0 && !waiting.isEmpty()) {
      if (demand != Long.MAX_VALUE) {
        demand--;
      }
      Buffer piece = waiting.remove();
      take();
      Handler<Buffer> h = handler;
      if (h != null) {
        context.submit(() -> h.handle(piece)); // at once; what it throws is reported
      }
    }
    isDelivering = false;
    Handler<Void> h = endHandler;
    if (hasEnded && demand > 0 && waiting.isEmpty() && h != null) {
      endHandler = null;
      h.handle(null);
    }
  }

  private void take() {
    if (++taken == WINDOW / 2) {
      taken = 0;
      context.submitToSource(
          () -> {
            if (!request.isEnded()) { // Vert.x refuses to fetch what has been read to its end
              request.fetch(WINDOW / 2);
            }
          });
    }
  }

  // ---------------------------------------------------------------- ReadStream

  @Override
  public BodyStream handler(@Nullable Handler<Buffer> handler) {
    context.submit(() -> this.handler = handler);
    return this;
  }

  @Override
  public BodyStream endHandler(@Nullable Handler<Void> endHandler) {
    context.submit(() -> this.endHandler = endHandler);
    return this;
  }

  @Override
  public BodyStream exceptionHandler(@Nullable Handler<Throwable> exceptionHandler) {
    context.submit(
        () -> {
          this.exceptionHandler = exceptionHandler;
          Throwable broken = failure;
          if (broken != null && exceptionHandler != null) {
            failure = null;
            exceptionHandler.handle(broken);
          }
        });
    return this;
  }

  @Override
  public BodyStream pause() {
    context.submit(() -> demand = 0);
    return this;
  }

  @Override
  public BodyStream resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public BodyStream fetch(long amount) {
    if (amount < 0) {
      throw new IllegalArgumentException("amount=" + amount + " is negative: give 0 or more");
    }
    context.submit(
        () -> {
          long sum = demand + amount;
          demand = sum < 0 ? Long.MAX_VALUE : sum;
          deliver();
        });
    return this;
  }
}
