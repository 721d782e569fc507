package dev.baton.stages;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** A request's context whose turns the test gives by hand. */
public final class FakeContext implements RequestContext {
  /** A timer that fires when the test says so. */
  public record Timer(FutureTask<?> task, long delayNanos) {}

  private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
  public final List<Timer> timers = new ArrayList<>();
  public FakeContext source = this;
  public boolean keepsLoop = true;
  public long arrivalNanos;

  // Written by who has the right to run
  private volatile @Nullable Thread runner;
  private @Nullable HandOff handOff;

  /** Runs {@code task} and what follows from it, until nothing waits. */
  public void run(Runnable task) {
    queue.add(task);
    drain();
  }

  /** One turn for everything that waits. */
  public void drain() {
    for (Runnable next; (next = queue.poll()) != null; ) {
      runner = Thread.currentThread();
      next.run();
      if (passOn()) {
        return;
      }
    }
  }

  /** Fires the only timer that is not cancelled. */
  public void fire() {
    List<Timer> pending = timers.stream().filter(t -> !t.task.isDone()).toList();
    if (pending.size() != 1) {
      throw new AssertionError("timers=" + pending);
    }
    pending.getFirst().task.run();
    drain();
  }

  /** Whether nobody has the right to run, whatever waits. Any thread. */
  public boolean isFree() {
    return runner == null;
  }

  public boolean isIdle() {
    return queue.isEmpty();
  }

  private boolean passOn() {
    HandOff next = handOff;
    handOff = null;
    runner = null;
    if (next == null || next.offer()) {
      return next != null;
    }
    runner = Thread.currentThread();
    next.refused();
    runner = null;
    return false;
  }

  @Override
  public void submit(Runnable task) {
    if (runner == Thread.currentThread()) {
      task.run();
    } else {
      queue.add(task);
    }
  }

  @Override
  public void submitToSource(Runnable task) {
    source.submit(task);
  }

  @Override
  public void defer(Runnable task) {
    queue.add(task);
  }

  @Override
  public void handOff(HandOff next) {
    handOff = next;
  }

  @Override
  public void enter() {
    runner = Thread.currentThread();
  }

  @Override
  public void leave() {
    passOn();
  }

  @Override
  public boolean keepsLoop() {
    return keepsLoop;
  }

  @Override
  public int loop() {
    return 0;
  }

  @Override
  public long arrivalNanos() {
    return arrivalNanos;
  }

  @Override
  public Future<?> schedule(Runnable task, long delayNanos) {
    var timer = new Timer(new FutureTask<>(() -> submit(task), null), delayNanos);
    timers.add(timer);
    return timer.task;
  }
}
