package io.vertx.core.impl;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.LoopThread;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.WorkObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A thread that drives Baton's loops, with the slot for its current context in a field.
 *
 * <p>No {@code VertxThread}: {@code Future.await} refuses those, and a handler may block here.
 */
public final class BatonThread extends LoopThread {
  final VertxImpl.ContextDispatch dispatch = new VertxImpl.ContextDispatch();

  // What it described last: the work of the worker whose loop it has taken
  @Nullable BatonContext described;

  /** A thread that runs {@code body}. */
  BatonThread(Runnable body) {
    super(body);
  }

  /** Builds a scheduler whose workers are such threads, and tell which requests they run. */
  public static Scheduler.Builder schedulers() {
    return Scheduler.builder().threadFactory(BatonThread::new).workObserver(new Requests());
  }

  /** What the calling thread has described last, null if nothing: it keeps that no longer. */
  static @Nullable BatonContext takeDescribed() {
    if (!(Thread.currentThread() instanceof BatonThread thread)) {
      return null;
    }
    BatonContext described = thread.described;
    thread.described = null;
    return described;
  }

  @Override
  public void run() {
    // Vert.x finds the current context of a thread it does not know here.
    VertxImpl.nonVertxContextDispatch.set(dispatch);
    super.run();
  }

  /** Which requests they run. */
  private static final class Requests implements WorkObserver {
    @Override
    public @Nullable Supplier<?> workOf(Thread worker) {
      return worker instanceof BatonThread baton
              && baton.dispatch.context instanceof BatonContext context
              && context.hasRequest()
          ? context
          : null;
    }

    @Override
    public @Nullable Runnable left(TransferableEventLoop loop, Supplier<?> work) {
      return work instanceof BatonContext context ? context.left(loop) : null;
    }
  }
}
