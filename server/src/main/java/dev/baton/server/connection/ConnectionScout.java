package dev.baton.server.connection;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.util.concurrent.FastThreadLocal;
import io.vertx.core.http.impl.tcp.Http1xOrH2CHandler;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.net.impl.HAProxyMessageCompletionHandler;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Vert.x builds the pipeline of an accepted connection step by step, each when the one before is
 * done, and offers no hook on the way:
 *
 *   [PROXY protocol] ─▶ [TLS handshake] ─▶ [HTTP/1 or h2c, by the first bytes] ─▶ HTTP
 *
 * The scout stands in front of all of it when the connection is accepted. It moves to in front of
 * the handler that ends the step under way, so that it is the first to see what comes next, and when
 * HTTP is there it puts a ConnectionWatch in front of Vert.x's own handler and goes. Connections of
 * other servers it leaves at once.
 *
 * The client's address that a proxy tells lies in an attribute of the channel, from where the first
 * object that is asked for its address takes it away. With metrics that is a NetSocket which is
 * replaced by the HTTP connection a moment later. So it is put back: by our metrics when they have
 * heard of the NetSocket, by the scout in any case; and by the watch when the connection becomes a
 * WebSocket's, which is one more object.
 */
// google-java-format on
/** Finds out that an accepted connection speaks HTTP, and has it watched. On its event loop. */
public final class ConnectionScout extends ChannelInboundHandlerAdapter {
  private static final String HANDLER = "handler"; // Vert.x's names
  private static final String HANDSHAKE = "handshaker";
  static final String HTTP_1 = "httpDecoder";

  /** The channel whose connection is being made, if a proxy stands before it. */
  private static final FastThreadLocal<Channel> PROXIED = new FastThreadLocal<>();

  private final ConnectionWatch watch;
  private final @Nullable String before;
  private @Nullable SocketAddress client;

  private ConnectionScout(
      ConnectionWatch watch, @Nullable String before, @Nullable SocketAddress client) {
    this.watch = watch;
    this.before = before;
    this.client = client;
  }

  /** Has every HTTP connection that {@code server} accepts watched. Before it is bound. */
  public static <S extends ServerChannel> S on(S server, Timeouts timeouts) {
    server
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object accepted) {
                var scout = new ConnectionScout(new ConnectionWatch(timeouts), null, null);
                ((Channel) accepted).pipeline().addFirst(scout);
                context.fireChannelRead(accepted);
              }
            });
    return server;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    look(context);
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    boolean ends = before != null && !before.equals(HANDLER) && !before.equals(HANDSHAKE);
    if (ends) { // the step of the PROXY protocol, with this message
      client = ProxyHeader.client(message);
      connecting(context, () -> context.fireChannelRead(message));
    } else {
      look(context);
      context.fireChannelRead(message);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    connecting(context, () -> context.fireUserEventTriggered(event));
  }

  /** Does what ends a step, and so may make Vert.x's connection. */
  private void connecting(ChannelHandlerContext context, Runnable end) {
    if (client == null) {
      end.run();
    } else {
      PROXIED.set(context.channel());
      try {
        end.run();
      } finally {
        PROXIED.remove();
      }
    }
    look(context);
  }

  /** Metrics have been told that {@code client} is connected, by who took the address for it. */
  public static void told(SocketAddress client) {
    Channel channel = PROXIED.getIfExists();
    if (channel != null) {
      giveBack(channel, client);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    watch.end();
    context.fireChannelInactive();
  }

  /** Goes to where the end of the step under way is seen. */
  private void look(ChannelHandlerContext context) {
    if (context.isRemoved()) {
      return;
    }
    ChannelPipeline pipeline = context.pipeline();
    ChannelHandlerContext proxied = pipeline.context(HAProxyMessageCompletionHandler.class);
    if (proxied != null) {
      moveBefore(context, proxied.name());
    } else if (pipeline.get(HTTP_1) != null || pipeline.get(Http2ConnectionHandler.class) != null) {
      giveBack(pipeline.channel(), client);
      watch.start(pipeline.channel(), client);
      pipeline.addBefore(HANDLER, null, watch);
      pipeline.remove(this);
    } else if (pipeline.get(Http1xOrH2CHandler.class) != null) {
      giveBack(pipeline.channel(), client);
      watch.start(pipeline.channel(), client);
      moveBefore(context, HANDLER);
    } else if (pipeline.get(HANDSHAKE) != null) {
      moveBefore(context, HANDSHAKE);
    } else if (pipeline.get(HANDLER) != null) {
      pipeline.remove(this); // of a server that is not HTTP's
    }
  }

  private void moveBefore(ChannelHandlerContext context, String name) {
    if (!name.equals(before)) {
      context.pipeline().addBefore(name, null, new ConnectionScout(watch, name, client));
      context.pipeline().remove(this);
    }
  }

  /** Has the next one who is asked for the client's address tell {@code client}, if not null. */
  static void giveBack(Channel channel, @Nullable SocketAddress client) {
    if (client != null) {
      channel.attr(ConnectionBase.REMOTE_ADDRESS_OVERRIDE).compareAndSet(null, client);
    }
  }
}
