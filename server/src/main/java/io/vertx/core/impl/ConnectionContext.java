package io.vertx.core.impl;

import dev.baton.scheduler.loop.ChannelLoop;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.ThreadingModel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.http2.codec.VertxHttp2ConnectionHandler;
import io.vertx.core.http.impl.http2.multiplex.Http2MultiplexHandler;
import io.vertx.core.http.impl.tcp.Http2UpgradeClientConnection;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.EventExecutor;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.net.impl.VertxHandler;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;

/**
 * The context of one HTTP connection, of a server, or of a client that has no pool. What Vert.x
 * does for the connection runs inside its channel; what users are called with runs in the context
 * of their verticle.
 *
 * <p>Vert.x gives all connections of a listening server one context, and asks that whether it is in
 * its event loop before it touches plain fields of a connection. Here that must be true only inside
 * that connection's channel. So a server listens in a context without a channel, and each
 * connection gets its own one, before its first message ({@link #bind}). A client makes a
 * connection without a pool in the context of who asks for it, with the same questions, and gets it
 * with a context of its own ({@link #bindClient}).
 */
final class ConnectionContext extends DelegatingContext {
  private static final MethodHandle CONTEXT_OF_CONNECTION;
  private static final MethodHandle OF_CODEC;
  private static final MethodHandle OF_MULTIPLEX;

  static {
    try {
      OF_CODEC = connectionOf(VertxHttp2ConnectionHandler.class);
      OF_MULTIPLEX = connectionOf(Http2MultiplexHandler.class);
      // The field is final; nothing else of Vert.x 5.2.0 lets a connection have a context of its
      // own.
      Field field = ConnectionBase.class.getDeclaredField("context");
      field.setAccessible(true);
      CONTEXT_OF_CONNECTION = MethodHandles.lookup().unreflectSetter(field);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static MethodHandle connectionOf(Class<? extends ChannelHandler> type)
      throws ReflectiveOperationException {
    Field field = type.getDeclaredField("connection");
    field.setAccessible(true);
    MethodType general = MethodType.methodType(ConnectionBase.class, ChannelHandler.class);
    return MethodHandles.lookup().unreflectGetter(field).asType(general);
  }

  private final BatonContext user;
  private final EventLoop loop;
  private final @Nullable EventExecutor executor;

  /** What a server listens in. */
  ConnectionContext(BatonContext user) {
    super(user);
    this.user = user;
    this.loop = user.nettyEventLoop();
    this.executor = null;
  }

  private ConnectionContext(BatonContext user, ChannelLoop channel) {
    super(user);
    this.user = user;
    this.loop = channel;
    this.executor = BatonContext.executorOf(channel);
  }

  /** Gives a connection that was made in a context without a channel its own one. Inside. */
  static ConnectionContext bind(ConnectionBase connection, ChannelLoop channel) {
    if (!(connection.context() instanceof ConnectionContext listening)) {
      throw new IllegalStateException(
          "context=" + connection.context() + ": a connection of a server of Baton's");
    }
    ConnectionContext own = new ConnectionContext(listening.user, channel);
    set(connection, own);
    return own;
  }

  /**
   * Gives an HTTP connection of a client its own context, if it was made in that of its user, as
   * one that is in no pool. Inside the channel, before the connection has had its first message.
   *
   * @param handler where the connection's handler is
   */
  static void bindClient(ChannelHandlerContext handler) {
    ConnectionBase _ = bindClient(connection(handler.handler()));
  }

  /** As above, of {@code made}, which need be no such connection; returns it. */
  static <T extends @Nullable Object> T bindClient(T made) {
    Object current = made instanceof Http2UpgradeClientConnection upgrade ? upgrade.unwrap() : made;
    if (current instanceof ConnectionBase connection
        && current instanceof HttpConnection
        && connection.channel().eventLoop() instanceof ChannelLoop channel
        && channel.inEventLoop()) {
      if (connection.context() instanceof BatonContext user) {
        set(connection, new ConnectionContext(user, channel));
      } else if (connection.context() instanceof PoolContext pool) {
        set(connection, pool.of(channel));
      }
    }
    return made;
  }

  private static @Nullable ConnectionBase connection(ChannelHandler handler) {
    if (handler instanceof VertxHandler<?> one) {
      return one.getConnection();
    }
    MethodHandle get = handler instanceof VertxHttp2ConnectionHandler ? OF_CODEC : OF_MULTIPLEX;
    try {
      return (ConnectionBase) get.invokeExact(handler);
    } catch (Throwable e) {
      throw new LinkageError("A handler did not tell its connection", e);
    }
  }

  /** Has {@code connection} use {@code context} from now on. Inside its channel. */
  static void set(ConnectionBase connection, ContextInternal context) {
    try {
      CONTEXT_OF_CONNECTION.invokeExact(connection, context);
    } catch (Throwable e) {
      throw new LinkageError("A connection did not take its context", e);
    }
  }

  // ---------------------------------------------------------------- inside the channel

  @Override
  public EventExecutor executor() {
    EventExecutor e = executor;
    return e != null ? e : user.eventLoop();
  }

  @Override
  public EventExecutor eventLoop() {
    return executor();
  }

  @Override
  public EventLoop nettyEventLoop() {
    return loop;
  }

  @Override
  public boolean inThread() {
    return executor().inThread();
  }

  @Override
  public void execute(Runnable task) {
    EventExecutor e = executor();
    if (e.inThread()) {
      task.run();
    } else {
      e.execute(task);
    }
  }

  @Override
  public <T> void execute(T argument, Handler<T> task) {
    EventExecutor e = executor();
    if (e.inThread()) {
      task.handle(argument);
    } else {
      e.execute(() -> task.handle(argument));
    }
  }

  // ---------------------------------------------------------------- in the verticle's context

  @Override
  public <T> void emit(T argument, Handler<T> task) {
    if (executor == null && argument instanceof ConnectionBase) {
      dispatchHere(argument, task); // the server itself sets the connection up
    } else {
      user.emit(argument, task);
    }
  }

  @Override
  public void dispatch(Runnable handler) {
    user.emit(null, _ -> handler.run());
  }

  @Override
  public <T> void dispatch(T argument, Handler<T> handler) {
    user.emit(argument, handler);
  }

  @Override
  public ThreadingModel threadingModel() {
    return ThreadingModel.EVENT_LOOP;
  }

  @Override
  public boolean isEventLoopContext() {
    return true;
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
