package dev.baton.server.context;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import io.vertx.core.http.impl.http2.codec.VertxHttp2ConnectionHandler;
import io.vertx.core.http.impl.http2.multiplex.Http2MultiplexHandler;
import io.vertx.core.net.impl.VertxHandler;
import io.vertx.core.net.impl.tcp.NetSocketImpl;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Vert.x makes a client's connection step by step, in callbacks of the context that has asked for it:
 *
 *   [TCP] ─▶ [proxy] ─▶ [TLS] ─▶ NetSocket ─▶ [HTTP, whose handlers take the place of all but TLS]
 *
 * Stock runs such a callback below the decoder that has brought the step, so what the same read brings
 * next finds the next handler. Here it runs when the decoder has returned. So what comes before it has
 * run waits here, behind the TLS that may be there by then; and the callback runs in the channel, also if
 * its context is taken when it comes, since Vert.x builds the pipeline in it.
 *
 * It is over when the handler of Vert.x's connection is there and asks for its first message, or has it;
 * a NetSocket has to have it. Who has asked for the connection on another thread may add the callback
 * when the socket is there already, and that callback may make an HTTP connection of it.
 */
// google-java-format on
/** Stands in the channel of a client until its connection is made. In the channel. */
public final class ClientGate extends ChannelDuplexHandler implements ChannelLoop.Inbound {
  private final Consumer<ChannelHandlerContext> made;
  private final ArrayDeque<Consumer<ChannelHandlerContext>> waiting;
  private @Nullable ChannelHandlerContext context;
  private boolean done;

  private ClientGate(
      Consumer<ChannelHandlerContext> made, ArrayDeque<Consumer<ChannelHandlerContext>> waiting) {
    this.made = made;
    this.waiting = waiting;
  }

  /**
   * Has {@code channel} watched, a client's that is not registered yet.
   *
   * @param made is then told where the connection's handler is
   */
  public static <C extends Channel> C on(C channel, Consumer<ChannelHandlerContext> made) {
    channel.pipeline().addLast(new ClientGate(made, new ArrayDeque<>(0)));
    return channel;
  }

  // ---------------------------------------------------------------- where it stands

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelRegistered(ChannelHandlerContext ctx) {
    if (ctx.channel().eventLoop() instanceof ChannelLoop channel && channel.inbound() == null) {
      channel.inbound(this);
    }
    ctx.fireChannelRegistered();
  }

  /** Vert.x removes all handlers but TLS when it makes an HTTP connection of a socket. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (!done && ctx.channel().isActive()) {
      var next = new ClientGate(made, waiting);
      if (ctx.channel().eventLoop() instanceof ChannelLoop channel && channel.inbound() == this) {
        channel.inbound(next);
      }
      String tls = lastTls(ctx.pipeline());
      if (tls == null) {
        ctx.pipeline().addFirst(next);
      } else {
        ctx.pipeline().addAfter(tls, null, next);
      }
    } else {
      deliverAll(ctx);
    }
  }

  private void deliverAll(ChannelHandlerContext ctx) {
    for (Consumer<ChannelHandlerContext> event; (event = waiting.poll()) != null; ) {
      event.accept(ctx);
    }
  }

  private static @Nullable String lastTls(ChannelPipeline pipeline) {
    String last = null;
    for (Map.Entry<String, ChannelHandler> entry : pipeline) {
      if (entry.getValue() instanceof SslHandler) {
        last = entry.getKey();
      }
    }
    return last;
  }

  /** Whether TLS has been put behind it. */
  private boolean isBeforeTls(ChannelPipeline pipeline) {
    boolean passed = false;
    for (Map.Entry<String, ChannelHandler> entry : pipeline) {
      if (passed && entry.getValue() instanceof SslHandler) {
        return true;
      }
      passed |= entry.getValue() == this;
    }
    return false;
  }

  // ---------------------------------------------------------------- what comes

  @Override
  public void read(ChannelHandlerContext ctx) {
    ctx.read();
    ChannelHandlerContext connection = connection(ctx.pipeline());
    if (connection == null || !isSocket(connection.handler())) {
      look(ctx);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    look(ctx);
    pass(ctx, to -> to.fireChannelRead(message));
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    pass(ctx, ChannelHandlerContext::fireChannelReadComplete);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    pass(ctx, ChannelHandlerContext::fireChannelInactive);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    pass(ctx, to -> to.fireExceptionCaught(cause));
  }

  private void pass(ChannelHandlerContext ctx, Consumer<ChannelHandlerContext> event) {
    if (waiting.isEmpty() && (done || mayDeliver(ctx.channel()))) {
      event.accept(ctx);
    } else {
      waiting.add(event);
    }
  }

  private static boolean mayDeliver(Channel of) {
    return !(of.eventLoop() instanceof ChannelLoop channel) || channel.mayDeliver();
  }

  /** Looks whether the connection is made, or TLS has come. A callback may be about to make it. */
  private void look(ChannelHandlerContext ctx) {
    ChannelPipeline pipeline = ctx.pipeline();
    ChannelHandlerContext connection = connection(pipeline);
    if (connection == null) {
      if (waiting.isEmpty() && isBeforeTls(pipeline)) {
        pipeline.remove(this);
      }
      return;
    }
    if (!mayDeliver(ctx.channel())) {
      return;
    }
    if (ctx.channel().eventLoop() instanceof ChannelLoop channel
        && (channel.inbound() == null || channel.inbound() == this)) {
      channel.inbound(null);
      if (connection.handler() instanceof VertxHandler) {
        InboundGate.open(channel, connection, null);
      }
      made.accept(connection);
    }
    done = true;
    deliverAll(ctx);
    pipeline.remove(this);
  }

  /** Where Vert.x has put the handler of its connection; the last two are of HTTP/2. */
  private static @Nullable ChannelHandlerContext connection(ChannelPipeline pipeline) {
    ChannelHandlerContext connection = pipeline.context(VertxHandler.class);
    if (connection == null) {
      connection = pipeline.context(VertxHttp2ConnectionHandler.class);
    }
    return connection == null ? pipeline.context(Http2MultiplexHandler.class) : connection;
  }

  private static boolean isSocket(ChannelHandler handler) {
    return handler instanceof VertxHandler<?> one && one.getConnection() instanceof NetSocketImpl;
  }

  // ---------------------------------------------------------------- what waits

  @Override
  public boolean isEmpty() {
    return waiting.isEmpty();
  }

  @Override
  public boolean runsCallbacksInsideOnly() {
    return true;
  }

  @Override
  public boolean deliverNext() {
    ChannelHandlerContext ctx = context;
    if (ctx == null || waiting.isEmpty()) {
      return false;
    }
    look(ctx);
    Consumer<ChannelHandlerContext> next = waiting.poll();
    if (next != null) {
      next.accept(ctx);
    }
    return true;
  }
}
