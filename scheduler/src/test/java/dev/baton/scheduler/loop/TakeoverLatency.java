package dev.baton.scheduler.loop;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.os.LinuxCalls;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * How long from the moment a handler blocks until the next one runs on the new owner, beside a bare
 * wake-up of a thread that sleeps in {@code epoll_wait} on an eventfd; interleaved in one run, all
 * on one CPU, microseconds.
 *
 * <p>Run: {@code java --enable-native-access=ALL-UNNAMED -cp <test class path>
 * dev.baton.scheduler.loop.TakeoverLatency [rounds] [per round] [cpu]}.
 */
final class TakeoverLatency {
  private static final long BLOCK_NANOS = 400_000;
  private static final LinuxCalls CALLS = new FfmLinuxCalls();

  // Written by the thread that goes to sleep
  private static volatile long startNanos;

  private TakeoverLatency() {}

  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
    int perRound = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 500;
    int cpu = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0;
    Scheduler scheduler =
        Scheduler.start(new SchedulerOptions().setLoops(1).setCpus(CpuSet.of(cpu)));
    TransferableEventLoop loop = scheduler.eventLoopGroup().loops().getFirst();
    try (Bare bare = new Bare(cpu)) {
      for (int i = 0; i < 4; i++) { // compiled by then
        takeovers(loop, 2_000);
        bare.wakeups(2_000);
      }
      for (int round = 0; round < rounds; round++) {
        print("bare wake", bare.wakeups(perRound));
        print("takeover ", takeovers(loop, perRound));
        print(
            " kernel's record to new owner",
            scheduler.enclave().recentTakeovers().stream()
                .mapToLong(Takeover::resumedAfterNanos)
                .toArray());
      }
    }
    scheduler.eventLoopGroup().shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  /** From the last instruction before the sleep to the first of the next continuation. */
  private static long[] takeovers(TransferableEventLoop loop, int count)
      throws InterruptedException {
    long[] latencies = new long[count];
    for (int i = 0; i < count; i++) {
      int index = i;
      CountDownLatch both = new CountDownLatch(2);
      loop.execute(
          () -> { // in IO: both continuations wait in the queue when the first one runs
            loop.continuation(
                () -> {
                  startNanos = System.nanoTime();
                  CALLS.nanosleep(BLOCK_NANOS);
                  both.countDown();
                });
            loop.continuation(
                () -> {
                  latencies[index] = System.nanoTime() - startNanos;
                  both.countDown();
                });
          });
      both.await();
    }
    return latencies;
  }

  private static void print(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%s  p50 %6.1f  p90 %6.1f  p99 %6.1f  max %8.1f%n",
        what,
        nanos[nanos.length / 2] / 1e3,
        nanos[nanos.length * 9 / 10] / 1e3,
        nanos[nanos.length * 99 / 100] / 1e3,
        nanos[nanos.length - 1] / 1e3);
  }

  /** One thread writes an eventfd and goes to sleep, another one on the same CPU wakes up. */
  private static final class Bare implements AutoCloseable {
    private final int epollFd = CALLS.epollCreate();
    private final long mask;
    private final Thread sleeper;
    private volatile long wokenNanos;
    private volatile boolean stopped;
    private final int eventFd = CALLS.eventfd();

    Bare(int cpu) {
      mask = CALLS.cpuMask(CpuSet.of(cpu));
      CALLS.epollAdd(epollFd, eventFd, LinuxCalls.EPOLLIN | LinuxCalls.EPOLLET, 0);
      sleeper = Thread.ofPlatform().daemon().start(this::sleep);
    }

    private void sleep() {
      int _ = CALLS.schedSetaffinity(0, mask);
      try (Arena arena = Arena.ofConfined()) {
        long event = arena.allocate(LinuxCalls.EPOLL_EVENT_BYTES, 8).address();
        while (!stopped) {
          CALLS.epollWait(epollFd, event, -1);
          wokenNanos = System.nanoTime();
        }
      }
    }

    long[] wakeups(int count) throws InterruptedException {
      long[] latencies = new long[count];
      Thread waker =
          Thread.ofPlatform()
              .start(
                  () -> {
                    int _ = CALLS.schedSetaffinity(0, mask);
                    for (int i = 0; i < count; i++) {
                      long start = System.nanoTime();
                      CALLS.eventfdSignal(eventFd);
                      CALLS.nanosleep(BLOCK_NANOS);
                      latencies[i] = wokenNanos - start;
                    }
                  });
      waker.join();
      return latencies;
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      CALLS.eventfdSignal(eventFd);
      sleeper.join();
      CALLS.close(eventFd);
      CALLS.close(epollFd);
    }
  }
}
