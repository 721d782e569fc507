package io.vertx.core.impl;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.LinkedHashMap;
import java.util.Map;
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
  // Guarded by this
  private final Map<EventLoop, Boolean> inUse = new LinkedHashMap<>();

  PinnedLoops(Supplier<EventLoopGroup> factory) {
    this.factory = factory;
  }

  /**
   * The next loop.
   *
   * @param serves whether its events are a deployment's, and not what somebody outside does
   */
  synchronized EventLoop next(boolean serves) {
    EventLoopGroup g = group;
    if (g == null) {
      g = factory.get();
      group = g;
    }
    EventLoop next = g.next();
    inUse.merge(next, serves, Boolean::logicalOr);
    return next;
  }

  /** Those that were given out so far, in that order, and whether they serve. */
  synchronized Map<EventLoop, Boolean> inUse() {
    return new LinkedHashMap<>(inUse);
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
