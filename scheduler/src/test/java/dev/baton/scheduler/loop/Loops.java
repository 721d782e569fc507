package dev.baton.scheduler.loop;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;

/** A running scheduler, for the length of a test. */
record Loops(Scheduler scheduler) implements AutoCloseable {
  static Loops start(SchedulerOptions options) {
    return new Loops(Scheduler.start(options));
  }

  static Loops one() {
    return start(new SchedulerOptions().setLoops(1));
  }

  TransferableEventLoop first() {
    return scheduler.eventLoopGroup().loops().getFirst();
  }

  Enclave enclave() {
    return scheduler.enclave();
  }

  PoolSnapshot pool() {
    return enclave().poolSnapshots().getFirst();
  }

  /** The first takeover, once it is reported: after the continuations that waited for it. */
  Takeover firstTakeover() {
    until("a takeover is reported", () -> !enclave().recentTakeovers().isEmpty());
    return enclave().recentTakeovers().getFirst();
  }

  Loops assumeTakeover() {
    Assumptions.assumeTrue(
        scheduler.isTakeover(), () -> "loops do not change hands: " + scheduler.notifierReason());
    return this;
  }

  Loops assumeNotifier(BlockNotifier.Kind kind) {
    assumeTakeover();
    Assumptions.assumeTrue(
        scheduler.notifier() == kind,
        () ->
            kind.name().toLowerCase(Locale.ROOT)
                + " is refused here: "
                + scheduler.notifierReason());
    return this;
  }

  static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      // whoever is left in a policy is interrupted, and is to go on there
    }
  }

  static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain until " + what);
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Override
  public void close() {
    if (!scheduler
        .eventLoopGroup()
        .shutdownGracefully(0, 5, TimeUnit.SECONDS)
        .awaitUninterruptibly(20, TimeUnit.SECONDS)) {
      throw new AssertionError("the event loops do not end");
    }
  }

  /** Makes threads that do not start while {@code refused}, as under a limit on them. */
  static ThreadFactory refusing(AtomicBoolean refused) {
    return body ->
        new LoopThread(body) {
          @Override
          public void start() {
            if (refused.get()) {
              throw new OutOfMemoryError("unable to create native thread");
            }
            super.start();
          }
        };
  }
}
