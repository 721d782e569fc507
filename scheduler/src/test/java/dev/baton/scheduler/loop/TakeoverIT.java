package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.policy.TakeoverCause;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.ThreadAwareExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loops that change hands, by every way they can. */
@Timeout(60)
class TakeoverIT {
  private final CountDownLatch release = new CountDownLatch(1);
  private final CountDownLatch returned = new CountDownLatch(1);
  private final CountDownLatch next = new CountDownLatch(1);

  private void sleepHere() {
    Loops.await(release);
    returned.countDown();
  }

  @ParameterizedTest
  @EnumSource
  void shouldServeTheNextContinuationWhileOneSleeps(BlockNotifier.Kind kind) {
    // What is cold outruns the default slice before it sleeps, and is taken for that.
    var options = new SchedulerOptions().setLoops(1).setNotifier(kind);
    try (Loops loops = Loops.start(options.setSlice(Duration.ofMillis(200))).assumeNotifier(kind)) {
      TransferableEventLoop loop = loops.first();
      // In IO, so that the second one waits when the first one runs.
      loop.execute(
          () -> {
            loop.continuation(this::sleepHere);
            loop.continuation(next::countDown);
          });

      Loops.await(next);
      release.countDown();
      Loops.await(returned);
      Loops.until("nobody is away", () -> loop.snapshot().away() == 0);

      Takeover takeover = loops.firstTakeover();
      assertThat(takeover.cause()).isEqualTo(TakeoverCause.BLOCKED);
      assertThat(takeover.from()).isNotEqualTo(takeover.to());
      assertThat(takeover.resumedAfterNanos()).isNotNegative();
      assertThat(takeover.nextRanAfterNanos()).isNotNegative();
      assertThat(loops.enclave().takeovers(TakeoverCause.BLOCKED)).isPositive();
    }
  }

  /** The first blocks are over before their grace; more of them than the notifier has room for. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldBeNotifiedOfABlockAfterAnotherOneInARow(boolean continuations) {
    var options =
        new SchedulerOptions()
            .setLoops(1)
            .setNotifier(BlockNotifier.Kind.PERF)
            .setGrace(Duration.ofMillis(200))
            .setSlice(Duration.ofMillis(500));
    try (Loops loops = Loops.start(options).assumeNotifier(BlockNotifier.Kind.PERF)) {
      TransferableEventLoop loop = loops.first();
      Consumer<Runnable> add = continuations ? loop::continuation : loop::execute;
      var added = new AtomicBoolean();
      loop.execute(
          () -> {
            while (!added.get()) {
              Thread.onSpinWait();
            }
          });
      add.accept(
          () -> {
            for (int i = 0; i < 40; i++) {
              LockSupport.parkNanos(100_000);
            }
          });
      add.accept(this::sleepHere);
      add.accept(next::countDown);
      added.set(true);

      Loops.await(next);
      Loops.until("it is taken", () -> loops.enclave().takeovers(TakeoverCause.BLOCKED) > 0);
      long foundByTheTimer = loops.pool().lost();
      release.countDown();
      Loops.await(returned);

      assertThat(foundByTheTimer).isZero();
    }
  }

  /** Whoever is woken takes the CPU from somebody. */
  @Test
  void shouldWakeNobodyForTheSleepsOfAWorkerThatIsAway() {
    var options = new SchedulerOptions().setLoops(1).setNotifier(BlockNotifier.Kind.PERF);
    try (Loops loops =
        Loops.start(options.setSlice(Duration.ofMillis(500)))
            .assumeNotifier(BlockNotifier.Kind.PERF)) {
      var stale = new AtomicLong();
      loops
          .first()
          .continuation(
              () -> {
                Loops.await(release);
                long before = loops.pool().stale();
                for (int i = 0; i < 40; i++) {
                  LockSupport.parkNanos(1_000_000);
                }
                stale.set(loops.pool().stale() - before);
                returned.countDown();
              });
      loops.first().continuation(next::countDown);
      Loops.await(next);
      release.countDown();
      Loops.await(returned);

      assertThat(stale.get()).isLessThan(4);
    }
  }

  /** The new owner books a takeover when the old one may have come back, and even be away again. */
  @Test
  void shouldBookNoAbsenceOnAWorkerThatIsBack() {
    try (Loops loops = Loops.one().assumeTakeover()) {
      Loops.until("a standby has begun", () -> standby(loops).isPresent());
      int id = standby(loops).getAsInt();
      Worker worker = Objects.requireNonNull(loops.enclave().worker(id));
      var told = new AtomicReference<Absence>();
      loops.enclave().onAbsence(told::set);

      worker.lostLoop(
          loops.enclave().loop(0),
          worker.stint() - 1,
          TakeoverCause.BLOCKED,
          System.nanoTime(),
          null);

      assertThat(told.get()).extracting(Absence::worker).isEqualTo(id);
      assertThat(worker.awayNanos(TakeoverCause.BLOCKED)).isZero();
    }
  }

  private static OptionalInt standby(Loops loops) {
    return loops.enclave().workerSnapshots().stream()
        .filter(worker -> worker.state() == WorkerSnapshot.State.STANDBY)
        .mapToInt(WorkerSnapshot::worker)
        .findFirst();
  }

  /** To the JVM a native sleep runs, and there is nobody else to ask. */
  @Test
  void shouldTakeTheLoopFromANativeSleepThatOnlyTheClockTells() {
    var options = new SchedulerOptions().setLoops(1).setNotifier(BlockNotifier.Kind.TICK);
    try (Loops loops = Loops.start(options).assumeNotifier(BlockNotifier.Kind.TICK)) {
      var calls = new FfmLinuxCalls();
      loops
          .first()
          .continuation(
              () -> {
                calls.nanosleep(900_000_000);
                returned.countDown();
              });
      loops.first().continuation(next::countDown);

      Loops.await(next);
      Loops.await(returned);

      assertThat(loops.enclave().takeovers(TakeoverCause.HOG)).isPositive();
    }
  }

  @Test
  void shouldTakeTheLoopFromAContinuationThatComputes() {
    try (Loops loops = Loops.one().assumeTakeover()) {
      // One that the JVM itself puts to sleep for a moment is taken as blocked: then another.
      while (loops.enclave().takeovers(TakeoverCause.HOG) == 0) {
        var stop = new AtomicBoolean();
        var ended = new CountDownLatch(1);
        var following = new CountDownLatch(1);
        loops
            .first()
            .continuation(
                () -> {
                  while (!stop.get()) {
                    Thread.onSpinWait();
                  }
                  ended.countDown();
                });
        loops.first().continuation(following::countDown);

        Loops.await(following);
        stop.set(true);
        Loops.await(ended);
      }
    }
  }

  @Test
  void shouldShowWhereTheOldOwnerSleeps() {
    try (Loops loops = Loops.one().assumeTakeover()) {
      loops.first().continuation(this::sleepHere);
      loops.first().continuation(next::countDown);
      Loops.await(next);

      int sleeper = loops.firstTakeover().from();
      List<StackTraceElement> stack = loops.enclave().stackOf(sleeper);
      List<WorkerSnapshot> away =
          loops.enclave().workerSnapshots().stream()
              .filter(worker -> worker.state() == WorkerSnapshot.State.AWAY)
              .toList();
      release.countDown();

      assertThat(stack).extracting(StackTraceElement::getMethodName).contains("sleepHere");
      assertThat(away).extracting(WorkerSnapshot::worker).containsExactly(sleeper);
      assertThat(loops.enclave().stackOf(-1)).isEmpty();
      assertThat(loops.enclave().stackOf(1_000_000)).isEmpty();
    }
  }

  @Test
  void shouldKnowWhatTheOldOwnerRan() {
    var failing = new AtomicBoolean();
    WorkObserver observer =
        thread ->
            () -> {
              if (failing.get()) {
                throw new IllegalStateException("it changed while it was looked at");
              }
              return "work of " + thread.getName();
            };
    try (Loops loops =
        new Loops(
            Scheduler.builder()
                .options(new SchedulerOptions().setLoops(1))
                .workObserver(observer)
                .start())) {
      loops.assumeTakeover();
      loops.first().continuation(this::sleepHere);
      loops.first().continuation(next::countDown);
      Loops.await(next);

      Takeover takeover = loops.firstTakeover();
      assertThat(takeover.work()).isEqualTo("work of baton-worker-" + takeover.from());
      assertThat(loops.enclave().workOf(takeover.from())).isEqualTo(takeover.work());
      assertThat(loops.enclave().workOf(-1)).isNull();
      assertThat(loops.enclave().isAway(takeover)).isTrue();

      failing.set(true);
      assertThat(loops.enclave().workOf(takeover.from())).isNull();
      release.countDown();
      Loops.until("it is back", () -> !loops.enclave().isAway(takeover));
    }
  }

  @Test
  void shouldBeNettysCurrentExecutorOfItsNewOwnerAndEnterNoChannelInAContinuation() {
    try (Loops loops = Loops.one().assumeTakeover()) {
      TransferableEventLoop loop = loops.first();
      ChannelLoop channel = loop.newView();
      var inContinuation = new AtomicBoolean(true);
      var inTask = new AtomicBoolean();
      var executor = new AtomicReference<Object>();
      var threads = new AtomicReference<Thread>();
      loop.continuation(
          () -> {
            threads.set(Thread.currentThread());
            inContinuation.set(channel.inEventLoop());
            sleepHere();
          });
      loop.execute(
          () -> {
            inTask.set(loop.inEventLoop() && Thread.currentThread() != threads.get());
            executor.set(ThreadExecutorMap.currentExecutor());
            next.countDown();
          });
      Loops.await(next);
      // The first task may have run before the continuation; by now the loop has been taken.
      assertThat(loops.firstTakeover().loop()).isZero();
      var again = new CountDownLatch(1);
      loop.execute(
          () -> {
            inTask.set(loop.inEventLoop() && Thread.currentThread() != threads.get());
            executor.set(ThreadExecutorMap.currentExecutor());
            again.countDown();
          });
      Loops.await(again);
      release.countDown();

      assertThat(inContinuation).isFalse();
      assertThat(inTask).isTrue();
      assertThat(executor.get()).isSameAs(loop);
      assertThat(loop.inEventLoop()).as("in the test's thread").isFalse();
    }
  }

  @Test
  void shouldRecordAnEventForFlightRecorder(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("takeover.jfr");
    try (Loops loops = Loops.one().assumeTakeover();
        Recording recording = new Recording()) {
      recording.enable("dev.baton.Takeover");
      recording.start();
      loops.first().continuation(this::sleepHere);
      loops.first().continuation(next::countDown);
      Loops.await(next);
      release.countDown();
      Loops.await(returned);
      loops.first().submit(() -> {}).sync(); // runs after the report
      recording.stop();
      recording.dump(file);

      RecordedEvent event =
          RecordingFile.readAllEvents(file).stream()
              .filter(e -> e.getString("cause").equals("BLOCKED"))
              .findFirst()
              .orElseThrow();
      Takeover takeover = loops.firstTakeover();
      assertThat(event.getInt("loop")).isZero();
      assertThat(event.getInt("from")).isEqualTo(takeover.from());
      assertThat(event.getInt("to")).isEqualTo(takeover.to());
      assertThat(event.getLong("resumedAfter")).isEqualTo(takeover.resumedAfterNanos());
    }
    assertThat(Files.size(file)).isPositive();
  }

  /** The first one at once, the others after 10, 20, 40 ms. */
  @ParameterizedTest
  @CsvSource({"1, 0", "4, 70"})
  void shouldReplaceWorkersThatDieAndLoseNothing(int deaths, int restMillis) {
    var left = new AtomicInteger();
    try (Loops loops =
        new Loops(
            Scheduler.builder()
                .options(new SchedulerOptions().setLoops(1))
                .ioHandlerFactory(mortal(left))
                .start())) {
      loops.assumeTakeover();
      int before = loops.enclave().loopSnapshots().getFirst().owner();

      long begin = System.nanoTime();
      left.set(deaths);
      Loops.until(
          "they have died",
          () -> {
            loops.first().execute(() -> {}); // wakes the next one
            return left.get() <= 0;
          });
      loops.first().continuation(next::countDown);
      Loops.await(next);

      assertThat(System.nanoTime() - begin)
          .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(restMillis));
      assertThat(loops.enclave().takeovers(TakeoverCause.WORKER_DIED)).isEqualTo(deaths);
      assertThat(loops.enclave().loopSnapshots().getFirst().owner()).isNotEqualTo(before);
    }
  }

  /** As under a limit on threads: the one that would die goes on. */
  @Test
  void shouldKeepAnOwnerThatDiesAndCannotBeReplaced() {
    var left = new AtomicInteger();
    var refused = new AtomicBoolean();
    ThreadFactory threads = Loops.refusing(refused);
    try (Loops loops =
        new Loops(
            Scheduler.builder()
                .options(new SchedulerOptions().setLoops(1))
                .ioHandlerFactory(mortal(left))
                .threadFactory(threads)
                .start())) {
      int before = loops.enclave().loopSnapshots().getFirst().owner();
      refused.set(true);

      left.set(2);
      Loops.until(
          "it has died twice",
          () -> {
            loops.first().execute(() -> {}); // wakes it
            return left.get() <= 0;
          });
      loops.first().continuation(next::countDown);
      Loops.await(next);
      assertThat(loops.enclave().loopSnapshots().getFirst().owner()).isEqualTo(before);

      refused.set(false);
      left.set(1);
      Loops.until(
          "it is replaced",
          () -> {
            loops.first().execute(() -> {});
            return loops.enclave().loopSnapshots().getFirst().owner() != before;
          });
    }
  }

  private static IoHandlerFactory mortal(AtomicInteger deaths) {
    IoHandlerFactory epoll = EpollIoHandler.newFactory();
    return new IoHandlerFactory() {
      @Override
      public IoHandler newHandler(ThreadAwareExecutor executor) {
        return new Mortal(epoll.newHandler(executor), deaths);
      }

      @Override
      public boolean isChangingThreadSupported() {
        return true;
      }
    };
  }

  /** Throws an error out of the loop as often as it is told to. */
  private record Mortal(IoHandler handler, AtomicInteger deaths) implements IoHandler {
    @Override
    public void initialize() {
      handler.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
      int ran = handler.run(context);
      if (deaths.getAndDecrement() > 0) {
        throw new AssertionError("killed by the test");
      }
      return ran;
    }

    @Override
    public void prepareToDestroy() {
      handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
      handler.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
      return handler.register(handle);
    }

    @Override
    public void wakeup() {
      handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
      return handler.isCompatible(type);
    }
  }

  @Test
  void shouldGoOnAfterAContinuationThatFails() {
    try (Loops loops = Loops.one()) {
      loops
          .first()
          .continuation(
              () -> {
                throw new StackOverflowError("thrown by the test");
              });
      loops.first().continuation(next::countDown);

      Loops.await(next);

      assertThat(loops.enclave().takeovers(TakeoverCause.WORKER_DIED)).isZero();
    }
  }

  @Test
  void shouldWidenTheMaskOfTheSleeperAndPinItAgain() throws Exception {
    try (Loops loops = Loops.one().assumeTakeover()) {
      org.junit.jupiter.api.Assumptions.assumeTrue(
          loops.enclave().cpus().size() > 1 && loops.enclave().pinningRefusal() == null,
          "one CPU only, or pinning is refused: there is nothing to widen");
      var masks = new java.util.concurrent.ConcurrentLinkedQueue<dev.baton.scheduler.os.CpuSet>();
      var calls = new FfmLinuxCalls();
      var tid = new AtomicInteger();
      loops
          .first()
          .continuation(
              () -> {
                tid.set(calls.gettid());
                masks.add(calls.schedGetaffinity(0));
                Loops.await(release);
                masks.add(calls.schedGetaffinity(0));
                returned.countDown();
              });
      loops.first().continuation(next::countDown);
      Loops.await(next);
      assertThat(loops.firstTakeover().loop()).isZero();
      release.countDown();
      assertThat(returned.await(10, TimeUnit.SECONDS)).isTrue();

      assertThat(masks.poll()).extracting(cpus -> cpus.size()).isEqualTo(1);
      assertThat(masks.poll()).isEqualTo(loops.enclave().cpus());
      Loops.until("it is pinned again", () -> calls.schedGetaffinity(tid.get()).size() == 1);
    }
  }
}
