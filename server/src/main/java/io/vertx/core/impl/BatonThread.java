package io.vertx.core.impl;

import io.netty.util.concurrent.FastThreadLocalThread;

/**
 * A thread that drives Baton's loops, with the slot for its current context in a field.
 *
 * <p>No {@code VertxThread}: {@code Future.await} refuses those, and a handler may block here.
 */
public final class BatonThread extends FastThreadLocalThread {
  final VertxImpl.ContextDispatch dispatch = new VertxImpl.ContextDispatch();

  /** A thread that runs {@code body}. */
  public BatonThread(Runnable body) {
    super(body);
  }

  @Override
  public void run() {
    // Vert.x finds the current context of a thread it does not know here.
    VertxImpl.nonVertxContextDispatch.set(dispatch);
    super.run();
  }

  @Override
  public boolean permitBlockingCalls() {
    return true;
  }
}
