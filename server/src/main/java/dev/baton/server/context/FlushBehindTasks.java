package dev.baton.server.context;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Flushes what the streams of an HTTP/2 connection have written. They must not wait for each other,
 * so their callbacks run outside of the channel, and each write comes as a task. Stock Vert.x
 * flushes at the end of the read that has brought the callbacks; a flush for each task would take
 * as many system calls as there are answers. Here it is done behind the tasks that wait already,
 * once for all that they write.
 *
 * <p>Inside the channel.
 */
public final class FlushBehindTasks extends ChannelDuplexHandler
    implements ChannelLoop.Inbound, Runnable {
  private @Nullable ChannelHandlerContext context;

  /** Whether something is being read: the codec flushes at its end. */
  private boolean reading;

  /** Whether this unit has read. */
  private boolean hasRead;

  /** Whether {@link #run} waits behind other tasks. */
  private boolean queued;

  /** Whether its turn has come. */
  private boolean due;

  private FlushBehindTasks() {}

  /** Puts one below the codec of a connection. */
  public static FlushBehindTasks in(ChannelPipeline pipeline) {
    var flush = new FlushBehindTasks();
    pipeline.addBefore(
        Objects.requireNonNull(pipeline.context(Http2ConnectionHandler.class)).name(), null, flush);
    return flush;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    reading = true;
    ctx.fireChannelRead(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.fireChannelReadComplete();
    reading = false;
    hasRead = true;
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    if (reading || due) {
      ctx.flush();
    } else {
      flushLater(ctx);
    }
  }

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (queued) {
      ctx.flush();
    }
    ChannelFuture _ = ctx.close(promise);
  }

  private void flushLater(ChannelHandlerContext ctx) {
    if (!queued) {
      queued = true;
      try {
        ctx.channel().eventLoop().execute(this);
      } catch (RejectedExecutionException e) {
        ctx.flush(); // the loop has ended: nothing comes behind
      }
    }
  }

  /** Its turn has come: at the end of this unit. */
  @Override
  public void run() {
    due = true;
  }

  // ---------------------------------------------------------------- the end of a unit

  @Override
  public boolean isEmpty() {
    return true;
  }

  @Override
  public boolean runsCallbacks() {
    return false;
  }

  @Override
  public boolean deliverNext() {
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      return false;
    }
    if (due) {
      ctx.channel().flush(); // the codec's own, too
      due = false;
      queued = false;
    } else if (!reading && !hasRead) {
      flushLater(ctx);
    }
    hasRead = false;
    return false;
  }
}
