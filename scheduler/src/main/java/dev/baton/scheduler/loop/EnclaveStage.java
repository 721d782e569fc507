package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.queue.StagePlace;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A stage on the loops of an enclave: its continuations are handlers of a class of their own, and
 * the enclave's policy says when and by which loop they run. Moves to another enclave at any time:
 * what waits runs where it waits. Any thread.
 */
public final class EnclaveStage implements StagePlace {
  private final int handlerClass;
  private final int capacity;
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile Enclave enclave;

  /**
   * Nothing is inside.
   *
   * @param name of its class, unique among stages
   * @param capacity the most continuations inside, at least 1
   */
  public EnclaveStage(Enclave enclave, String name, int capacity) {
    this.enclave = enclave;
    this.handlerClass = enclave.classes().of(name);
    this.capacity = capacity;
  }

  /** Where its continuations go. */
  public Enclave enclave() {
    return enclave;
  }

  /**
   * Has continuations that come from now on run in another enclave of the same scheduler.
   *
   * @throws IllegalArgumentException if it is another scheduler's
   */
  public void moveTo(Enclave other) {
    HandlerClasses known = enclave.classes();
    if (known != other.classes()) {
      throw new IllegalArgumentException(
          "enclave=" + other.name() + ": it is another scheduler's; choose one of this stage's");
    }
    enclave = other;
  }

  @Override
  public boolean offer(Runnable continuation) {
    int now;
    do {
      now = inside.get();
      if (now >= capacity) {
        return false;
      }
    } while (!inside.compareAndSet(now, now + 1));
    try {
      add(continuation);
      return true;
    } catch (RejectedExecutionException e) { // the server has ended
      leave();
      return false;
    }
  }

  @Override
  public void resume(Runnable continuation, int loop) {
    add(continuation);
  }

  private void add(Runnable continuation) {
    waiting.getAndIncrement();
    try {
      enclave.handler(
          () -> {
            waiting.getAndDecrement();
            continuation.run();
          },
          handlerClass,
          SchedulingPolicy.NO_DEADLINE);
    } catch (RejectedExecutionException e) {
      waiting.getAndDecrement();
      throw e;
    }
  }

  @Override
  public void leave() {
    inside.getAndDecrement();
  }

  @Override
  public int inside() {
    return inside.get();
  }

  @Override
  public int waiting() {
    return waiting.get();
  }

  @Override
  public long wakeUps() {
    return 0; // they are the enclave's
  }
}
