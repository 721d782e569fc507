package dev.baton.server.context;

import dev.baton.scheduler.loop.AwayBound;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A callback in its place in the queue of a {@link SerialExecutor}: something to run, or a handler
 * to call or to dispatch. Written before it is linked, or with the right to run.
 */
class CallbackNode {
  @Nullable Runnable callback;
  private @Nullable ContextInternal context;
  private @Nullable Object argument;
  private @Nullable Handler<Object> handler;
  @Nullable Object source;
  boolean insideOnly; // its source
  boolean fresh;
  @Nullable RouteStart start;
  boolean counted;
  volatile @Nullable CallbackNode next;

  @SuppressWarnings("unchecked") // the argument is the handler's
  final void set(
      @Nullable Runnable callback,
      @Nullable ContextInternal context,
      @Nullable Object argument,
      @Nullable Handler<?> handler,
      @Nullable Object source,
      boolean fresh,
      @Nullable RouteStart start) {
    this.callback = callback;
    this.context = context;
    this.argument = argument;
    this.handler = (Handler<Object>) handler;
    this.source = source;
    this.fresh = fresh;
    this.start = start;
  }

  /** Keeps nothing reachable of a callback that has run. */
  final void clear() {
    callback = null;
    context = null;
    argument = null;
    handler = null;
    source = null;
    insideOnly = false;
    fresh = false;
    start = null;
    counted = false;
  }

  final void call() {
    Runnable r = callback;
    if (r != null) {
      r.run();
      return;
    }
    call(context, argument, Objects.requireNonNull(handler));
  }

  private static void call(
      @Nullable ContextInternal context, @Nullable Object argument, Handler<Object> handler) {
    if (context == null) {
      handler.handle(argument);
    } else {
      context.dispatch(argument, handler);
    }
  }

  /** New work: how many of its kind may have begun; what has waited may know by now. */
  final @Nullable AwayBound bound() {
    if (callback instanceof NewWork work) {
      return work.bound();
    }
    return context instanceof NewWork.Maker maker ? maker.bound() : null;
  }

  /** Whether there is new work to be made of it. */
  final boolean isWork() {
    return callback instanceof NewWork || context instanceof NewWork.Maker;
  }

  /** New work, as what can wait or be refused. */
  final NewWork work() {
    if (callback instanceof NewWork work) {
      return work;
    }
    NewWork work =
        ((NewWork.Maker) Objects.requireNonNull(context))
            .newWork(argument, Objects.requireNonNull(handler));
    callback = work;
    return work;
  }

  /** What describes new work to onlookers; null for what is none. */
  final @Nullable Supplier<?> described() {
    if (callback instanceof NewWork made) {
      return made.described();
    }
    return context instanceof Supplier<?> supplier ? supplier : null;
  }

  final Runnable callback() {
    Runnable r = callback;
    if (r != null) {
      return r;
    }
    ContextInternal c = context;
    Object a = argument;
    Handler<Object> h = Objects.requireNonNull(handler);
    return () -> call(c, a, h);
  }
}
