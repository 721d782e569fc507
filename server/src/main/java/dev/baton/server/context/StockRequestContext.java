package dev.baton.server.context;

import dev.baton.stages.RequestContext;
import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A context of stock Vert.x, so that the same pipelines run there: fused stages block its event
 * loop, as any handler does. While a stage's worker has the continuation, nothing of it is left on
 * the event loop; there is no right to run that would have to be passed.
 */
public final class StockRequestContext implements RequestContext {
  private final ContextInternal context;

  // Written by who runs the continuation
  private @Nullable ContextInternal previous;
  private boolean onWorker;
  private @Nullable HandOff handOff;

  public StockRequestContext(ContextInternal context) {
    this.context = context;
  }

  @Override
  public void submit(Runnable task) {
    context.emit(null, _ -> task.run());
  }

  @Override
  public void defer(Runnable task) {
    context.nettyEventLoop().execute(() -> submit(task));
  }

  @Override
  public void handOff(HandOff next) {
    if (onWorker) {
      handOff = next;
    } else if (!next.offer()) {
      next.refused();
    }
  }

  @Override
  public void enter() {
    onWorker = true;
    previous = context.beginDispatch();
  }

  @Override
  public void leave() {
    context.endDispatch(previous);
    onWorker = false;
    HandOff next = handOff;
    handOff = null;
    if (next != null && !next.offer()) {
      next.refused();
    }
  }

  @Override
  public boolean keepsLoop() {
    return true;
  }

  @Override
  public int loop() {
    return 0;
  }

  @Override
  public long arrivalNanos() {
    return 0;
  }

  @Override
  public Future<?> schedule(Runnable task, long delayNanos) {
    return context.nettyEventLoop().schedule(() -> submit(task), delayNanos, TimeUnit.NANOSECONDS);
  }
}
