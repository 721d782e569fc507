package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BlockingPoolTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Executor NONE =
      _ -> {
        throw new AssertionError("threads can be had");
      };

  /** Threads that were started; the test does what they would. */
  private final List<Thread> started = new ArrayList<>();

  private final List<Thread> threads = new ArrayList<>();
  private int threadsLeft;
  private int refusals;

  private final class ByHand extends Thread {
    ByHand(Runnable body) {
      super(body);
    }

    @Override
    public void start() {
      started.add(this);
    }
  }

  private Thread real(Runnable body) {
    var thread = new Thread(body);
    thread.setDaemon(true);
    synchronized (threads) {
      threads.add(thread);
    }
    return thread;
  }

  private int size() {
    synchronized (threads) {
      return threads.size();
    }
  }

  @Test
  void shouldCallNobodyWhileOneIsOnItsWay() {
    var pool = new BlockingPool(ByHand::new, NONE, LONG);
    for (int i = 0; i < 3; i++) {
      assertThat(pool.execute(() -> {})).isTrue();
    }
    assertThat(started).hasSize(1);

    assertThat(pool.look(true)).isNotNull(); // more waits
    assertThat(started).hasSize(2);

    assertThat(pool.look(true)).isNotNull();
    assertThat(started).hasSize(3);

    assertThat(pool.look(true)).isNotNull(); // nothing more does
    assertThat(started).hasSize(3);
  }

  /** One that comes back takes what another one was called for. */
  @Test
  void shouldLookBeforeItSleeps() {
    var pool = new BlockingPool(ByHand::new, NONE, LONG);
    pool.execute(() -> {});
    assertThat(pool.look(true)).isNotNull();
    Runnable second = () -> {};
    pool.execute(second);
    assertThat(started).hasSize(2);

    assertThat(pool.look(false)).isSameAs(second);
    pool.execute(() -> {}); // for which the second one is still on its way

    assertThat(started).hasSize(2);
    assertThat(pool.look(true)).isNotNull();
  }

  @Test
  void shouldWakeTheLastToSleep() {
    var pool = new BlockingPool(ByHand::new, NONE, LONG);
    BlockingPool.Sleeper first = pool.lieDown();
    BlockingPool.Sleeper last = pool.lieDown();

    pool.execute(() -> {});

    assertThat(last.isCalled()).isTrue();
    assertThat(first.isCalled()).isFalse();
    assertThat(started).isEmpty();
  }

  @Test
  void shouldRunEverythingOnceUnderLoad() throws Exception {
    var pool = new BlockingPool(this::real, NONE, Duration.ofMillis(20));
    int each = 20_000;
    var runs = new AtomicInteger();
    var done = new CountDownLatch(2 * each);
    var inside = new AtomicInteger();
    Runnable feeder =
        () -> {
          for (int i = 0; i < each; i++) {
            while (inside.get() > 50) { // who executes bounds what is under way
              Thread.onSpinWait();
            }
            inside.getAndIncrement();
            int number = i;
            pool.execute(
                () -> {
                  runs.getAndIncrement();
                  if (number % 100 == 0) {
                    Loops.pause(1);
                  }
                  inside.getAndDecrement();
                  done.countDown();
                });
          }
        };
    var other = new Thread(feeder);
    other.start();
    feeder.run();
    other.join();

    Loops.await(done);
    assertThat(runs).hasValue(2 * each);
  }

  @Test
  void shouldEndThreadsThatHaveNothingToDo() throws Exception {
    var pool = new BlockingPool(this::real, NONE, Duration.ofMillis(1));
    pool.execute(() -> {});

    threads.getFirst().join();

    var ran = new CountDownLatch(1);
    pool.execute(ran::countDown);
    Loops.await(ran);
    assertThat(size()).isEqualTo(2);
  }

  @Test
  void shouldEndItsThreadsWhenItIsClosed() throws Exception {
    var pool = new BlockingPool(this::real, NONE, LONG);
    var ran = new CountDownLatch(1);
    pool.execute(ran::countDown);
    Loops.await(ran);

    pool.close();

    threads.getFirst().join();
  }

  @Test
  void shouldGoOnAfterAFailureAndForgetAnInterrupt() {
    var pool = new BlockingPool(this::real, NONE, LONG);
    pool.execute(
        () -> {
          Thread.currentThread().interrupt();
          throw new StackOverflowError("deep");
        });
    var ran = new CountDownLatch(1);
    var interrupted = new AtomicInteger();
    Loops.until("it sleeps", () -> threads.getFirst().getState() == Thread.State.TIMED_WAITING);

    pool.execute(
        () -> {
          if (Thread.interrupted()) {
            interrupted.getAndIncrement();
          }
          ran.countDown();
        });

    Loops.await(ran);
    assertThat(size()).isEqualTo(1);
    assertThat(interrupted).hasValue(0);
  }

  /** Refuses threads, after the first few. */
  private Thread refused(Runnable body) {
    if (threadsLeft-- > 0) {
      return new ByHand(body);
    }
    refusals++;
    throw new OutOfMemoryError("unable to create native thread");
  }

  @Test
  void shouldGiveBackWhatNoThreadCanBeStartedFor() {
    var pool = new BlockingPool(this::refused, NONE, LONG);

    for (int i = 0; i < 100; i++) {
      assertThat(pool.execute(() -> {})).isFalse();
    }

    assertThat(pool.look(false)).isNull();
    assertThat(refusals).isEqualTo(1); // in a second
  }

  @Test
  void shouldHandToTheSpareWhatCannotBeGivenBack() {
    threadsLeft = 1;
    List<Runnable> spare = new ArrayList<>();
    var pool = new BlockingPool(this::refused, spare::add, LONG);
    Runnable second = () -> {};
    assertThat(pool.execute(() -> {})).isTrue();
    assertThat(pool.execute(second)).isTrue(); // one is on its way

    assertThat(pool.look(true)).isNotNull();

    assertThat(spare).containsExactly(second);
    assertThat(pool.look(false)).isNull();
  }

  @Test
  void shouldKeepWhatTheSpareCannotRun() {
    threadsLeft = 1;
    var pool =
        new BlockingPool(
            this::refused,
            _ -> {
              throw new OutOfMemoryError("nor a virtual one");
            },
            LONG);
    Runnable second = () -> {};
    assertThat(pool.execute(() -> {})).isTrue();
    assertThat(pool.execute(second)).isTrue();

    assertThat(pool.look(true)).isNotNull();

    assertThat(pool.look(false)).isSameAs(second); // when it comes back
  }

  @Test
  void shouldGoOnCallingAfterAnErrorOfTheFactory() {
    BlockingPool pool =
        new BlockingPool(
            body -> {
              if (refusals++ == 0) {
                throw new StackOverflowError("deep");
              }
              return new ByHand(body);
            },
            NONE,
            LONG);
    Runnable first = () -> {};

    assertThatThrownBy(() -> pool.execute(first)).isInstanceOf(StackOverflowError.class);

    assertThat(pool.execute(() -> {})).isTrue();
    assertThat(started).hasSize(1);
  }
}
