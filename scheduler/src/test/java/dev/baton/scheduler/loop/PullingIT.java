package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.SchedulerOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Idle loops run what a busy one would not run soon. */
@Timeout(120)
class PullingIT {
  private static final long UNIT_NANOS = 200_000;
  private static final int CONTINUATIONS = 400;
  private static final int MAX_FLOODS = 200;
  private static final int SLEEPERS = 8;

  private static SchedulerOptions two() {
    // A slice so long that nothing here outruns it: what moves was pulled.
    return new SchedulerOptions().setLoops(2).setSlice(Duration.ofMillis(500));
  }

  private static void compute(long nanos) {
    long until = System.nanoTime() + nanos;
    while (System.nanoTime() - until < 0) {
      Thread.onSpinWait();
    }
  }

  /** All of them come to one loop. */
  private static AtomicIntegerArray flood(Loops loops, Set<Thread> threads, long unitNanos) {
    TransferableEventLoop busy = loops.first();
    var ran = new AtomicIntegerArray(CONTINUATIONS);
    var ended = new CountDownLatch(CONTINUATIONS);
    for (int i = 0; i < CONTINUATIONS; i++) {
      int number = i;
      busy.continuation(
          () -> {
            compute(unitNanos);
            threads.add(Thread.currentThread());
            ran.incrementAndGet(number);
            ended.countDown();
          });
    }
    Loops.await(ended);
    return ran;
  }

  @Test
  void shouldRunOnAnIdlePeerWhatALoopWouldNotRunSoon() {
    try (Loops loops = Loops.start(two()).assumeTakeover()) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();

      List<LoopSnapshot> snapshots;
      int floods = 0;
      do { // the peer may have to wait for its CPU
        AtomicIntegerArray ran = flood(loops, threads, UNIT_NANOS);
        for (int i = 0; i < CONTINUATIONS; i++) {
          assertThat(ran.get(i)).as("continuation %d", i).isOne();
        }
        snapshots = loops.enclave().loopSnapshots();
      } while (snapshots.get(1).pulledUnits() == 0 && ++floods < MAX_FLOODS);

      assertThat(snapshots.get(0).givenUnits()).isPositive();
      assertThat(snapshots.get(1).pulledUnits()).isPositive();
      assertThat(threads).hasSizeGreaterThan(1);
      assertThat(loops.enclave().pullWakeUps())
          .isBetween(1L, snapshots.get(0).givenUnits() + snapshots.get(1).givenUnits());
    }
  }

  @Test
  void shouldNotPullIfThePolicyDoesNot() {
    try (Loops loops = Loops.start(two().setPolicy("per-core-fifo"))) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();

      flood(loops, threads, UNIT_NANOS / 4);

      assertThat(loops.enclave().loopSnapshots())
          .allMatch(loop -> loop.givenUnits() == 0 && loop.pulledUnits() == 0);
    }
  }

  @Test
  void shouldTakeOverTheLoopWhoseOwnerSleepsInAPeersUnit() {
    try (Loops loops = Loops.start(two()).assumeTakeover()) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      TransferableEventLoop busy = loops.first();
      var release = new CountDownLatch(1);
      var asleep = new AtomicInteger();
      for (int i = 0; i < SLEEPERS; i++) {
        busy.continuation(() -> compute(UNIT_NANOS));
        busy.continuation(
            () -> {
              threads.add(Thread.currentThread());
              asleep.incrementAndGet();
              Loops.await(release);
            });
      }

      Loops.until("all of them sleep, each on its own thread", () -> asleep.get() == SLEEPERS);
      var first = new CountDownLatch(1);
      var second = new CountDownLatch(1);
      busy.continuation(first::countDown);
      loops.scheduler().eventLoopGroup().loops().get(1).continuation(second::countDown);
      Loops.await(first);
      Loops.await(second);
      release.countDown();

      assertThat(threads).hasSize(SLEEPERS);
      Loops.until(
          "every unit has come back",
          () -> loops.enclave().loopSnapshots().stream().allMatch(loop -> loop.away() == 0));
    }
  }
}
