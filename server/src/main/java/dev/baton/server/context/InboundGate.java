package dev.baton.server.context;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Stock Vert.x calls a handler below the decoder that has read what the handler is told. A handler
 * that waits there for the next thing of its connection waits for the decoder below it. So here the
 * decoder is asked for one message at a time, and the callbacks of that message run when it has
 * returned, before anything else of the connection goes on:
 *
 *    socket ─▶ [front: bytes, ends of reads, close] ─▶ decoder ─▶ [back: messages] ─▶ Vert.x
 *                      waits here                    one at a time    waits here
 *
 * The order is that of stock: message, its callbacks, next message. What the loop asks for before a
 * unit of the channel ends (deliverNext), until there is nothing:
 *    1. a message that waits in back
 *    2. one more message from the decoder, if the last time it had one
 *    3. what waits in front
 * An event passes a place where nothing waits at once, unless a callback is to run first or the
 * channel is held (ChannelLoop.mayDeliver). What a callback itself fires goes before what waits: stock
 * would be amid the event that has brought the callback. A callback that runs outside of the channel
 * fires by a task: then the end of the read may be there already, and each message that waits gets one
 * of its own, or nobody would flush what answers it.
 *
 * Pieces of a body, of a socket or of a WebSocket go into a queue of Vert.x's, whose callback takes
 * all that are there. So while such a callback waits for its context and holds the channel, what has
 * been read of the same kind joins it (deliverMore): in stock the pieces of one read come in a row.
 *
 * A decoder whose channel has closed may have a last message; then Netty removes all handlers, in the same
 * task, before the callbacks of that message have run. What waits in back goes to the connection's handler
 * all the same, or that would never hear of the close.
 *
 * A connection without a decoder that can be asked so has a back only.
 */
// google-java-format on
/** Has callbacks of a connection run with no decoder below them, in the order of stock Vert.x. */
public final class InboundGate implements ChannelLoop.Inbound {
  /** What a decoder has not decoded yet; Netty tells it to subclasses. */
  private static final MethodHandle READABLE_BYTES;

  static {
    try {
      Method method = ByteToMessageDecoder.class.getDeclaredMethod("actualReadableBytes");
      method.setAccessible(true);
      READABLE_BYTES = MethodHandles.lookup().unreflect(method);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final String FRONT = "batonFront";
  private static final String BACK = "batonBack";

  private enum Signal {
    READ_COMPLETE,
    INACTIVE
  }

  private record Failure(Throwable cause) {}

  private record UserEvent(Object event) {}

  /** A place in the pipeline where inbound events may have to wait. */
  private class Place extends ChannelInboundHandlerAdapter {
    private final ArrayDeque<Object> waiting = new ArrayDeque<>(4);
    private @Nullable ArrayDeque<Object> fired;
    private @Nullable ChannelHandlerContext context;

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      context = ctx;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      while (deliver()) {
        // nothing is lost
      }
    }

    boolean isEmpty() {
      return waiting.isEmpty() && fired == null;
    }

    boolean passes() {
      return isEmpty() && channel.mayDeliver();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      boolean waits = channel.isInTask() && !passes();
      pass(ctx, message);
      if (waits) {
        pass(ctx, Signal.READ_COMPLETE); // of the read that its callback was to be part of
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      pass(ctx, Signal.READ_COMPLETE);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      pass(ctx, Signal.INACTIVE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      pass(ctx, new Failure(cause));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      CloseLater.pass(ctx, event, () -> pass(ctx, new UserEvent(event)));
    }

    private void pass(ChannelHandlerContext ctx, Object event) {
      if (passes()) {
        fire(ctx, event);
      } else if (channel.isInCallback()) {
        ArrayDeque<Object> f = fired;
        if (f == null) {
          f = new ArrayDeque<>(4);
          fired = f;
        }
        f.add(event);
      } else {
        waiting.add(event);
      }
    }

    private @Nullable Object next() {
      ArrayDeque<Object> f = fired;
      if (f == null) {
        return waiting.poll();
      }
      Object next = f.poll();
      if (f.isEmpty()) {
        fired = null;
      }
      return next;
    }

    /** The next one, which {@link #deliver} passes on; null if there is none. */
    @Nullable Object peek() {
      ArrayDeque<Object> f = fired;
      return f == null ? waiting.peek() : f.peek();
    }

    /** Passes the next one on; whether there was one. */
    boolean deliver() {
      Object next = next();
      if (next == null) {
        return false;
      }
      ChannelHandlerContext ctx = context;
      if (ctx != null) {
        fire(ctx, next);
      }
      return true;
    }

    void fire(ChannelHandlerContext ctx, Object event) {
      if (event == Signal.READ_COMPLETE) {
        ctx.fireChannelReadComplete();
      } else if (event == Signal.INACTIVE) {
        ctx.fireChannelInactive();
      } else if (event instanceof Failure failure) {
        ctx.fireExceptionCaught(failure.cause());
      } else if (event instanceof UserEvent user) {
        ctx.fireUserEventTriggered(user.event());
      } else {
        passing = true;
        try {
          ctx.fireChannelRead(event);
        } finally {
          passing = false;
        }
      }
    }
  }

  /** Before the decoder. */
  private final class Front extends Place {
    @Override
    boolean passes() {
      return !decoderHasMore && back.isEmpty() && super.passes();
    }
  }

  /** Before the connection. */
  private final class Back extends Place {
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      if (ctx.channel().isOpen() || channel.inbound() != InboundGate.this) {
        super.handlerRemoved(ctx);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      decoderHasMore = decoder != null;
      super.channelRead(ctx, message);
    }

    @Override
    void fire(ChannelHandlerContext ctx, Object event) {
      passedPiece = isPiece(event);
      if (ctx.isRemoved()) {
        fireRemoved(event);
      } else {
        super.fire(ctx, event);
      }
    }

    /** As {@link #fire}, once Netty has removed the connection's handler, too. */
    private void fireRemoved(Object event) {
      var handler = (ChannelInboundHandler) connection.handler();
      try {
        if (event == Signal.READ_COMPLETE) {
          handler.channelReadComplete(connection);
        } else if (event == Signal.INACTIVE) {
          handler.channelInactive(connection);
        } else if (event instanceof Failure failure) {
          handler.exceptionCaught(connection, failure.cause());
        } else if (event instanceof UserEvent user) {
          handler.userEventTriggered(connection, user.event());
        } else {
          handler.channelRead(connection, event);
        }
      } catch (Exception e) {
        connection.fireExceptionCaught(e);
      }
    }
  }

  private final ChannelLoop channel;
  private final ChannelHandlerContext connection;
  private final Back back = new Back();
  private final ChannelLoop.@Nullable Inbound then;
  private @Nullable Front front;
  private @Nullable ChannelHandlerContext decoder;
  private boolean decoderHasMore;
  private boolean passing;
  private boolean passedPiece; // last

  private InboundGate(
      ChannelLoop channel, ChannelHandlerContext connection, ChannelLoop.@Nullable Inbound then) {
    this.channel = channel;
    this.connection = connection;
    this.then = then;
  }

  /**
   * Sets a gate before the handler {@code connection}. Inside the channel, before its first
   * message.
   *
   * @param decoderName a {@link ByteToMessageDecoder} of which one message at a time can be asked;
   *     null if there is none
   */
  public static void open(
      ChannelLoop channel, ChannelHandlerContext connection, @Nullable String decoderName) {
    open(channel, connection, decoderName, null);
  }

  /**
   * Sets a gate before the handler {@code connection} until the callbacks have run that are passed
   * on now. Inside the channel, before its first message.
   *
   * @param then takes the gate's place
   */
  public static void openUntilTheyHaveRun(
      ChannelLoop channel, ChannelHandlerContext connection, ChannelLoop.Inbound then) {
    open(channel, connection, null, then);
  }

  private static void open(
      ChannelLoop channel,
      ChannelHandlerContext connection,
      @Nullable String decoderName,
      ChannelLoop.@Nullable Inbound then) {
    ChannelPipeline pipeline = connection.pipeline();
    InboundGate gate = new InboundGate(channel, connection, then);
    ChannelHandlerContext ctx = decoderName == null ? null : pipeline.context(decoderName);
    if (ctx != null && ctx.handler() instanceof ByteToMessageDecoder one) {
      one.setSingleDecode(true);
      gate.decoder = ctx;
      Front f = gate.new Front();
      gate.front = f;
      pipeline.addBefore(ctx.name(), FRONT, f);
    }
    pipeline.addBefore(connection.name(), BACK, gate.back);
    channel.inbound(gate);
  }

  /** Removes the gate of {@code channel}, if it has one: what waits there goes on. Inside. */
  public static void remove(ChannelLoop channel) {
    if (channel.inbound() instanceof InboundGate gate) {
      channel.inbound(null);
      gate.decoder = null;
      gate.decoderHasMore = false;
      remove(gate.back);
      remove(gate.front);
    }
  }

  private static void remove(@Nullable Place place) {
    ChannelHandlerContext ctx = place == null ? null : place.context;
    if (ctx != null && !ctx.isRemoved()) {
      ctx.pipeline().remove(ctx.handler());
    }
  }

  /** Whether a message is being passed on: what begins now begins with it. Inside. */
  public boolean isPassing() {
    return passing;
  }

  @Override
  public boolean isEmpty() {
    Front f = front;
    return then == null && !decoderHasMore && back.isEmpty() && (f == null || f.isEmpty());
  }

  @Override
  public boolean deliverNext() {
    if (then != null) {
      remove(channel);
      channel.inbound(then);
      return true;
    }
    if (back.deliver()) {
      return true;
    }
    if (askDecoder()) {
      return true;
    }
    Front f = front;
    return f != null && f.deliver();
  }

  @Override
  public boolean deliverMore() {
    if (!passedPiece) {
      return false;
    }
    if (back.isEmpty()) {
      boolean _ = askDecoder(); // what it has comes to back
    }
    return isPiece(back.peek()) && back.deliver();
  }

  private static boolean isPiece(@Nullable Object event) {
    return event instanceof ByteBuf
        || (event instanceof HttpContent && !(event instanceof LastHttpContent))
        || event instanceof BinaryWebSocketFrame
        || event instanceof TextWebSocketFrame
        || event instanceof ContinuationWebSocketFrame;
  }

  /** Asks for one more message, if there may be one. */
  private boolean askDecoder() {
    boolean hasMore = decoderHasMore;
    decoderHasMore = false;
    ChannelHandlerContext ctx = decoder;
    if (!hasMore || ctx == null || ctx.isRemoved() || !hasBytes(ctx)) {
      return false;
    }
    try {
      ((ChannelInboundHandler) ctx.handler()).channelRead(ctx, Unpooled.EMPTY_BUFFER);
    } catch (Exception e) {
      ctx.fireExceptionCaught(e);
    }
    return true;
  }

  private static boolean hasBytes(ChannelHandlerContext ctx) {
    try {
      return (int) READABLE_BYTES.invokeExact((ByteToMessageDecoder) ctx.handler()) > 0;
    } catch (Throwable e) {
      throw new LinkageError("A decoder did not tell what it has", e);
    }
  }
}
