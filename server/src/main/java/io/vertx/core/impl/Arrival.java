package io.vertx.core.impl;

import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.ContinuationLoop;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.WaitingRoom;
import dev.baton.server.context.NewWork;
import dev.baton.server.context.RequestWork;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.ShedReason;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A request that has come and whose handler has not begun. One that waits is refused when it has
 * waited for too long, by a timer inside its channel; one that has waited for a standby is dropped
 * if its client has left.
 */
abstract class Arrival implements NewWork {
  // netinet/tcp.h: the peer has closed, or both have
  private static final int TCP_CLOSE = 7;
  private static final int TCP_CLOSE_WAIT = 8;

  private static final VarHandle DONE;
  private static final VarHandle ROOM;

  /** The room of one that waits no more. */
  private static final WaitingRoom NONE = new WaitingRoom(0);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      DONE = lookup.findVarHandle(Arrival.class, "done", boolean.class);
      ROOM = lookup.findVarHandle(Arrival.class, "room", WaitingRoom.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final BatonContext context;
  private final @Nullable ChannelLoop channel;

  // Through ROOM: by who has the right to run it, or who looks at what waits behind others
  private volatile @Nullable WaitingRoom room;

  // Written by who has the right to run it, one after the other
  private boolean putAside;
  private boolean paused;
  private @Nullable Runnable held;
  private ContinuationLoop.@Nullable Hold hold;

  // Written by who has it wait. Benign race: a timer that is not cancelled finds it over
  private ShedReason reason = ShedReason.OVERLOAD;
  private java.util.concurrent.@Nullable Future<?> timer;

  // Through DONE: by who runs it, or by the timer
  @SuppressWarnings("unused")
  private boolean done;

  // Written by who has set done, or before
  private boolean refused;

  /** A request that comes to {@code context} by {@code connection}. */
  Arrival(BatonContext context, HttpConnection connection) {
    this.context = context;
    this.channel =
        connection instanceof ConnectionBase base
                && base.channel().eventLoop() instanceof ChannelLoop view
            ? view
            : null;
    if (channel != null) {
      context.broughtBy(channel);
    }
  }

  /** Runs the handler. */
  abstract void begin();

  /** What the metrics hold of it; null without. */
  abstract @Nullable Object metric();

  /** Answers in its place, for want of a worker. Inside the channel, or in the context. */
  abstract void refuse();

  private TransferableEventLoop loop() {
    return context.nettyEventLoop();
  }

  @Override
  public final Supplier<?> described() {
    return context;
  }

  @Override
  public final boolean mayWait() {
    return mayWait(loop().room(), ShedReason.CONTEXT_HELD);
  }

  private boolean mayWait(WaitingRoom where, ShedReason why) {
    if (room == null) {
      reason = why;
      if (metric() instanceof RequestWork.Routed routed) {
        routed.waits();
      }
      if (!where.enter()) {
        refused = true;
        return false;
      }
      if (!ROOM.compareAndSet(this, null, where)) {
        where.leave(); // another one has counted it, or it runs
        return true;
      }
      ChannelLoop c = channel;
      if (c != null) {
        timer = c.schedule(this::expire, loop().maxWaitNanos(), TimeUnit.NANOSECONDS);
      }
    }
    return true;
  }

  @Override
  public final void waitsBehind() {
    ChannelLoop c = channel;
    if (!mayWait() && c != null) {
      c.execute(this::expire);
    }
  }

  @Override
  public final boolean mayBePutAside(WaitingRoom room) {
    putAside = true;
    boolean may =
        !refused
            && mayWait(room, room == loop().room() ? ShedReason.OVERLOAD : ShedReason.ROUTE_FULL);
    if (may && !paused) {
      paused = true;
      pause();
    }
    return may;
  }

  /** Its context may go on without it, and is not to have its queue emptied. */
  abstract void pause();

  final boolean isPaused() {
    return paused;
  }

  @Override
  public final boolean isOver() {
    return (boolean) DONE.getVolatile(this);
  }

  @Override
  public final void holdSource(UnaryOperator<Runnable> hold) {
    if (held == null) {
      Runnable body = this::proceed;
      Runnable replaced = hold.apply(body);
      held = replaced == body ? null : replaced;
      this.hold = held instanceof ContinuationLoop.Hold h ? h : null;
    }
  }

  @Override
  public final void releaseSource() {
    ContinuationLoop.Hold h = hold;
    if (h != null) {
      h.release();
    }
  }

  @Override
  public boolean standsAlone() {
    return held != null;
  }

  @Override
  public final void run() {
    WaitingRoom r = (WaitingRoom) ROOM.getAndSet(this, NONE);
    if (r != null && r != NONE) {
      r.leave();
    }
    if (DONE.compareAndSet(this, false, true)) {
      java.util.concurrent.Future<?> t = timer;
      if (t != null) {
        t.cancel(false);
      }
      runBody();
    }
  }

  /** It has waited for too long. Inside the channel. */
  private void expire() {
    if (DONE.compareAndSet(this, false, true)) {
      refused = true;
      runBody();
    }
  }

  private void runBody() {
    Runnable body = held;
    held = null;
    if (body == null) {
      proceed();
    } else {
      body.run();
    }
  }

  private void proceed() {
    if (refused) {
      refuse();
    } else if (putAside && isClientGone()) {
      BatonMetrics metrics = metrics();
      if (metrics != null) {
        metrics.shed(ShedReason.CLIENT_GONE);
      }
    } else {
      begin();
    }
  }

  final @Nullable BatonMetrics metrics() {
    return context.owner().metrics() instanceof BatonMetrics metrics ? metrics : null;
  }

  /** Why it is refused. */
  final ShedReason reason() {
    return reason;
  }

  /** A channel that holds events back has not been told. Any thread. */
  boolean isClientGone() {
    Channel c = channel == null ? null : channel.channel();
    if (c == null || !c.isActive()) {
      return c != null;
    }
    if (c instanceof EpollSocketChannel socket) {
      try {
        int state = socket.tcpInfo().state();
        return state == TCP_CLOSE || state == TCP_CLOSE_WAIT;
      } catch (RuntimeException closed) {
        return true;
      }
    }
    return false;
  }
}
