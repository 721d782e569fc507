package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many workers there are, and what happens when there are none. */
@Timeout(60)
class StandbyPoolIT {
  private static SchedulerOptions standbys(int min, int max) {
    return new SchedulerOptions().setLoops(1).setMinStandbys(min).setMaxStandbys(max);
  }

  @Test
  void shouldGrowOnDemandAndShrinkWhenIdle() {
    try (Loops loops =
        Loops.start(standbys(2, 64).setStandbyKeepAlive(Duration.ofMillis(50))).assumeTakeover()) {
      var release = new CountDownLatch(1);
      var asleep = new CountDownLatch(20);
      for (int i = 0; i < 20; i++) {
        loops
            .first()
            .continuation(
                () -> {
                  asleep.countDown();
                  Loops.await(release);
                });
      }

      Loops.await(asleep);
      int grown = loops.pool().total();
      release.countDown();
      Loops.until("it has shrunk", () -> loops.pool().total() <= 4);

      assertThat(grown).isGreaterThanOrEqualTo(19);
      assertThat(loops.pool().exhaustions()).isZero();
      Loops.until("two wait", () -> loops.pool().idle() >= 2);
    }
  }

  @Test
  void shouldHoldNewWorkBackAndGoOnWithTheRestWhileExhausted() throws Exception {
    try (Loops loops = Loops.start(standbys(1, 1)).assumeTakeover()) {
      TransferableEventLoop loop = loops.first();
      var release = new CountDownLatch(1);
      var ran = new AtomicInteger();
      loop.continuation(() -> Loops.await(release));
      Loops.until("no standby is left", () -> loops.pool().exhausted());

      loop.hold(ran::incrementAndGet);
      loop.hold(ran::incrementAndGet);
      var underWay = new CountDownLatch(1);
      loop.continuation(underWay::countDown);
      Loops.await(underWay);
      loop.hold(ran::incrementAndGet);
      loop.schedule(() -> {}, 5, TimeUnit.MILLISECONDS).sync();
      int ranWhileExhausted = ran.get();
      boolean holding = loop.snapshot().holding();
      release.countDown();
      Loops.until("all have run", () -> ran.get() == 3);

      assertThat(holding).isTrue();
      assertThat(ranWhileExhausted).isZero();
      assertThat(loops.pool().exhaustions()).isEqualTo(1);
    }
  }

  /** Fails three times, in the standbys that are about to take the loop. */
  private static WorkObserver failing() {
    var failures = new AtomicInteger(3);
    return _ -> {
      if (failures.getAndDecrement() > 0) {
        throw new IllegalStateException("thrown by the test");
      }
      return null;
    };
  }

  @Test
  void shouldReplaceStandbysThatDie() {
    try (Loops loops =
        new Loops(Scheduler.builder().options(standbys(1, 8)).workObserver(failing()).start())) {
      loops.assumeTakeover();
      TransferableEventLoop loop = loops.first();
      for (int i = 0; i < 4; i++) {
        var next = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        loop.continuation(
            () -> {
              try {
                boolean _ = release.await(100, TimeUnit.MILLISECONDS);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
        loop.continuation(next::countDown);
        Loops.await(next);
        release.countDown();
      }

      Loops.until("a standby waits", () -> standbys(loops) >= 1);
      Loops.until("the books are right", () -> loops.pool().idle() == standbys(loops));
      assertThat(loops.pool().total()).isLessThanOrEqualTo(8);
    }
  }

  /** As under a limit on threads: it holds new work back, says so once, and recovers by itself. */
  @Test
  void shouldHoldNewWorkBackWhileNoThreadCanBeStarted() throws Exception {
    var refused = new AtomicBoolean();
    var said = new AtomicInteger();
    ThreadFactory threads = Loops.refusing(refused);
    Logger logger = Logger.getLogger(Enclave.class.getName());
    Handler counts = new CountingHandler(said);
    try (Loops loops =
        new Loops(Scheduler.builder().options(standbys(1, 8)).threadFactory(threads).start())) {
      loops.assumeTakeover();
      logger.addHandler(counts);
      TransferableEventLoop loop = loops.first();
      Loops.until("a standby waits", () -> !loop.isHoldingBack());
      refused.set(true);
      var release = new CountDownLatch(1);
      loop.continuation(() -> Loops.await(release));
      Loops.until("no standby is left", () -> loops.pool().exhausted());

      var underWay = new CountDownLatch(1);
      var begun = new CountDownLatch(1);
      loop.hold(begun::countDown);
      loop.continuation(underWay::countDown);
      Loops.await(underWay);
      loop.submit(() -> {}).sync();
      boolean early = begun.await(1500, TimeUnit.MILLISECONDS); // longer than between two attempts
      refused.set(false);
      Loops.await(begun);

      assertThat(early).as("new work has begun").isFalse();
      assertThat(said).hasValue(1);
      assertThat(loops.pool().exhausted()).isFalse();
      release.countDown();
    } finally {
      logger.removeHandler(counts);
    }
  }

  private static final class CountingHandler extends Handler {
    private final AtomicInteger count;

    CountingHandler(AtomicInteger count) {
      this.count = count;
    }

    @Override
    public void publish(LogRecord entry) {
      count.getAndIncrement();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** Who leaves says that nobody waits; who comes back says that somebody does. */
  @Test
  void shouldNotStayExhaustedWhenOneComesBackWhileAnotherLeaves() throws Exception {
    try (Loops loops = Loops.start(standbys(1, 1)).assumeTakeover();
        var threads = Executors.newFixedThreadPool(2)) {
      var pool = new StandbyPool(loops.enclave(), -1, true);
      Objects.requireNonNull(pool.newSliceTimer(0));
      var turns = new AtomicInteger();
      pool.cameBack();
      var left = threads.submit(() -> rounds(turns, pool::leaveIdle, pool));
      var back = threads.submit(() -> rounds(turns, pool::cameBack, pool));

      assertThat(left.get(40, TimeUnit.SECONDS) + back.get(40, TimeUnit.SECONDS)).isZero();
      pool.close();
    }
  }

  private static int rounds(AtomicInteger turns, Runnable move, StandbyPool pool) {
    int wrong = 0;
    for (int i = 0; i < 100_000; i++) {
      meet(turns, 4 * i + 2);
      move.run();
      meet(turns, 4 * i + 4);
      wrong += pool.isExhausted() ? 1 : 0;
    }
    return wrong;
  }

  @SuppressWarnings("ThreadPriorityCheck") // the other one may need this very CPU
  private static void meet(AtomicInteger turns, int both) {
    turns.getAndIncrement();
    for (int spins = 0; turns.get() < both; spins++) {
      if (spins < 2_000) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  @Test
  void shouldReplaceAWorkerThatDiesAwayFromItsLoop() {
    Logger logger = Logger.getLogger(TransferableEventLoop.class.getName());
    Handler deadly = new DeadlyHandler();
    try (Loops loops = Loops.start(standbys(1, 1)).assumeTakeover()) {
      logger.addHandler(deadly);
      TransferableEventLoop loop = loops.first();
      var release = new CountDownLatch(1);
      loop.continuation(
          () -> {
            Loops.await(release);
            throw new IllegalStateException("thrown by the test: logging it kills the worker");
          });
      Loops.until("no standby is left", () -> loops.pool().exhausted());
      var next = new CountDownLatch(1);
      loop.continuation(next::countDown);

      release.countDown();
      Loops.await(next);

      Loops.until("nobody is away", () -> loop.snapshot().away() == 0);
      Loops.until("another one waits", () -> loops.pool().idle() == 1);
      assertThat(loops.pool().exhausted()).isFalse();
      assertThat(loops.pool().total()).isEqualTo(1);
    } finally {
      logger.removeHandler(deadly);
    }
  }

  private static final class DeadlyHandler extends Handler {
    @Override
    public void publish(LogRecord entry) {
      throw new LinkageError("thrown by the test");
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  private static long standbys(Loops loops) {
    return loops.enclave().workerSnapshots().stream()
        .filter(worker -> worker.state() == WorkerSnapshot.State.STANDBY)
        .count();
  }
}
