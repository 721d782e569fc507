package dev.baton.scheduler.loop;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Tortures the ownership protocol without sockets: units that sleep, compute or are short, and
 * plain state of each channel that must only ever be touched from inside it. They use it as Netty
 * and Vert.x use theirs: ask {@code inEventLoop()}, then touch or {@code execute}.
 *
 * <p>Exits with 0 if no update was lost and no two threads touched the state at once. Run it with
 * {@code -Ddev.baton.test.naiveInEventLoop=true} to see it fail.
 */
final class OwnershipTorture {
  /** Plain on purpose: a channel's, and passes from thread to thread with it. */
  private static final class PlainState {
    private final TransferableEventLoop loop;
    private final ChannelLoop channel;
    private final AtomicLong expected = new AtomicLong();
    private final AtomicLong overlaps = new AtomicLong();
    private final AtomicLong continuations = new AtomicLong();
    private final long[] counters = new long[64];
    private boolean touched;

    PlainState(TransferableEventLoop loop) {
      this.loop = loop;
      this.channel = loop.newView();
    }

    void touch(boolean slowly) {
      if (touched) {
        overlaps.getAndIncrement();
      }
      touched = true;
      for (int i = 0; i < counters.length; i++) {
        counters[i]++;
      }
      if (slowly) {
        LockSupport.parkNanos(50_000);
      }
      touched = false;
    }

    void useAsNettyDoes() {
      expected.getAndIncrement();
      if (channel.inEventLoop()) {
        touch(expected.get() % 64 == 0);
      } else {
        channel.execute(() -> touch(false));
      }
    }

    boolean isIntact() {
      for (long counter : counters) {
        if (counter != expected.get()) {
          return false;
        }
      }
      return overlaps.get() == 0;
    }
  }

  private OwnershipTorture() {}

  public static void main(String[] args) {
    String problems = torture(start(), 3, Long.parseLong(args[0]));
    System.out.println(problems.isEmpty() ? "clean" : problems);
    // With the naive rule even the timers' queue may be broken: such loops never shut down.
    Runtime.getRuntime().halt(problems.isEmpty() ? 0 : 1);
  }

  /**
   * Runs for {@code seconds}.
   *
   * @return what went wrong; empty if nothing
   */
  static String run(long seed, long seconds) {
    try (Loops loops = start()) {
      return torture(loops, seed, seconds);
    }
  }

  private static Loops start() {
    return Loops.start(
        new SchedulerOptions()
            .setLoops(3)
            .setGrace(Duration.ZERO)
            .setSlice(Duration.ofNanos(20_000))
            .setMaxStandbys(32));
  }

  private static String torture(Loops loops, long seed, long seconds) {
    try {
      List<PlainState> states =
          loops.scheduler().eventLoopGroup().loops().stream()
              .flatMap(loop -> Stream.of(new PlainState(loop), new PlainState(loop)))
              .toList();
      var submitted = new AtomicLong();
      var inFlight = new AtomicLong();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
      List<Thread> producers =
          IntStream.range(0, 2)
              .mapToObj(
                  i ->
                      Thread.ofPlatform()
                          .start(
                              () -> {
                                var random = new SplittableRandom(seed + i);
                                while (System.nanoTime() - deadline < 0) {
                                  if (inFlight.get() > 200) {
                                    LockSupport.parkNanos(100_000);
                                    continue;
                                  }
                                  PlainState state = states.get(random.nextInt(states.size()));
                                  submitted.getAndIncrement();
                                  inFlight.getAndIncrement();
                                  submit(state, random.nextInt(100), inFlight);
                                }
                              }))
              .toList();
      for (Thread producer : producers) {
        producer.join();
      }
      String unfinished = settle(states, inFlight);
      return unfinished + problems(loops.scheduler(), states, submitted.get());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void submit(PlainState state, int kind, AtomicLong inFlight) {
    state.loop.continuation(
        () -> {
          state.useAsNettyDoes();
          if (kind < 10) {
            LockSupport.parkNanos(200_000);
          } else if (kind < 15) {
            long end = System.nanoTime() + 150_000;
            while (System.nanoTime() - end < 0) {
              Thread.onSpinWait();
            }
          } else if (kind < 30) {
            inFlight.getAndIncrement();
            state.loop.continuation(
                () -> {
                  state.useAsNettyDoes();
                  inFlight.getAndDecrement();
                });
          } else if (kind < 35) {
            inFlight.getAndIncrement();
            state.channel.execute(
                () -> {
                  state.useAsNettyDoes();
                  LockSupport.parkNanos(100_000); // the loop goes, the channel stays
                  state.useAsNettyDoes();
                  inFlight.getAndDecrement();
                });
          } else if (kind < 40) {
            state.expected.getAndIncrement();
            inFlight.getAndIncrement();
            var _ =
                state.channel.schedule(
                    () -> {
                      state.touch(false);
                      inFlight.getAndDecrement();
                    },
                    100,
                    TimeUnit.MICROSECONDS);
          }
          state.useAsNettyDoes();
          state.continuations.getAndIncrement();
          inFlight.getAndDecrement();
        });
  }

  /** Waits until everything has run, but not for ever: a broken loop runs nothing any more. */
  private static String settle(List<PlainState> states, AtomicLong inFlight)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (inFlight.get() != 0 && System.nanoTime() - deadline < 0) {
      Thread.sleep(1);
    }
    var text = new StringBuilder();
    if (inFlight.get() != 0) {
      text.append("%d continuations or timers never ran%n".formatted(inFlight.get()));
    }
    for (PlainState state : states) {
      // What was executed before it has run.
      if (!state.channel.submit(() -> {}).await(5, TimeUnit.SECONDS)) {
        text.append("%s runs no tasks any more%n".formatted(state.loop));
      }
    }
    return text.toString();
  }

  private static String problems(Scheduler scheduler, List<PlainState> states, long submitted) {
    var text = new StringBuilder();
    long ran = 0;
    for (PlainState state : states) {
      ran += state.continuations.get();
      if (!state.isIntact()) {
        text.append(
            "%s: expected %d, counted %d, %d overlaps%n"
                .formatted(
                    state.loop, state.expected.get(), state.counters[0], state.overlaps.get()));
      }
    }
    if (ran != submitted) {
      text.append("%d continuations submitted, %d run%n".formatted(submitted, ran));
    }
    long takeovers =
        scheduler.enclave().loopSnapshots().stream().mapToLong(LoopSnapshot::takeovers).sum();
    if (takeovers < 100) {
      text.append("only %d takeovers: nothing was tortured%n".formatted(takeovers));
    }
    return text.toString();
  }
}
