package io.vertx.core.impl;

import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.TransferableEventLoop;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.ThreadingModel;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.net.impl.ConnectionBase;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;

/**
 * The context in which an HTTP client makes the connections of a pool that has event loops of its
 * own ({@code PoolOptions.setEventLoopSize}).
 *
 * <p>Stock's is the context of all these connections, which are guarded by it. Here each is guarded
 * by its own channel. So whoever learns of one that is being made does so inside its channel, and
 * the connection has a stock context of that channel ({@link #of}) before anybody has it.
 */
final class PoolContext extends DelegatingContext {
  private static final Class<?> EMISSION;
  private static final MethodHandle RESULT;

  static {
    try {
      EMISSION = Class.forName("io.vertx.core.impl.future.FutureBase$EmitResultTask");
      // The field is final; nothing else of Vert.x 5.2.0 says of what a future tells its listener.
      Field result = EMISSION.getDeclaredField("result");
      result.setAccessible(true);
      RESULT =
          MethodHandles.lookup()
              .unreflectGetter(result)
              .asType(MethodType.methodType(Object.class, Runnable.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final TransferableEventLoop loop;

  PoolContext(ContextInternal stock, TransferableEventLoop loop) {
    super(stock);
    this.loop = loop;
  }

  /** The context of a connection that was made in this one. Inside {@code channel}. */
  ContextInternal of(ChannelLoop channel) {
    return owner()
        .createContext(
            ThreadingModel.EVENT_LOOP,
            channel,
            closeFuture(),
            workerPool(),
            deploymentID(),
            classLoader());
  }

  /** Each connection gets a view of it. */
  @Override
  public EventLoop nettyEventLoop() {
    return loop;
  }

  @Override
  public <T> PromiseInternal<T> promise() {
    PromiseInternal<T> promise = promiseHere();
    Future<T> _ = promise.future().map(ConnectionContext::bindClient); // by whoever completes it
    return promise;
  }

  /** So futures tell their listeners by {@link #execute(Runnable)}. */
  @Override
  public boolean isRunningOnContext() {
    return false;
  }

  @Override
  public boolean inThread() {
    return TransferableEventLoop.isInUnitOf(loop);
  }

  @Override
  public void execute(Runnable task) {
    if (loopOf(task) instanceof ChannelLoop channel) {
      if (channel.inEventLoop()) {
        task.run();
      } else {
        channel.execute(task);
      }
    } else if (inThread()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  @Override
  public <T> void execute(T argument, Handler<T> task) {
    execute(() -> task.handle(argument));
  }

  @Override
  public <T> void emit(T argument, Handler<T> task) {
    execute(() -> dispatch(argument, task));
  }

  /** The event loop of the connection that a future tells of; null of anything else. */
  private static @Nullable EventLoop loopOf(Runnable task) {
    try {
      return EMISSION.isInstance(task)
              && RESULT.invokeExact(task) instanceof ConnectionBase connection
          ? connection.channel().eventLoop()
          : null;
    } catch (Throwable e) {
      throw new LinkageError("A future did not tell its result", e);
    }
  }
}
