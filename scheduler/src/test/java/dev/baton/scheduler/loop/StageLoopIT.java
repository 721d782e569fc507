package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loops that pull from a stage's queue while they change hands, hold back and sleep. */
@Timeout(120)
class StageLoopIT {
  private static Scheduler.Builder stage(SchedulerOptions options, int capacity) {
    return Scheduler.builder().options(options).stageCapacity(capacity);
  }

  private static StageQueue queue(Loops loops) {
    return Objects.requireNonNull(loops.scheduler().stageQueue());
  }

  @Test
  void shouldPullWhatWaitsBehindAContinuationThatSleeps() {
    try (Loops loops = new Loops(stage(new SchedulerOptions().setLoops(1), 2).start())) {
      loops.assumeTakeover();
      StageQueue queue = queue(loops);
      var release = new CountDownLatch(1);
      var next = new CountDownLatch(1);

      queue.offer(() -> Loops.await(release));
      queue.offer(next::countDown);
      Loops.await(next);
      boolean full = !queue.offer(() -> {});
      release.countDown();

      assertThat(full).as("who sleeps keeps its slot").isTrue();
    }
  }

  @Test
  void shouldPullOnMoreLoopsThanALongHasBits() {
    int loops = 96;
    var options = new SchedulerOptions().setLoops(loops).setTakeover(false).setSpin(Duration.ZERO);
    try (Loops wide = new Loops(stage(options, loops).start())) {
      var together = new CyclicBarrier(loops); // each loop can only run one of them
      var ran = new CountDownLatch(loops);

      for (int i = 0; i < loops; i++) {
        queue(wide)
            .offer(
                () -> {
                  await(together);
                  ran.countDown();
                });
      }

      Loops.await(ran);
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void shouldNotWakeALoopThatIsAwake() {
    try (Loops loops = new Loops(stage(new SchedulerOptions().setLoops(1), 20).start())) {
      StageQueue queue = queue(loops);
      for (int i = 0; i < 20; i++) {
        var ran = new CountDownLatch(1);
        loops.first().execute(() -> queue.offer(ran::countDown)); // awake, after a sleep
        Loops.await(ran);
      }

      assertThat(queue.wakeUps()).isZero();
    }
  }

  /** It held back for want of a standby; peers took what waited; then a standby came back. */
  @Test
  void shouldBeWokenAgainAfterItHeldBackAndOthersTookTheWork() {
    try (Loops loops =
        new Loops(
            stage(new SchedulerOptions().setLoops(1).setMinStandbys(1).setMaxStandbys(1), 4)
                .start())) {
      loops.assumeTakeover();
      StageQueue queue = queue(loops);
      var release = new CountDownLatch(1);
      queue.offer(() -> Loops.await(release));
      Loops.until("no standby is left", () -> loops.pool().exhausted());
      queue.offer(() -> {});
      Loops.until("the loop holds back", () -> loops.first().snapshot().holding());

      assertThat(queue.poll(0)).as("as a peer of another CPU does").isNotNull();
      release.countDown();
      Loops.until("a standby is back", () -> loops.pool().idle() == 1);
      var ran = new CountDownLatch(1);
      queue.offer(ran::countDown);

      Loops.await(ran);
    }
  }

  /** The handler asks twice whether it may sleep; the standby's signal comes in between. */
  @Test
  void shouldNotSleepOnWhatItHeldBackIfAStandbyComesBackJustThen() {
    var interrupt = new AtomicReference<BooleanSupplier>();
    var wakeUps = new AtomicInteger();
    try (Loops loops =
        new Loops(
            Scheduler.builder()
                .options(new SchedulerOptions().setLoops(1).setMinStandbys(1).setMaxStandbys(1))
                .ioHandlerFactory(new Interrupted(interrupt, wakeUps))
                .start())) {
      loops.assumeTakeover();
      TransferableEventLoop loop = loops.first();
      var release = new CountDownLatch(1);
      var held = new CountDownLatch(1);
      loop.continuation(() -> Loops.await(release));
      Loops.until("no standby is left", () -> loops.pool().exhausted());
      loop.continuation(held::countDown);
      Loops.until("the loop holds back", () -> loop.snapshot().holding());

      interrupt.set(
          () -> {
            int before = wakeUps.get();
            release.countDown();
            Loops.until("it is signalled", () -> wakeUps.get() > before);
            return true;
          });
      loop.execute(() -> {});

      Loops.await(held);
    }
  }

  /** Epoll with something that happens once after it was told that it may sleep. */
  private record Interrupted(AtomicReference<BooleanSupplier> once, AtomicInteger wakeUps)
      implements IoHandlerFactory {
    @Override
    public IoHandler newHandler(ThreadAwareExecutor executor) {
      return new Handler(EpollIoHandler.newFactory().newHandler(executor), once, wakeUps);
    }

    @Override
    public boolean isChangingThreadSupported() {
      return true;
    }

    private record Handler(
        IoHandler epoll, AtomicReference<BooleanSupplier> once, AtomicInteger wakeUps)
        implements IoHandler {
      @Override
      public int run(IoHandlerContext context) {
        return epoll.run(
            new IoHandlerContext() {
              @Override
              public boolean canBlock() {
                if (!context.canBlock()) {
                  return false;
                }
                BooleanSupplier event = once.getAndSet(null);
                return event == null || event.getAsBoolean();
              }

              @Override
              public long delayNanos(long currentTimeNanos) {
                return context.delayNanos(currentTimeNanos);
              }

              @Override
              public long deadlineNanos() {
                return context.deadlineNanos();
              }
            });
      }

      @Override
      public void wakeup() {
        epoll.wakeup();
        wakeUps.getAndIncrement();
      }

      @Override
      public void initialize() {
        epoll.initialize();
      }

      @Override
      public void prepareToDestroy() {
        epoll.prepareToDestroy();
      }

      @Override
      public void destroy() {
        epoll.destroy();
      }

      @Override
      public IoRegistration register(IoHandle handle) throws Exception {
        return epoll.register(handle);
      }

      @Override
      public boolean isCompatible(Class<? extends IoHandle> type) {
        return epoll.isCompatible(type);
      }
    }
  }

  @Test
  void shouldPullEachContinuationOnceWhileLoopsChangeHands() {
    torture(new SchedulerOptions().setLoops(3), 60_000);
  }

  @Test
  void shouldPullEachContinuationOnceWhileOneLoopSpins() {
    torture(new SchedulerOptions().setLoops(2).setSpin(Duration.ofNanos(10_000)), 40_000);
  }

  @Test
  void shouldPullEachContinuationOnceWhileStandbysRunOut() {
    torture(
        new SchedulerOptions()
            .setLoops(4)
            .setMinStandbys(1)
            .setMaxStandbys(1)
            .setSpin(Duration.ofNanos(10_000)),
        10_000);
  }

  private static void torture(SchedulerOptions options, int continuations) {
    options.setGrace(Duration.ZERO);
    try (Loops loops = new Loops(stage(options, PullTorture.CAPACITY).start())) {
      loops.assumeTakeover();
      PullTorture torture = new PullTorture(queue(loops), options.getLoops(), continuations);

      torture.run();

      assertThat(torture.problems()).isEmpty();
      assertThat(loops.enclave().loopSnapshots().stream().mapToLong(LoopSnapshot::takeovers).sum())
          .isGreaterThan(continuations / 1000);
    }
  }
}
