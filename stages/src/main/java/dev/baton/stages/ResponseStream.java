package dev.baton.stages;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.streams.WriteStream;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, written bit by bit. In the request's context, where its handlers are
 * called and its futures completed too.
 *
 * <p>The response may belong to another context and drain there between the question whether it is
 * full and the handler for the answer: so the question is asked again once there is a handler.
 */
public final class ResponseStream implements WriteStream<Buffer> {
  private final HttpServerResponse response;
  private final RequestContext context;

  private boolean wasFull;
  private @Nullable Handler<Void> drainHandler;

  ResponseStream(HttpServerResponse response, RequestContext context) {
    this.response = response;
    this.context = context;
  }

  @Override
  public Future<Void> write(Buffer piece) {
    return here(response.write(piece));
  }

  /** As UTF-8. */
  public Future<Void> write(String piece) {
    return here(response.write(piece));
  }

  @Override
  public Future<Void> end() {
    return here(response.end());
  }

  @Override
  public Future<Void> end(Buffer last) {
    return here(response.end(last));
  }

  private Future<Void> here(Future<Void> there) {
    Promise<Void> here = Promise.promise();
    there.onComplete(done -> context.submit(() -> here.handle(done)));
    return here.future();
  }

  /** Whether the client has gone. */
  public boolean isClosed() {
    return response.closed();
  }

  @Override
  public boolean writeQueueFull() {
    boolean isFull = response.writeQueueFull();
    wasFull |= isFull;
    return isFull;
  }

  @Override
  public ResponseStream setWriteQueueMaxSize(int maxSize) {
    response.setWriteQueueMaxSize(maxSize);
    return this;
  }

  @Override
  public ResponseStream drainHandler(@Nullable Handler<Void> handler) {
    drainHandler = handler;
    response.drainHandler(drained -> context.submit(this::drained));
    if (wasFull && !response.writeQueueFull()) {
      context.defer(this::drained);
    }
    return this;
  }

  private void drained() {
    Handler<Void> h = drainHandler;
    if (wasFull && h != null) {
      wasFull = false;
      h.handle(null);
    }
  }

  @Override
  public ResponseStream exceptionHandler(@Nullable Handler<Throwable> handler) {
    response.exceptionHandler(
        handler == null ? null : failure -> context.submit(() -> handler.handle(failure)));
    return this;
  }
}
