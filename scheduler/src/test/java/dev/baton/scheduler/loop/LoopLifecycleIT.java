package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import io.netty.channel.ChannelException;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Netty's contract of an event loop, and its end. */
@Timeout(60)
class LoopLifecycleIT {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldRunTasksAndTimersFromInsideAndOutside(boolean takeover) throws Exception {
    try (Loops loops = Loops.start(new SchedulerOptions().setLoops(1).setTakeover(takeover))) {
      contract(loops.first());
    }
  }

  @Test
  void shouldRunOnNioWithoutTakeover() throws Exception {
    try (Loops loops =
        new Loops(
            Scheduler.builder()
                .options(new SchedulerOptions().setLoops(1).setTakeover(false))
                .ioHandlerFactory(NioIoHandler.newFactory())
                .start())) {
      assertThat(loops.scheduler().isTakeover()).isFalse();
      assertThat(loops.scheduler().notifierReason()).contains("switched off");
      contract(loops.first());
    }
  }

  private static void contract(TransferableEventLoop loop) throws Exception {
    assertThat(loop.submit(() -> loop.inEventLoop()).get(10, TimeUnit.SECONDS)).isTrue();
    var inside = new CountDownLatch(1);
    loop.execute(() -> loop.execute(inside::countDown));
    Loops.await(inside);

    long start = System.nanoTime();
    long fired = loop.schedule(System::nanoTime, 20, TimeUnit.MILLISECONDS).get();
    assertThat(fired - start).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(20));

    var timers = new CountDownLatch(3);
    loop.execute(() -> later(loop, timers));
    loop.continuation(() -> later(loop, timers));
    var periods = new AtomicInteger();
    var periodic =
        loop.scheduleAtFixedRate(
            () -> {
              if (periods.incrementAndGet() == 3) {
                timers.countDown();
              }
            },
            1,
            1,
            TimeUnit.MILLISECONDS);
    Loops.await(timers);
    periodic.cancel(false);

    var continuations = new CountDownLatch(2);
    loop.continuation(
        () -> {
          loop.continuation(continuations::countDown);
          loop.execute(() -> loop.continuation(continuations::countDown));
        });
    Loops.await(continuations);
  }

  private static void later(TransferableEventLoop loop, CountDownLatch latch) {
    var _ = loop.schedule(latch::countDown, 5, TimeUnit.MILLISECONDS);
  }

  @Test
  void shouldLookAtItsSocketsBetweenLongContinuations() throws Exception {
    var options = new SchedulerOptions().setLoops(1).setTakeover(false);
    try (Loops loops = Loops.start(options)) {
      TransferableEventLoop loop = loops.first();
      batch(loop); // the loop learns that they are long

      assertThat(batch(loop)).isLessThanOrEqualTo(2);
    }
  }

  /** How many of 32 continuations run before a task gets its turn. */
  private static int batch(TransferableEventLoop loop) throws Exception {
    var ran = new AtomicInteger();
    var before = new AtomicInteger();
    var done = new CountDownLatch(32);
    Runnable longOne =
        () -> {
          long begin = System.nanoTime();
          while (System.nanoTime() - begin < 2_000_000) {
            Thread.onSpinWait();
          }
          ran.incrementAndGet();
          done.countDown();
        };
    loop.execute(
        () -> {
          for (int i = 0; i < 32; i++) {
            loop.continuation(longOne);
          }
          var _ = loop.schedule(() -> before.set(ran.get()), 0, TimeUnit.NANOSECONDS);
        });
    Loops.await(done);
    return loop.submit(before::get).get();
  }

  @Test
  void shouldNotStartWithoutFilesForEveryLoopAndSayWhy() throws Exception {
    IoHandlerFactory real = EpollIoHandler.newFactory();
    var made = new AtomicInteger();
    IoHandlerFactory outOfFiles =
        executor -> {
          if (made.incrementAndGet() % 3 == 0) {
            throw new ChannelException(new IOException("eventfd() failed: Too many open files"));
          }
          return real.newHandler(executor);
        };
    cannotStart(Scheduler.builder().ioHandlerFactory(outOfFiles), "Too many open files");
  }

  @Test
  void shouldNotStartWithoutAThreadForEveryLoopAndSayWhy() throws Exception {
    var made = new AtomicInteger();
    ThreadFactory outOfThreads =
        body ->
            made.incrementAndGet() % 3 != 0
                ? new LoopThread(body)
                : new LoopThread(body) {
                  @Override
                  public void start() {
                    throw new OutOfMemoryError("unable to create native thread");
                  }
                };
    cannotStart(Scheduler.builder().threadFactory(outOfThreads), "unable to create native thread");
  }

  private static void cannotStart(Scheduler.Builder builder, String reason) throws IOException {
    Assumptions.assumeTrue(Epoll.isAvailable(), "no epoll here");
    builder.options(new SchedulerOptions().setLoops(4));
    assertThatExceptionOfType(IllegalStateException.class).isThrownBy(builder::start);
    // From now on what is opened once for the process is open.
    long before = openFiles();

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(builder::start)
        .withMessageStartingWith("loops=4 cannot be started: ")
        .withMessageContaining(reason)
        .withMessageContaining("ulimit");

    Loops.until("all files are closed", () -> openFiles() <= before);
  }

  private static long openFiles() {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void shouldRejectWorkAfterItsEndAndLeaveNoThread() throws Exception {
    Loops loops = Loops.start(new SchedulerOptions().setLoops(2));
    var threads = new java.util.concurrent.CopyOnWriteArrayList<Thread>();
    for (TransferableEventLoop loop : loops.scheduler().eventLoopGroup().loops()) {
      loop.submit(() -> threads.add(Thread.currentThread())).sync();
    }
    TransferableEventLoop loop = loops.first();

    loops.close();

    assertThat(loop.isShuttingDown()).isTrue();
    assertThat(loop.isShutdown()).isTrue();
    assertThat(loop.isTerminated()).isTrue();
    assertThat(loop.terminationFuture().isSuccess()).isTrue();
    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> loop.execute(() -> {}));
    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> loop.continuation(() -> {}));
    for (Thread thread : threads) {
      assertThat(thread.join(java.time.Duration.ofSeconds(10))).isTrue();
    }
    Loops.until(
        "every worker has ended", () -> loops.enclave().workerSnapshots().equals(List.of()));
  }

  @Test
  void shouldRunWhatIsUnderWayBeforeNewWork() {
    try (Loops loops = Loops.start(new SchedulerOptions().setLoops(1).setTakeover(false))) {
      TransferableEventLoop loop = loops.first();
      var gate = new CountDownLatch(1);
      var order = new ConcurrentLinkedQueue<String>();
      var ran = new CountDownLatch(1000);
      loop.execute(() -> Loops.await(gate));
      for (int i = 0; i < 992; i++) {
        loop.newWork(() -> note(order, "new", ran));
      }
      for (int i = 0; i < 8; i++) {
        loop.continuation(() -> note(order, "under way", ran));
      }

      gate.countDown();
      Loops.await(ran);

      assertThat(new ArrayList<>(order).lastIndexOf("under way")).isLessThan(60);
    }
  }

  @Test
  void shouldKeepTheOrderWhileLittleWaits() {
    try (Loops loops = Loops.start(new SchedulerOptions().setLoops(1).setTakeover(false))) {
      TransferableEventLoop loop = loops.first();
      var gate = new CountDownLatch(1);
      var order = new ConcurrentLinkedQueue<String>();
      var ran = new CountDownLatch(2);
      loop.execute(() -> Loops.await(gate));
      loop.newWork(() -> note(order, "new", ran));
      loop.continuation(() -> note(order, "under way", ran));

      gate.countDown();
      Loops.await(ran);

      assertThat(order).containsExactly("new", "under way");
    }
  }

  private static void note(Queue<String> order, String what, CountDownLatch ran) {
    order.add(what);
    ran.countDown();
  }

  @Test
  void shouldFinishQueuedContinuationsBeforeItEnds() throws Exception {
    Loops loops = Loops.one();
    var ran = new AtomicInteger();
    for (int i = 0; i < 500; i++) {
      loops.first().continuation(ran::incrementAndGet);
    }

    loops.close();

    assertThat(ran).hasValue(500);
  }

  @Test
  void shouldWaitForAContinuationThatIsAway() {
    Loops loops = Loops.one();
    loops.assumeTakeover();
    var release = new CountDownLatch(1);
    var ended = new CountDownLatch(1);
    var next = new CountDownLatch(1);
    loops
        .first()
        .continuation(
            () -> {
              Loops.await(release);
              ended.countDown();
            });
    loops.first().continuation(next::countDown);
    Loops.await(next);

    Future<?> end = loops.scheduler().eventLoopGroup().shutdownGracefully(0, 20, TimeUnit.SECONDS);
    boolean early = end.awaitUninterruptibly(100);
    release.countDown();
    end.syncUninterruptibly();

    assertThat(early).isFalse();
    assertThat(ended.getCount()).isZero();
  }

  @Test
  void shouldNotWaitForAContinuationLongerThanItsTimeout() {
    Loops loops = Loops.one();
    loops.assumeTakeover();
    var release = new CountDownLatch(1);
    var next = new CountDownLatch(1);
    loops.first().continuation(() -> Loops.await(release));
    loops.first().continuation(next::countDown);
    Loops.await(next);

    Future<?> end =
        loops.scheduler().eventLoopGroup().shutdownGracefully(0, 100, TimeUnit.MILLISECONDS);
    boolean ended = end.awaitUninterruptibly(10_000);
    release.countDown();

    assertThat(ended).isTrue();
    Loops.until(
        "every worker has ended", () -> loops.enclave().workerSnapshots().equals(List.of()));
  }

  @Test
  void shouldStartTheQuietPeriodOverWithEveryTask() throws Exception {
    Loops loops = Loops.one();
    long quietMillis = 400;
    Future<?> end =
        loops
            .scheduler()
            .eventLoopGroup()
            .shutdownGracefully(quietMillis, 20_000, TimeUnit.MILLISECONDS);

    long last = System.nanoTime();
    for (int i = 0; i < 16; i++) {
      Thread.sleep(50);
      last = loops.first().submit(System::nanoTime).get(10, TimeUnit.SECONDS);
    }
    end.sync();

    assertThat(System.nanoTime() - last)
        .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(quietMillis));
  }

  /** Four threads go on adding while it ends. */
  @Test
  void shouldRunOrRejectWhateverComesWhileItEnds() throws Exception {
    for (int round = 0; round < 40; round++) {
      Loops loops = Loops.start(new SchedulerOptions().setLoops(1).setTakeover(round % 2 == 0));
      TransferableEventLoop loop = loops.first();
      var accepted = new AtomicInteger();
      var ran = new AtomicInteger();
      var begun = new CountDownLatch(4);
      try (var threads = Executors.newFixedThreadPool(4)) {
        for (int i = 0; i < 4; i++) {
          threads.execute(
              () -> {
                begun.countDown();
                while (accepts(() -> loop.execute(ran::incrementAndGet))) {
                  accepted.getAndIncrement();
                }
              });
        }
        Loops.await(begun);
        loops.scheduler().eventLoopGroup().shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
      }

      assertThat(ran).as("round %d: accepted %s", round, accepted).hasValue(accepted.get());
    }
  }

  /** As above, with pauses in which it finds nothing to do, and time enough. */
  @Test
  void shouldRunOrRejectContinuationsThatComeWhileItEnds() throws Exception {
    for (int round = 0; round < 200; round++) {
      Loops loops = Loops.start(new SchedulerOptions().setLoops(1).setTakeover(round % 2 == 0));
      TransferableEventLoop loop = loops.first();
      var accepted = new AtomicInteger();
      var ran = new AtomicInteger();
      try (var threads = Executors.newFixedThreadPool(4)) {
        for (int i = 0; i < 4; i++) {
          threads.execute(
              () -> {
                while (accepts(() -> loop.continuation(ran::incrementAndGet))) {
                  accepted.getAndIncrement();
                  LockSupport.parkNanos(1);
                }
              });
        }
        loops.scheduler().eventLoopGroup().shutdownGracefully(0, 20, TimeUnit.SECONDS).sync();
      }

      assertThat(ran).as("round %d: accepted %s", round, accepted).hasValue(accepted.get());
    }
  }

  private static boolean accepts(Runnable adding) {
    try {
      adding.run();
      return true;
    } catch (RejectedExecutionException ended) {
      return false;
    }
  }

  /** Its owner has nothing to do meanwhile, and does not look again and again. */
  @Test
  void shouldNotSpinWhenItEndsWhileHoldingBack() {
    Loops loops =
        Loops.start(new SchedulerOptions().setLoops(1).setMinStandbys(1).setMaxStandbys(1));
    loops.assumeTakeover();
    TransferableEventLoop loop = loops.first();
    var release = new CountDownLatch(1);
    loop.continuation(() -> Loops.await(release));
    Loops.until("no standby is left", () -> loops.pool().exhausted());
    var held = new CountDownLatch(1);
    loop.hold(held::countDown);

    Future<?> end = loops.scheduler().eventLoopGroup().shutdownGracefully(0, 20, TimeUnit.SECONDS);
    long turns = loop.snapshot().turns();
    long begin = System.nanoTime();
    boolean early = end.awaitUninterruptibly(300);
    long looked = loop.snapshot().turns() - turns;
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    release.countDown();
    end.syncUninterruptibly();

    assertThat(early).isFalse();
    assertThat(looked).as("turns in %d ms", millis).isLessThanOrEqualTo(millis + 10);
    assertThat(held.getCount()).as("what was held has run").isZero();
  }
}
