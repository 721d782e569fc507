package dev.baton.server.context;

import dev.baton.stages.RequestContext;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A context of stock Vert.x, so that the same pipelines run there: fused stages block its event
 * loop, as any handler does. While a stage's worker has the continuation, what is submitted waits
 * until that worker leaves.
 */
public final class StockRequestContext implements RequestContext {
  private final ContextInternal context;

  // Guarded by this
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean away;
  private int handOffs;

  // Written by who has the right to run
  private @Nullable ContextInternal previous;
  private boolean onWorker;
  private @Nullable HandOff handOff;

  public StockRequestContext(ContextInternal context) {
    this.context = context;
  }

  @Override
  public void submit(Runnable task) {
    context.emit(task, this::runOrKeep);
  }

  private void runOrKeep(Runnable task) {
    synchronized (this) {
      if (away) {
        waiting.add(task);
        return;
      }
    }
    task.run();
  }

  @Override
  public void defer(Runnable task) {
    context.nettyEventLoop().execute(() -> submit(task));
  }

  @Override
  public void handOff(HandOff next) {
    if (onWorker) {
      handOff = next;
    } else {
      synchronized (this) {
        away = true;
        handOffs++;
      }
      if (!next.offer()) {
        comeBack();
        next.refused();
      }
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
    if (next != null) {
      if (next.offer()) {
        return;
      }
      next.refused();
    }
    comeBack();
  }

  /** Lets the rest run, in order: nothing that comes now may overtake what waits. */
  private void comeBack() {
    context.emit(null, _ -> runWaiting());
  }

  private void runWaiting() {
    int mine;
    synchronized (this) {
      mine = handOffs;
    }
    while (true) {
      Runnable task;
      synchronized (this) {
        if (handOffs != mine) {
          return; // the next one who comes back goes on
        }
        task = waiting.poll();
        if (task == null) {
          away = false;
          return;
        }
      }
      task.run();
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
