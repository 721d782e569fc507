package io.vertx.core.impl;

import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.ThreadingModel;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextBuilder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.EventExecutor;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.internal.WorkerPool;
import io.vertx.core.json.JsonObject;
import io.vertx.core.spi.context.storage.AccessMode;
import io.vertx.core.spi.context.storage.ContextLocal;
import io.vertx.core.spi.tracing.VertxTracer;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A context that is another one, but for what its subclass says. */
abstract class DelegatingContext implements ContextInternal {
  private final ContextInternal delegate;

  DelegatingContext(ContextInternal delegate) {
    this.delegate = delegate;
  }

  /** Calls {@code handler} at once, with this as the current context. */
  final <T> void dispatchHere(T argument, Handler<T> handler) {
    ContextInternal.super.dispatch(argument, handler);
  }

  /** A promise whose listeners are told in this context. */
  final <T> PromiseInternal<T> promiseHere() {
    return ContextInternal.super.promise();
  }

  @Override
  public EventExecutor executor() {
    return delegate.executor();
  }

  @Override
  public EventExecutor eventLoop() {
    return delegate.eventLoop();
  }

  @Override
  public EventLoop nettyEventLoop() {
    return delegate.nettyEventLoop();
  }

  @Override
  public boolean inThread() {
    return delegate.inThread();
  }

  @Override
  public void execute(Runnable task) {
    delegate.execute(task);
  }

  @Override
  public <T> void execute(T argument, Handler<T> task) {
    delegate.execute(argument, task);
  }

  @Override
  public <T> void emit(T argument, Handler<T> task) {
    delegate.emit(argument, task);
  }

  @Override
  public void runOnContext(Handler<Void> action) {
    delegate.runOnContext(action);
  }

  @Override
  public <T> PromiseInternal<T> promise() {
    return delegate.promise();
  }

  @Override
  public ContextInternal beginDispatch() {
    return owner().beginDispatch(this);
  }

  @Override
  public void endDispatch(ContextInternal previous) {
    owner().endDispatch(previous);
  }

  @Override
  public ThreadingModel threadingModel() {
    return delegate.threadingModel();
  }

  @Override
  public boolean isEventLoopContext() {
    return delegate.isEventLoopContext();
  }

  @Override
  public boolean isWorkerContext() {
    return delegate.isWorkerContext();
  }

  @Override
  public ContextInternal duplicate(boolean copy) {
    return delegate.duplicate(copy);
  }

  @Override
  public ContextInternal unwrap() {
    return delegate.unwrap();
  }

  @Override
  public <T> Future<T> executeBlocking(Callable<T> code, boolean ordered) {
    return delegate.executeBlocking(code, ordered);
  }

  @Override
  public <T> T getLocal(ContextLocal<T> key, AccessMode accessMode) {
    return delegate.getLocal(key, accessMode);
  }

  @Override
  public <T> T getLocal(
      ContextLocal<T> key, AccessMode accessMode, Supplier<? extends T> initialValueSupplier) {
    return delegate.getLocal(key, accessMode, initialValueSupplier);
  }

  @Override
  public <T> void putLocal(ContextLocal<T> key, AccessMode accessMode, T value) {
    delegate.putLocal(key, accessMode, value);
  }

  @Override
  public VertxImpl owner() {
    return (VertxImpl) delegate.owner();
  }

  @Override
  public @Nullable String deploymentID() {
    return delegate.deploymentID();
  }

  @Override
  public CloseFuture closeFuture() {
    return delegate.closeFuture();
  }

  @Override
  public Future<Void> close() {
    return delegate.close();
  }

  @Override
  public JsonObject config() {
    return delegate.config();
  }

  @Override
  public VertxTracer<?, ?> tracer() {
    return delegate.tracer();
  }

  @Override
  public ClassLoader classLoader() {
    return delegate.classLoader();
  }

  @Override
  public WorkerPool workerPool() {
    return delegate.workerPool();
  }

  @Override
  public ConcurrentMap<Object, Object> contextData() {
    return delegate.contextData();
  }

  @Override
  public void reportException(Throwable t) {
    delegate.reportException(t);
  }

  @Override
  public Context exceptionHandler(@Nullable Handler<Throwable> handler) {
    delegate.exceptionHandler(handler);
    return this;
  }

  @Override
  public @Nullable Handler<Throwable> exceptionHandler() {
    return delegate.exceptionHandler();
  }

  @Override
  public ContextBuilder toBuilder() {
    return delegate.toBuilder();
  }
}
