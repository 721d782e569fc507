package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Handlers that loops pull, an agent commits, and a change of the policy queues anew, over all
 * orders of the steps. Loop 0 adds; loop 1 pulls and sleeps.
 *
 * <p>What must hold: no handler runs twice, and none waits in the shared queue while loop 1 sleeps.
 */
class HandlerQueuesLincheckTest {
  private static final int SLEEPS = 1;
  private static final int AWAKE = 0;

  /** Two loops, and an agent. */
  public static class Queues {
    final HandlerQueues<AtomicInteger> queues = new HandlerQueues<>(2);
    private final AtomicIntegerArray loops = new AtomicIntegerArray(2);
    private final AtomicInteger twice = new AtomicInteger();

    public Queues() {
      queues.attach(1, () -> loops.set(1, AWAKE));
    }

    void run(HandlerQueues.@Nullable Entry<AtomicInteger> entry) {
      if (entry != null && entry.handler().getAndIncrement() > 0) {
        twice.getAndIncrement();
      }
    }

    @Operation(nonParallelGroup = "loop 0")
    public void add() {
      HandlerQueues.Entry<AtomicInteger> _ = queues.add(queues.shared(), 0, 0, new AtomicInteger());
      queues.wake(1);
    }

    /** Awake, it looks, runs what it finds, else sleeps unless something was added since. */
    @Operation(nonParallelGroup = "loop 1")
    public void turn() {
      loops.set(1, AWAKE);
      queues.unpark(1);
      long seen = queues.added();
      HandlerQueues.Entry<AtomicInteger> found = queues.find(queues.shared(), 8, _ -> true);
      if (found != null) {
        pull(found);
        return;
      }
      loops.set(1, SLEEPS);
      if (!park(seen)) {
        loops.set(1, AWAKE);
      }
    }

    void pull(HandlerQueues.Entry<AtomicInteger> found) {
      if (queues.claim(queues.shared(), found)) {
        run(found);
      }
    }

    boolean park(long seen) {
      return queues.park(1, seen);
    }

    /** The agent commits, to whichever loop: here it runs at once. */
    @Operation(nonParallelGroup = "agent")
    public void commit() {
      run(queues.poll(queues.shared()));
    }

    @Validate
    public void nothingIsRunTwiceOrForgotten() {
      if (twice.get() > 0) {
        throw new IllegalStateException("run twice");
      }
      if (queues.size(queues.shared()) > 0 && loops.get(1) == SLEEPS) {
        throw new IllegalStateException("asleep with a handler waiting");
      }
    }
  }

  /** {@link Queues} that runs what it has found without a claim. */
  public static class RunsWhatItSees extends Queues {
    @Override
    void pull(HandlerQueues.Entry<AtomicInteger> found) {
      boolean _ = queues.claim(queues.shared(), found);
      run(found);
    }
  }

  /** {@link Queues} that sleeps on what it has seen before it said that it would. */
  public static class LooksFirst extends Queues {
    @Override
    boolean park(long seen) {
      boolean sleeps = queues.added() == seen;
      boolean _ = queues.park(1, seen);
      return sleeps;
    }
  }

  private static ModelCheckingOptions options(Class<? extends Queues> tested, int invocations) {
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(Scenario.of(tested).thread("add").thread("turn").build())
        .addCustomScenario(
            Scenario.of(tested).before("add").thread("turn").thread("commit").build())
        .iterations(Integer.getInteger("dev.baton.test.lincheckIterations", 0))
        .invocationsPerIteration(invocations)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(1)
        .actorsAfter(0)
        .minimizeFailedScenario(false);
  }

  @Test
  void shouldRunEachHandlerOnceAndNeverSleepOnOne() {
    options(Queues.class, 200).check(Queues.class);
  }

  @Test
  void shouldSeeAHandlerThatRunsWithoutAClaim() {
    assertThatThrownBy(() -> options(RunsWhatItSees.class, 500).check(RunsWhatItSees.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("run twice");
  }

  @Test
  void shouldSeeALoopThatLooksBeforeItSaysThatItWillSleep() {
    assertThatThrownBy(() -> options(LooksFirst.class, 500).check(LooksFirst.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("asleep with a handler waiting");
  }
}
