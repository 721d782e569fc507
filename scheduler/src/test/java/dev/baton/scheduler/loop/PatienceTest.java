package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class PatienceTest {
  private static final long LONG_NANOS = 1_000_000;

  private final Patience patience = new Patience();

  @Test
  void shouldWaitForWhoWaitsAtAMonitor() throws InterruptedException {
    Object monitor = new Object();
    Thread waits;
    synchronized (monitor) {
      waits = atMonitor(monitor);
      assertThat(patience.nanos(waits, LONG_NANOS)).isEqualTo(Patience.LOCK_NANOS);
    }
    waits.join();
  }

  @Test
  void shouldWaitForWhoWaitsForALock() throws InterruptedException {
    var lock = new ReentrantLock();
    lock.lock();
    try {
      Thread waits = asleep(Thread.State.WAITING, () -> takeAndGive(lock));
      assertThat(patience.nanos(waits, LONG_NANOS)).isEqualTo(Patience.LOCK_NANOS);
    } finally {
      lock.unlock();
    }
  }

  @Test
  void shouldWaitTheLongerTheMoreAreAwayAtLocks() throws InterruptedException {
    Object monitor = new Object();
    Thread waits;
    synchronized (monitor) {
      waits = atMonitor(monitor);
      patience.left();
      assertThat(patience.nanos(waits, LONG_NANOS)).isEqualTo(2 * Patience.LOCK_NANOS);
      for (int more = 0; more < 100; more++) {
        patience.left();
      }
      assertThat(patience.nanos(waits, LONG_NANOS))
          .isEqualTo(Patience.LOCK_NANOS << Patience.MAX_DOUBLINGS);
      for (int back = 0; back < 101; back++) {
        patience.returned();
      }
      assertThat(patience.nanos(waits, LONG_NANOS)).isEqualTo(Patience.LOCK_NANOS);
    }
    waits.join();
  }

  @Test
  void shouldNotWaitForWhoSleepsOrIsParked() throws InterruptedException {
    Thread sleeps =
        asleep(
            Thread.State.TIMED_WAITING,
            () -> {
              try {
                Thread.sleep(60_000);
              } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
              }
            });
    Thread parked = asleep(Thread.State.WAITING, LockSupport::park);
    assertThat(patience.nanos(sleeps, LONG_NANOS)).isZero();
    assertThat(patience.nanos(parked, LONG_NANOS)).isZero();
    sleeps.interrupt();
    LockSupport.unpark(parked);
    sleeps.join();
    parked.join();
  }

  @Test
  void shouldWaitForWhoMayHaveBeenStoppedByASafepoint() throws InterruptedException {
    var ended = new CountDownLatch(1);
    Thread runs =
        asleep(
            Thread.State.RUNNABLE,
            () -> {
              while (ended.getCount() > 0) {
                Thread.onSpinWait();
              }
            });
    assertThat(patience.nanos(runs, LONG_NANOS)).isEqualTo(Patience.SAFEPOINT_NANOS);
    assertThat(patience.nanos(runs, 1_000)).isZero();
    assertThat(patience.nanos(runs, 0)).isZero();
    ended.countDown();
    runs.join();
  }

  private static Thread atMonitor(Object monitor) {
    return asleep(
        Thread.State.BLOCKED,
        () -> {
          synchronized (monitor) {
            Thread.onSpinWait();
          }
        });
  }

  private static void takeAndGive(ReentrantLock lock) {
    lock.lock();
    try {
      Thread.onSpinWait();
    } finally {
      lock.unlock();
    }
  }

  private static Thread asleep(Thread.State state, Runnable body) {
    Thread thread = Thread.ofPlatform().daemon().start(body);
    while (thread.getState() != state) {
      Thread.onSpinWait();
    }
    return thread;
  }
}
