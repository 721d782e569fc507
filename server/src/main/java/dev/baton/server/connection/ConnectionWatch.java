package dev.baton.server.connection;

import dev.baton.server.context.CloseLater;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.impl.http1.VertxHttpObject;
import io.vertx.core.net.SocketAddress;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * What an HTTP/1 connection waits for, as seen by who stands between the codec and Vert.x's handler:
 *
 *   HEAD     the rest of a request's head, or, at the beginning, the first byte
 *   IDLE     the next request
 *   LINGER   the rest of a request's body though it has been answered
 *   nothing  a request is under way: it is the server's turn, or its body comes
 *
 * The first three end in time, LINGER when nothing has come for a while, too, and after so many bytes.
 * No clock is read, for a request or else: each wait has a number, and a timer looks now and then
 * whether it is still the same one, and counts. So a wait may last a quarter longer than it should;
 * and a server that stood still, stopped or throttled, does not close connections whose bytes have
 * come meanwhile: however long, it was one look.
 *
 * HTTP/2 has its own watch, Http2Watch. A CONNECT or an upgrade takes the codec out of the pipeline:
 * then there is nothing to watch any more.
 */
// google-java-format on
/**
 * Closes an HTTP connection whose client keeps it waiting, and keeps Vert.x from closing one whose
 * client waits for a handler. On its event loop.
 */
final class ConnectionWatch extends ChannelDuplexHandler {
  private final Timeouts timeouts;
  private @Nullable Future<?> timer;
  private @Nullable Http2Watch http2;
  private @Nullable SocketAddress client;

  private int underWay; // requests whose responses have not ended
  private boolean inBody; // of the latest request
  private boolean inHead = true;
  private boolean gotMessage; // since a read was complete
  private long dropped; // bytes of a body after its response

  // Names the wait
  private int wait;
  private int seenWait;
  private int looks; // that have seen no other

  ConnectionWatch(Timeouts timeouts) {
    this.timeouts = timeouts;
  }

  // ---------------------------------------------------------------- time

  /**
   * Begins, unless it has begun.
   *
   * @param client as a proxy has told it; null if none has
   */
  void start(Channel channel, @Nullable SocketAddress client) {
    this.client = client;
    if (timer == null && timeouts.lookNanos() > 0) {
      lookLater(channel);
    }
  }

  /** Ends before it has become part of the pipeline. */
  void end() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void lookLater(Channel channel) {
    timer =
        channel
            .eventLoop()
            .schedule(() -> look(channel), timeouts.lookNanos(), TimeUnit.NANOSECONDS);
  }

  private void look(Channel channel) {
    if (!channel.isOpen()) {
      return;
    }
    int current = http2 == null ? wait : http2.wait(wait);
    long limit = limitNanos();
    if (current != seenWait || limit == 0) {
      seenWait = current;
      looks = 0;
    } else {
      looks++;
    }
    if (limit > 0 && looks * timeouts.lookNanos() >= limit) {
      ChannelFuture _ = channel.close();
    } else if (underWay == 0 || isHttp1(channel)) {
      lookLater(channel);
    }
  }

  /** How long the present wait may last, 0 if it has no end. */
  private long limitNanos() {
    if (http2 != null) {
      return http2.isIdle() ? timeouts.idle().toNanos() : 0;
    }
    if (underWay > 0 || inBody) {
      return 0;
    }
    return (inHead ? timeouts.head() : timeouts.idle()).toNanos();
  }

  private static boolean isHttp1(Channel channel) {
    return channel.pipeline().get(ConnectionScout.HTTP_1) != null;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    lookForHttp2(context.pipeline());
  }

  private void lookForHttp2(ChannelPipeline pipeline) {
    ChannelHandlerContext codec = pipeline.context(Http2ConnectionHandler.class);
    if (codec != null && http2 == null) {
      http2 = new Http2Watch(codec);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    end();
  }

  // ---------------------------------------------------------------- what comes and goes

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    gotMessage = true;
    if (message instanceof HttpRequest) {
      underWay++;
      inBody = true;
      inHead = false;
      wait++;
    }
    if (message instanceof HttpContent content) {
      if (underWay == 0 && inBody) {
        dropped += content.content().readableBytes();
        if (dropped > Timeouts.LINGER_BYTES) {
          ReferenceCountUtil.release(message);
          ChannelFuture _ = context.channel().close();
          return;
        }
      }
      if (message instanceof LastHttpContent) {
        inBody = false;
        wait++;
      }
    } else if (message instanceof ByteBuf bytes) {
      lookForHttp2(context.pipeline());
      if (http2 != null) {
        http2.read(bytes.readableBytes());
      }
    }
    context.fireChannelRead(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (!gotMessage && !inHead && !inBody && underWay == 0) {
      inHead = true;
      wait++;
    }
    gotMessage = false;
    context.fireChannelReadComplete();
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (underWay > 0 && message instanceof VertxHttpObject part && part.isEnded()) {
      underWay--;
      wait++;
      if (underWay == 0 && inBody) {
        dropped = 0;
        linger(context, 1, 0, 0);
      }
    }
    if (client != null && message instanceof HttpResponse response && isUpgrade(response)) {
      ConnectionScout.giveBack(context.channel(), client);
    }
    ChannelFuture _ = context.write(message, promise);
  }

  private static boolean isUpgrade(HttpResponse response) {
    return response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
  }

  /**
   * Looks once more.
   *
   * @param look its number
   * @param seen bytes dropped at the one before
   * @param vain how many have seen nothing come, in a row
   */
  private void linger(ChannelHandlerContext context, int look, long seen, int vain) {
    int mine = wait;
    Future<?> _ =
        context
            .executor()
            .schedule(
                () -> {
                  if (wait != mine) {
                    return; // all of it has come
                  }
                  int now = dropped == seen ? vain + 1 : 0;
                  if (now < Timeouts.LINGER_LOOKS
                      && look < Timeouts.LINGER_LOOKS * Timeouts.LINGER_TIMES) {
                    linger(context, look + 1, dropped, now);
                  } else {
                    ChannelFuture _ = context.channel().close();
                  }
                },
                Timeouts.LINGER.toNanos() / Timeouts.LINGER_LOOKS,
                TimeUnit.NANOSECONDS);
  }

  // ---------------------------------------------------------------- Vert.x's closes

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof IdleStateEvent) || !isServersTurn(context.channel())) {
      CloseLater.pass(context, event, () -> context.fireUserEventTriggered(event));
    }
  }

  /** Whether the client has sent all it can, has read all there is, and waits. */
  private boolean isServersTurn(Channel channel) {
    ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
    if (out == null || out.totalPendingWriteBytes() > 0) {
      return false;
    }
    if (http2 != null) {
      return http2.isServersTurn();
    }
    return underWay > (inBody ? 1 : 0) && isHttp1(channel);
  }
}
