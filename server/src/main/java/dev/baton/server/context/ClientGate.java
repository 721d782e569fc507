package dev.baton.server.context;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.net.impl.VertxHandler;
import java.util.function.Consumer;

/**
 * Opens the gate of a client's connection when Vert.x has made that: when it asks for its first
 * message, or has it. In the channel.
 */
public final class ClientGate extends ChannelDuplexHandler {
  private final Consumer<ChannelHandlerContext> made;
  private boolean done;

  private ClientGate(Consumer<ChannelHandlerContext> made) {
    this.made = made;
  }

  /**
   * Has {@code channel} watched, a client's that is not registered yet.
   *
   * @param made is then told where the connection's handler is
   */
  public static <C extends Channel> C on(C channel, Consumer<ChannelHandlerContext> made) {
    channel.pipeline().addLast(new ClientGate(made));
    return channel;
  }

  /** Vert.x removes all handlers but a few when it makes an HTTP connection of a socket. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (!done && ctx.channel().isActive()) {
      ctx.pipeline().addFirst(new ClientGate(made));
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    ctx.read();
    openIfMade(ctx);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    openIfMade(ctx);
    ctx.fireChannelRead(message);
  }

  private void openIfMade(ChannelHandlerContext ctx) {
    ChannelHandlerContext connection = ctx.pipeline().context(VertxHandler.class);
    if (connection != null) { // else it is TLS or a proxy that speaks
      if (ctx.channel().eventLoop() instanceof ChannelLoop channel && channel.inbound() == null) {
        InboundGate.open(channel, connection, null);
        made.accept(connection);
      }
      done = true;
      ctx.pipeline().remove(this);
    }
  }
}
