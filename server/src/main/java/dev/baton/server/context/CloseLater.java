package dev.baton.server.context;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.vertx.core.net.impl.ShutdownEvent;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Keeps a connection open whose server closes, until the callbacks have ended that it has brought
 * and that run outside of its channel: a stock loop that they block closes nothing either. Inside
 * the channel.
 */
public final class CloseLater extends ChannelOutboundHandlerAdapter {
  private record Close(ChannelHandlerContext context, ChannelPromise promise) {}

  private final Deque<Close> closes = new ArrayDeque<>(2);

  private CloseLater() {}

  /**
   * Passes {@code event} on: at once, unless it tells that the server closes, and callbacks run.
   * What closes the connection then waits behind it.
   *
   * @param goOn passes the event on
   */
  public static void pass(ChannelHandlerContext context, Object event, Runnable goOn) {
    if (!(event instanceof ShutdownEvent shutdown)
        || !shutdown.timeout().isZero()
        || !(context.channel().eventLoop() instanceof ChannelLoop channel)
        || !channel.callbacks().isAny()) {
      goOn.run();
      return;
    }
    var later = new CloseLater();
    context.pipeline().addLast(later);
    channel
        .callbacks()
        .afterAll(
            () -> {
              goOn.run();
              later.goOn(context.pipeline());
            });
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    closes.add(new Close(context, promise));
  }

  private void goOn(ChannelPipeline pipeline) {
    ChannelOutboundInvoker _ = pipeline.flush(); // what Vert.x flushes at the end of a read
    for (Close close; (close = closes.poll()) != null; ) { // who hears of the first may close again
      ChannelFuture _ = close.context.close(close.promise);
    }
    if (pipeline.context(this) != null) { // a client that has closed leaves nothing in it
      pipeline.remove(this);
    }
  }
}
