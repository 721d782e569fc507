package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * How loops that pull sleep and are woken, over all orders of the steps; the model of a loop is
 * that of {@link StageSleepLincheckTest}. Loop 0 gives, while it is busy itself.
 *
 * <p>What must hold: while a unit waits and a loop sleeps, another one is awake.
 */
class PullSleepLincheckTest {
  private static final int AWAKE = 0;
  private static final int ARMED = 1;
  private static final int BUSY = 2;

  /** A giver and two loops that pull. */
  public static class Pulling {
    final PullQueue<Runnable> queue = new PullQueue<>(8, 3);
    private final AtomicIntegerArray loops = new AtomicIntegerArray(new int[] {BUSY, AWAKE, AWAKE});

    public Pulling() {
      for (int i = 0; i < loops.length(); i++) {
        int loop = i;
        queue.attach(i, () -> wake(loop));
      }
    }

    private void wake(int loop) {
      boolean _ = loops.compareAndSet(loop, ARMED, AWAKE);
    }

    @Operation(nonParallelGroup = "loop 0")
    public void give() {
      boolean _ = queue.offer(() -> {});
    }

    @Operation(nonParallelGroup = "loop 1")
    public void turn1() {
      turn(1);
    }

    @Operation(nonParallelGroup = "loop 2")
    public void turn2() {
      turn(2);
    }

    @Operation(nonParallelGroup = "loop 1")
    public void sleep1() {
      sleep(1);
    }

    @Operation(nonParallelGroup = "loop 2")
    public void sleep2() {
      sleep(2);
    }

    /** Wakes up and pulls one unit; does not return from it if there is one. */
    private void turn(int loop) {
      loops.set(loop, AWAKE);
      queue.unpark(loop);
      if (queue.poll() != null) {
        loops.set(loop, BUSY);
      }
    }

    /** Wakes up and finds work of its own; does not return from it. */
    @Operation(nonParallelGroup = "loop 1")
    public void own1() {
      loops.set(1, AWAKE);
      queue.unpark(1);
      passOn();
      loops.set(1, BUSY);
    }

    void passOn() {
      queue.passOn();
    }

    /** As EpollIoHandler.run: asks twice, in between it lets itself be woken. */
    void sleep(int loop) {
      loops.set(loop, AWAKE);
      queue.unpark(loop);
      if (!park(loop)) {
        return;
      }
      loops.set(loop, ARMED);
      if (!park(loop)) {
        loops.set(loop, AWAKE);
      }
    }

    boolean park(int loop) {
      return queue.park(loop);
    }

    @Validate
    public void nobodySleepsOnWork() {
      boolean awake = loops.get(1) == AWAKE || loops.get(2) == AWAKE;
      boolean asleep = loops.get(1) == ARMED || loops.get(2) == ARMED;
      if (!queue.isEmpty() && asleep && !awake) {
        throw new IllegalStateException("asleep with a unit waiting");
      }
    }
  }

  /** {@link Pulling} that looks before it says that it will sleep. */
  public static class LooksFirst extends Pulling {
    @Override
    boolean park(int loop) {
      return queue.isEmpty();
    }

    @Override
    void sleep(int loop) {
      super.sleep(loop);
      boolean _ = queue.park(loop);
    }
  }

  /** {@link Pulling} that keeps a wake-up to itself though it runs something else. */
  public static class KeepsThePromise extends Pulling {
    @Override
    void passOn() {
      // broken: a peer that was not woken, because this one was, sleeps on
    }
  }

  private static ModelCheckingOptions options(Class<? extends Pulling> tested, int invocations) {
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(
            Scenario.of(tested).before("give", "turn2").thread("give").thread("sleep1").build())
        .addCustomScenario(
            Scenario.of(tested).before("sleep1", "sleep2").thread("give").thread("own1").build())
        .iterations(Integer.getInteger("dev.baton.test.lincheckIterations", 0))
        .invocationsPerIteration(invocations)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(2)
        .actorsAfter(0)
        .minimizeFailedScenario(false);
  }

  @Test
  void shouldNeverSleepWhileAUnitWaitsAndNobodyElseIsAwake() {
    options(Pulling.class, 50).check(Pulling.class);
  }

  @Test
  void shouldSeeALoopThatLooksBeforeItSaysThatItWillSleep() {
    assertThatThrownBy(() -> options(LooksFirst.class, 200).check(LooksFirst.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("asleep with a unit waiting");
  }

  @Test
  void shouldSeeAWakeUpThatIsNotPassedOn() {
    assertThatThrownBy(() -> options(KeepsThePromise.class, 200).check(KeepsThePromise.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("asleep with a unit waiting");
  }
}
