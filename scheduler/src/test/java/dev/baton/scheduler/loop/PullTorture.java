package dev.baton.scheduler.loop;

import dev.baton.scheduler.queue.StageQueue;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Sends continuations through a stage in bursts and waits for each burst: a wake-up that is lost
 * shows as a burst that does not end, because nothing follows that would heal it. Some sleep, some
 * compute, some are suspended and resumed by another thread.
 */
final class PullTorture {
  static final int CAPACITY = 4;

  private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private record Suspended(Runnable rest, int loop) {}

  private final long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);
  private final SplittableRandom random = new SplittableRandom(seed);
  private final StageQueue queue;
  private final int loops;
  private final int continuations;
  private final AtomicIntegerArray ran;
  private final AtomicInteger ended = new AtomicInteger();
  private final BlockingQueue<Suspended> suspended = new ArrayBlockingQueue<>(CAPACITY);
  private final StringBuilder problems = new StringBuilder();

  PullTorture(StageQueue queue, int loops, int continuations) {
    this.queue = queue;
    this.loops = loops;
    this.continuations = continuations;
    this.ran = new AtomicIntegerArray(continuations);
  }

  void run() {
    Thread resumer = Thread.ofPlatform().daemon().start(this::resume);
    try {
      int sent = 0;
      while (sent < continuations && problems.isEmpty()) {
        int burst = Math.min(continuations - sent, random.nextInt(1, 2 * CAPACITY));
        for (int i = 0; i < burst; i++) {
          Runnable continuation = continuation(sent++, random.nextInt(1000));
          await("a slot is free", () -> queue.offer(continuation));
        }
        int expected = sent;
        await("the burst has ended", () -> ended.get() == expected);
      }
    } finally {
      resumer.interrupt();
    }
    for (int i = 0; problems.isEmpty() && i < continuations; i++) {
      if (ran.get(i) != 1) {
        problem("continuation " + i + " ran " + ran.get(i) + " times");
      }
    }
    if (problems.isEmpty() && (!queue.isEmpty() || queue.inside() != 0)) {
      problem("inside at the end: " + queue.inside());
    }
  }

  /** What went wrong; empty if nothing. */
  String problems() {
    return problems.toString();
  }

  private void problem(String what) {
    problems.append("seed ").append(seed).append(": ").append(what).append('\n');
  }

  private Runnable continuation(int number, int kind) {
    if (kind < 300) {
      int loop = random.nextInt(loops);
      return () -> suspended.add(new Suspended(() -> end(number, kind), loop));
    }
    return () -> end(number, kind);
  }

  private void end(int number, int kind) {
    if (kind % 100 == 0) {
      LockSupport.parkNanos(200_000);
    } else if (kind % 100 == 1) {
      long until = System.nanoTime() + 50_000;
      while (System.nanoTime() - until < 0) {
        Thread.onSpinWait();
      }
    }
    ran.getAndIncrement(number);
    queue.leave();
    ended.getAndIncrement();
  }

  private void resume() {
    try {
      while (true) {
        Suspended next = suspended.take();
        queue.resume(next.rest(), next.loop());
      }
    } catch (InterruptedException e) {
      // the end
    }
  }

  private void await(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    for (int i = 0; problems.isEmpty() && !condition.getAsBoolean(); i++) {
      if (System.nanoTime() - start > STALL_NANOS) {
        problem(
            "stall: waited in vain until "
                + what
                + "; inside "
                + queue.inside()
                + ", waiting "
                + queue.waiting()
                + ", ended "
                + ended.get());
      }
      if (i > 100) {
        LockSupport.parkNanos(1_000);
      }
    }
  }
}
