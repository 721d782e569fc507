package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.ContinuationLoop;
import dev.baton.scheduler.loop.WaitingRoom;
import dev.baton.stages.RequestContext;
import io.vertx.core.impl.WorkerExecutor;
import java.lang.ref.WeakReference;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The mailbox: driven by hand, and by many threads at once. */
@Timeout(60)
class SerialExecutorTest {
  private final ConcurrentLinkedQueue<Runnable> scheduled = new ConcurrentLinkedQueue<>();
  private final Queue<Runnable> looks = new ArrayDeque<>();
  private final AtomicBoolean lost = new AtomicBoolean();
  private final AtomicBoolean outOfMemory = new AtomicBoolean();
  private final List<String> ran = new ArrayList<>();
  private long clockNanos = 1;
  private int frames; // of the stack that the loop takes
  private final ContinuationLoop loop =
      new ContinuationLoop() {
        @Override
        public void continuation(Runnable continuation) {
          if (outOfMemory.getAndSet(false)) {
            throw new OutOfMemoryError("thrown by the test");
          }
          scheduled.add(continuation);
        }

        @Override
        public void later(Runnable look, long nanos) {
          looks.add(look);
        }

        @Override
        public long clockNanos() {
          return descend(frames, clockNanos);
        }

        @Override
        public long token() {
          return 1;
        }

        @Override
        public boolean isStillOwned(long seen) {
          return !lost.get();
        }
      };

  private final SerialExecutor executor = new SerialExecutor(loop);

  private Runnable item(String name) {
    return () -> ran.add(name);
  }

  private void turn() {
    Objects.requireNonNull(scheduled.poll()).run();
  }

  /** What a callback passes to a stage; refused as long as {@code full}. */
  private final class Rest implements RequestContext.HandOff {
    private final boolean full;
    private boolean offered;

    Rest(boolean full) {
      this.full = full;
    }

    @Override
    public boolean offer() {
      assertThat(executor.inThread()).isFalse();
      offered = !full;
      return !full;
    }

    @Override
    public void refused() {
      assertThat(executor.inThread()).isTrue();
      ran.add("refused");
    }
  }

  /** New work of one kind; notes when it begins, and when it is said to wait behind another one. */
  private static final class Work implements NewWork {
    private final AwayBound bound;
    private final Runnable body;
    private int waits;

    Work(AwayBound bound, Runnable body) {
      this.bound = bound;
      this.body = body;
    }

    @Override
    public Supplier<?> described() {
      return () -> this;
    }

    @Override
    public boolean mayWait() {
      return true;
    }

    @Override
    public void waitsBehind() {
      waits++;
    }

    @Override
    public AwayBound bound() {
      return bound;
    }

    @Override
    public boolean mayBePutAside(WaitingRoom room) {
      return true;
    }

    @Override
    public boolean isOver() {
      return false;
    }

    @Override
    public boolean standsAlone() {
      return false;
    }

    @Override
    public void holdSource(UnaryOperator<Runnable> hold) {}

    @Override
    public void releaseSource() {}

    @Override
    public void run() {
      body.run();
    }
  }

  @Test
  void shouldCountNewWorkOfAKindBeforeItBegins() {
    var bound = new AwayBound(1, 8);
    var other = new SerialExecutor(loop);
    executor.executeFresh(
        new Work(
            bound,
            () -> {
              ran.add("first");
              turn(); // another loop's
              ran.add("ends");
            }),
        null);
    other.executeFresh(new Work(bound, item("second")), null);

    turn();

    assertThat(ran).containsExactly("first", "ends");
    turn();
    assertThat(ran).containsExactly("first", "ends", "second");
    assertThat(bound.inside()).isZero();
  }

  @Test
  void shouldLetTheNextOfAKindBeginAfterOneThatFails() {
    var bound = new AwayBound(1, 8);
    var other = new SerialExecutor(loop);
    executor.executeFresh(
        new Work(
            bound,
            () -> {
              turn();
              throw new IllegalStateException("thrown by the test");
            }),
        null);
    other.executeFresh(new Work(bound, item("second")), null);

    turn();
    turn();

    assertThat(ran).containsExactly("second");
    assertThat(bound.inside()).isZero();
  }

  @Test
  void shouldCountNewWorkThatWasBehindACallbackBeforeThatOneLeft() throws Exception {
    var work = new Work(new AwayBound(1, 8), item("new"));
    var begun = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    executor.execute(
        () -> {
          begun.countDown();
          await(release);
        });
    executor.executeFresh(work, null);

    Objects.requireNonNull(looks.poll()).run();
    assertThat(work.waits).as("while the callback has not begun").isZero();

    var away = new Thread(this::turn);
    away.start();
    await(begun);
    Objects.requireNonNull(looks.poll()).run();
    assertThat(work.waits).isEqualTo(1);
    assertThat(looks).as("what comes now is told at once").isEmpty();

    release.countDown();
    away.join();
    assertThat(ran).containsExactly("new");
  }

  /** A plain one would let the compiler look at it once, and the runner wait for ever. */
  @Test
  void shouldLookForTheNextNodeAgainAndAgain() throws NoSuchFieldException {
    assertThat(CallbackNode.class.getDeclaredField("next"))
        .matches(field -> Modifier.isVolatile(field.getModifiers()));
  }

  @Test
  void shouldForgetWhatHasRun() throws InterruptedException {
    WeakReference<Object> queued = new WeakReference<>(runAndForget());

    for (int i = 0; queued.get() != null && i < 100; i++) {
      System.gc();
      Thread.sleep(10);
    }

    assertThat(queued.get()).as("held by an executor that is idle").isNull();
    assertThat(executor.waiting()).isZero();
  }

  private Object runAndForget() {
    Object mine = new Object();
    executor.execute(() -> ran.add("of " + mine.hashCode()));
    turn();
    return mine;
  }

  @Test
  void shouldRunInOrderInOneContinuation() {
    executor.execute(item("a"));
    executor.execute(item("b"));

    assertThat(scheduled).hasSize(1);
    turn();

    assertThat(ran).containsExactly("a", "b");
    assertThat(scheduled).isEmpty();
    assertThat(executor.inThread()).isFalse();
  }

  /** Or the loop would be taken, as from a hog, from many callbacks none of which is long. */
  @ParameterizedTest
  @CsvSource({"20000, 12", "100000, 4", "1000000, 2"})
  void shouldLetOthersOfTheLoopRunAfterItsBudget(long nanos, int inARow) {
    for (int i = 0; i < 40; i++) {
      executor.execute(
          () -> {
            clockNanos += nanos;
            ran.add("callback");
          });
    }

    turn();
    assertThat(ran).hasSize(inARow);
    turn();
    assertThat(ran).hasSize(2 * inARow);
  }

  @Test
  void shouldEndAnInterruptWithTheCallbackThatHasSetIt() {
    executor.execute(() -> Thread.currentThread().interrupt());
    executor.execute(() -> ran.add("interrupted " + Thread.currentThread().isInterrupted()));

    turn();

    assertThat(ran).containsExactly("interrupted false");
  }

  @Test
  void shouldRunManyShortCallbacksInARow() {
    for (int i = 0; i < 100; i++) {
      executor.execute(item("callback"));
    }

    turn();

    assertThat(ran).hasSize(100);
  }

  @Test
  void shouldGoOnWithTheNextCallbackAfterTheLoopHadNoMemoryForIt() {
    outOfMemory.set(true);
    assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> executor.execute(item("a")));
    assertThat(scheduled).isEmpty();

    executor.execute(item("b"));
    executor.execute(item("c"));

    assertThat(scheduled).hasSize(1);
    turn();
    assertThat(ran).containsExactly("a", "b", "c");
  }

  /** Its stack ends where the loop needs most of it, between two steps of the mailbox. */
  @ParameterizedTest
  @ValueSource(ints = {0, 64, 128, 256, 512, 1024, 2048})
  void shouldGoOnAfterARecursionThatHasNoEnd(int moreStack) throws InterruptedException {
    var executors = new ArrayList<SerialExecutor>();
    var overflown = new AtomicBoolean();
    frames = 20;
    var recursing =
        new Thread(
            null,
            () -> {
              try {
                recurse(executors);
              } catch (StackOverflowError expected) {
                overflown.set(true);
              }
            },
            "recursing",
            512 * 1024 + moreStack);
    recursing.start();
    recursing.join();
    frames = 0;

    executors.getLast().execute(item("after"));
    scheduled.forEach(Runnable::run);

    assertThat(overflown).isTrue();
    assertThat(ran).containsExactly("after");
  }

  @SuppressWarnings("InfiniteRecursion") // it is to overflow its stack
  private void recurse(List<SerialExecutor> executors) {
    var next = new SerialExecutor(loop);
    executors.add(next);
    next.execute(() -> {});
    recurse(executors);
  }

  private static long descend(int frames, long nanos) {
    return frames == 0 ? nanos : descend(frames - 1, nanos + 1) - 1;
  }

  @Test
  void shouldScheduleTheRestWhenItHasLostTheLoop() {
    executor.execute(() -> lost.set(true));
    executor.execute(item("b"));

    turn();
    assertThat(ran).isEmpty();
    turn();
    assertThat(ran).containsExactly("b");
  }

  @Test
  void shouldPassTheRightToRunToAStagesWorker() {
    var rest = new Rest(false);
    executor.execute(() -> executor.handOff(rest));
    executor.execute(item("b"));

    turn();
    assertThat(rest.offered).isTrue();
    assertThat(ran).as("while the worker has the right").isEmpty();
    assertThat(scheduled).isEmpty();

    executor.enter();
    boolean inside = executor.inThread();
    executor.leave();
    turn();

    assertThat(inside).isTrue();
    assertThat(ran).containsExactly("b");
  }

  @Test
  void shouldKeepTheRightToRunIfTheStageIsFull() {
    executor.execute(() -> executor.handOff(new Rest(true)));
    executor.execute(item("b"));

    turn();

    assertThat(ran).containsExactly("refused", "b");
  }

  @Test
  void shouldGoOnAfterARefusalThatFails() {
    executor.execute(
        () ->
            executor.handOff(
                new RequestContext.HandOff() {
                  @Override
                  public boolean offer() {
                    return false;
                  }

                  @Override
                  public void refused() {
                    throw new IllegalStateException("thrown by the test");
                  }
                }));
    executor.execute(item("b"));

    turn();

    assertThat(ran).containsExactly("b");
  }

  @Test
  void shouldHandOffEverythingThatOneCallbackAskedFor() {
    var first = new Rest(false);
    var second = new Rest(false);
    executor.execute(
        () -> {
          executor.handOff(first);
          executor.handOff(second);
        });

    turn();
    assertThat(first.offered).isTrue();
    executor.enter();
    executor.leave();
    turn();

    assertThat(second.offered).isTrue();
  }

  @Test
  void shouldHandOffBeforeTheCallbackSleeps() throws InterruptedException {
    var rest = new Rest(false);
    var resumed = new CountDownLatch(1);
    var execution = new ConcurrentLinkedQueue<WorkerExecutor.Execution>();
    executor.execute(
        () -> {
          executor.handOff(rest);
          WorkerExecutor.Execution mine = executor.currentExecution();
          execution.add(mine);
          await(Objects.requireNonNull(mine.trySuspend()));
          ran.add("awake");
          assertThat(executor.inThread()).isTrue();
          resumed.countDown();
        });
    Thread owner = Thread.ofPlatform().start(this::turn);
    until(() -> owner.getState() == Thread.State.WAITING);

    assertThat(rest.offered).isTrue();
    executor.enter();
    Objects.requireNonNull(execution.poll()).resume();
    ran.add("in the stage");
    executor.leave();
    turn();
    assertThat(resumed.await(10, TimeUnit.SECONDS)).isTrue();
    owner.join();

    assertThat(ran).containsExactly("in the stage", "awake");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  // ---------------------------------------------------------------- many threads

  /** Callbacks return, sleep in a future, and pass the right on, from two producers. */
  @Test
  void shouldKeepPlainStateIntactWhateverThreadRunsIt() throws InterruptedException {
    int perProducer = 20_000;
    long seed = System.nanoTime();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      var torture = new Torture(threads, seed);
      for (int producer = 0; producer < 2; producer++) {
        int me = producer;
        threads.execute(() -> torture.produce(me, perProducer));
      }

      boolean ended = torture.left.await(30, TimeUnit.SECONDS);
      until(() -> torture.places.availablePermits() == Torture.PLACES); // also those that slept

      assertThat(torture.problems).as("seed %d", seed).isEmpty();
      assertThat(ended).as("all have run").isTrue();
      assertThat(torture.ran).containsExactly(perProducer, perProducer);
    }
  }

  private static final class Torture implements ContinuationLoop {
    private static final int PLACES = 64;

    private final ExecutorService threads;
    private final long seed;
    private final SerialExecutor executor = new SerialExecutor(this);
    private final ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();
    private final CountDownLatch left = new CountDownLatch(2);
    private final AtomicInteger takeovers = new AtomicInteger();

    // Producers wait for one asleep: if they span, runners would wait for their CPUs
    private final Semaphore places = new Semaphore(PLACES);

    // Plain on purpose: guarded by the right to run
    private final int[] ran = new int[2];
    private boolean running;

    Torture(ExecutorService threads, long seed) {
      this.threads = threads;
      this.seed = seed;
    }

    @Override
    public void continuation(Runnable continuation) {
      threads.execute(continuation);
    }

    @Override
    public long token() {
      return takeovers.get();
    }

    @Override
    public boolean isStillOwned(long seen) {
      return takeovers.get() == seen;
    }

    void produce(int me, int count) {
      var random = new SplittableRandom(seed + me);
      for (int i = 1; i <= count; i++) {
        int number = i;
        int kind = random.nextInt(1000);
        places.acquireUninterruptibly();
        executor.execute(() -> callback(me, number, kind));
      }
      executor.execute(left::countDown);
    }

    private void callback(int producer, int number, int kind) {
      enterSection();
      if (++ran[producer] != number) {
        problems.add("out of order: " + ran[producer] + " instead of " + number);
      }
      leaveSection();
      if (kind < 20) {
        takeovers.getAndIncrement();
      } else if (kind < 40) {
        sleepInAFuture();
        enterSection();
        leaveSection();
      } else if (kind < 200) {
        executor.handOff(new Stage(kind % 7 == 0));
        return;
      }
      places.release();
    }

    private void sleepInAFuture() {
      WorkerExecutor.Execution execution = executor.currentExecution();
      threads.execute(execution::resume);
      CountDownLatch latch = execution.trySuspend();
      if (latch != null) {
        SerialExecutorTest.await(latch);
      }
    }

    private void enterSection() {
      if (running || !executor.inThread()) {
        problems.add("running: " + running + ", in its thread: " + executor.inThread());
      }
      running = true;
    }

    private void leaveSection() {
      running = false;
    }

    private final class Stage implements RequestContext.HandOff {
      private final boolean full;

      Stage(boolean full) {
        this.full = full;
      }

      @Override
      public boolean offer() {
        if (full) {
          return false;
        }
        threads.execute(
            () -> {
              executor.enter();
              refused();
              executor.leave();
            });
        return true;
      }

      @Override
      public void refused() {
        enterSection();
        places.release();
        leaveSection();
      }
    }
  }
}
