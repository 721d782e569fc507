package io.vertx.core.impl;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stock event loops beside Baton's, started when the first one is asked for: for deployments that
 * want one thread for all their callbacks, and for those whose callbacks run on workers anyway. Any
 * thread.
 */
final class PinnedLoops {
  private final Supplier<EventLoopGroup> factory;

  // Guarded by this
  private @Nullable EventLoopGroup group;

  PinnedLoops(Supplier<EventLoopGroup> factory) {
    this.factory = factory;
  }

  /** The next loop. */
  synchronized EventLoop next() {
    EventLoopGroup g = group;
    if (g == null) {
      g = factory.get();
      group = g;
    }
    return g.next();
  }

  /** Ends the loops, if there are any. */
  synchronized Future<Void> close() {
    EventLoopGroup g = group;
    if (g == null) {
      return Future.succeededFuture();
    }
    Promise<Void> closed = Promise.promise();
    g.shutdownGracefully(0, 10, TimeUnit.SECONDS).addListener(_ -> closed.complete());
    return closed.future();
  }
}
