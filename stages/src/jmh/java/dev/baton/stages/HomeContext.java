package dev.baton.stages;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A context without loop: the benchmark's thread begins, whoever pulls goes on. */
final class HomeContext implements RequestContext {
  private @Nullable HandOff handOff;

  /** Ends the callback that has begun the pipeline. */
  void callbackEnded() {
    HandOff next = handOff;
    handOff = null;
    if (next != null && !next.offer()) {
      next.refused();
    }
  }

  @Override
  public void submit(Runnable task) {
    task.run();
  }

  @Override
  public void defer(Runnable task) {
    task.run();
  }

  @Override
  public void handOff(HandOff next) {
    handOff = next;
  }

  @Override
  public void enter() {}

  @Override
  public void leave() {
    callbackEnded();
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
    return 0; // nobody has looked
  }

  @Override
  public Future<?> schedule(Runnable task, long delayNanos) {
    return new CompletableFuture<Void>();
  }
}
