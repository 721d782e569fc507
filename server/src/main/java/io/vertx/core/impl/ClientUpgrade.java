package io.vertx.core.impl;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpClientUpgradeHandler.UpgradeEvent;
import io.vertx.core.http.impl.http2.codec.Http2ClientConnectionImpl;
import io.vertx.core.http.impl.http2.codec.VertxHttp2ConnectionHandler;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.net.impl.VertxHandler;

/**
 * Keeps the context of a client's connection that is upgraded to HTTP/2. Vert.x gives the upgraded
 * one the context of the request that has upgraded it; here that runs outside the channel, and the
 * requests of other contexts would touch the connection beside it. In the channel, before the
 * handler of its connection.
 */
final class ClientUpgrade extends ChannelInboundHandlerAdapter {
  private ClientUpgrade() {}

  /**
   * Watches a connection that has just been made.
   *
   * @param connection where its handler is
   */
  static void watch(ChannelHandlerContext connection) {
    connection.pipeline().addBefore(connection.name(), null, new ClientUpgrade());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == UpgradeEvent.UPGRADE_SUCCESSFUL) {
      VertxHandler<?> handler = ctx.pipeline().get(VertxHandler.class);
      ConnectionBase before = handler == null ? null : handler.getConnection();
      if (before != null) {
        keep(ctx, before.context());
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  /** Before the first stream is made: that asks the connection for its context. */
  @SuppressWarnings("unchecked") // a client's
  private static void keep(ChannelHandlerContext ctx, ContextInternal context) {
    VertxHttp2ConnectionHandler<Http2ClientConnectionImpl> upgraded =
        ctx.pipeline().get(VertxHttp2ConnectionHandler.class);
    if (upgraded != null) {
      VertxHttp2ConnectionHandler<Http2ClientConnectionImpl> _ =
          upgraded.addHandler(connection -> ConnectionContext.set(connection, context));
    }
  }
}
