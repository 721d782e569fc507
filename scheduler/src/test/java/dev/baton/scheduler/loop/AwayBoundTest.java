package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class AwayBoundTest {
  private final AwayBound bound = new AwayBound(2, 3);
  private final Loop loop = new Loop();
  private final List<String> ran = new ArrayList<>();

  /** Runs what it was given when it is told to. */
  private static final class Loop implements ContinuationLoop {
    private final Queue<Runnable> given = new ArrayDeque<>();
    private boolean ended;

    @Override
    public void continuation(Runnable continuation) {
      if (ended) {
        throw new RejectedExecutionException();
      }
      given.add(continuation);
    }

    void run() {
      for (Runnable next; (next = given.poll()) != null; ) {
        next.run();
      }
    }

    @Override
    public long token() {
      return 0;
    }

    @Override
    public boolean isStillOwned(long seen) {
      return true;
    }
  }

  private void fill() {
    bound.left();
    bound.left();
  }

  private void hold(String name) {
    bound.hold(
        loop,
        () -> {
          ran.add(name);
          bound.passOn();
        },
        () -> false);
  }

  /** As when a route begins to start on virtual threads, or no longer does. */
  @Test
  void shouldTakeABoundThatChanges() {
    var max = new AtomicInteger(1);
    var changing = new AwayBound(max::get, 3);

    assertThat(changing.tryBegin()).isTrue();
    assertThat(changing.tryBegin()).isFalse();
    max.set(3);
    assertThat(changing.tryBegin()).isTrue();
    assertThat(changing.tryBegin()).isTrue();
    changing.hold(
        loop,
        () -> {
          ran.add("waits");
          changing.passOn();
        },
        () -> false);
    max.set(2);
    changing.returned();
    loop.run();
    assertThat(ran).isEmpty();
    changing.returned();
    loop.run();
    assertThat(ran).containsExactly("waits");
  }

  @Test
  void shouldBeFullWhileAsManyAsMayAreAway() {
    bound.left();
    assertThat(bound.isFull()).isFalse();

    bound.left();
    assertThat(bound.isFull()).isTrue();

    bound.returned();
    assertThat(bound.isFull()).isFalse();
  }

  @Test
  void shouldLetNoMoreBeginThanMayHowEverManyAskAtOnce() {
    bound.left();

    assertThat(bound.isFull()).as("both loops look").isFalse();
    assertThat(bound.tryBegin()).isTrue();
    assertThat(bound.tryBegin()).isFalse();

    bound.returned();
    assertThat(bound.tryBegin()).isTrue();
    assertThat(bound.inside()).isEqualTo(2);
  }

  @Test
  void shouldPassOnInOrderWhatBeginsAndReturns() {
    fill();
    for (String name : List.of("a", "b", "c")) {
      bound.hold(
          loop,
          () -> {
            assertThat(bound.tryBegin()).isTrue();
            ran.add(name);
            bound.returned();
          },
          () -> false);
    }

    bound.returned();

    assertThat(loop.given).hasSize(1);
    loop.run();
    assertThat(ran).containsExactly("a", "b", "c");
    assertThat(bound.inside()).isEqualTo(1);
  }

  @Test
  void shouldPassOnOneAfterTheOtherWhatDoesNotBlock() {
    fill();
    hold("a");
    hold("b");
    hold("c");
    loop.run();
    assertThat(ran).isEmpty();

    bound.returned();

    assertThat(loop.given).hasSize(1);
    loop.run();
    assertThat(ran).containsExactly("a", "b", "c");
  }

  @Test
  void shouldPassOnNoMoreThanPlacesAreFree() {
    fill();
    bound.hold(loop, bound::left, () -> false); // it blocks, too
    hold("b");

    bound.returned();
    loop.run();
    assertThat(ran).isEmpty();

    bound.returned();
    loop.run();
    assertThat(ran).containsExactly("b");
  }

  @Test
  void shouldPassOnAtOnceWhatFindsFewerAway() {
    hold("a");
    loop.run();

    assertThat(ran).containsExactly("a");
  }

  @Test
  void shouldForgetWhatIsOver() {
    fill();
    var over = new AtomicBoolean();
    for (int i = 0; i < 3; i++) {
      assertThat(bound.room().enter()).isTrue();
      bound.hold(loop, bound.room()::leave, over::get);
    }
    assertThat(bound.room().enter()).isFalse();

    over.set(true);
    WaitingRoom room = bound.room();
    loop.run();

    assertThat(room.enter()).as("a place is free").isTrue();
    assertThat(bound.isFull()).as("no handler is back").isTrue();
  }

  @Test
  void shouldSkipLoopsThatHaveEnded() {
    fill();
    hold("a");
    var other = new Loop();
    bound.hold(other, () -> ran.add("b"), () -> false);
    loop.ended = true;

    bound.returned();
    other.run();

    assertThat(ran).containsExactly("b");
  }
}
