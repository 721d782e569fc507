package dev.baton.scheduler.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.scheduler.os.ErrnoException;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.os.LinuxCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The kernel's side. */
@Timeout(60)
final class PerfEventNotifierIT {
  private static final int SLEEPS = 100;

  private final LinuxCalls calls = new FfmLinuxCalls();

  private static long preemptions(int tid) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/task/" + tid + "/status")).stream()
        .filter(line -> line.startsWith("nonvoluntary_ctxt_switches:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .sum();
  }

  /**
   * What a worker that sleeps again and again has done.
   *
   * @param wakeups of whoever waits for it to go off its CPU
   * @param preemptions how often it was pushed off
   */
  private record Slept(int wakeups, long preemptions) {}

  private static void spin() {
    for (long start = System.nanoTime(); System.nanoTime() - start < 500_000; ) {
      Thread.onSpinWait();
    }
  }

  private Slept sleepAgainAndAgain() throws Exception {
    int epoll = calls.epollCreate();
    var began = new CountDownLatch(1);
    var ended = new CompletableFuture<Long>();
    Thread worker =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    int tid = calls.gettid();
                    PerfEventNotifier.Ring ring =
                        new PerfEventNotifier(calls).attach(tid, epoll, 1);
                    long before = preemptions(tid);
                    ring.arm();
                    began.countDown();
                    for (int i = 0; i < SLEEPS; i++) {
                      TimeUnit.MILLISECONDS.sleep(2);
                      spin(); // so that what wakes when it is back is told from its next sleep
                      ring.rearm();
                    }
                    ring.disarm();
                    ended.complete(preemptions(tid) - before);
                    ring.close();
                  } catch (Exception failure) {
                    ended.completeExceptionally(failure);
                  } finally {
                    began.countDown();
                  }
                });
    began.await();
    int wakeups = 0;
    try (Arena arena = Arena.ofConfined()) {
      long event = arena.allocate(LinuxCalls.EPOLL_EVENT_BYTES, 8).address();
      while (!ended.isDone()) {
        wakeups += calls.epollWait(epoll, event, 20);
      }
    }
    worker.join();
    calls.close(epoll);
    return new Slept(wakeups, ended.get());
  }

  /** A worker that comes back onto its CPU is no news: whoever is woken by that pushes it off. */
  @Test
  void shouldWakeOncePerSleep() throws Exception {
    Slept slept = new Slept(0, SLEEPS);
    try {
      for (int tries = 0; tries < 20 && slept.preemptions() > SLEEPS / 10; tries++) {
        slept = sleepAgainAndAgain();
      }
    } catch (ExecutionException failure) {
      assumeFalse(
          failure.getCause() instanceof ErrnoException, "perf events are not permitted here");
      throw failure;
    }
    assumeTrue(slept.preemptions() <= SLEEPS / 10, "the machine is too busy to tell");

    assertThat(slept.wakeups()).isPositive();
    assertThat((long) slept.wakeups())
        .isLessThanOrEqualTo(SLEEPS + 2 * slept.preemptions() + SLEEPS / 20);
  }
}
