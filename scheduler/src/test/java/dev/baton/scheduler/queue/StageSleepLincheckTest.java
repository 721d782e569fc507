package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * How loops sleep and are woken, over all orders of the steps (jcstress has the orders that only
 * memory makes). A loop is a small model of event loop and epoll handler: it may sleep, be awake
 * (it will look at the queue), or be busy with one continuation, for as long as anybody knows.
 *
 * <p>What must hold: while something waits and somebody sleeps, somebody else is awake.
 */
class StageSleepLincheckTest {
  private static final int AWAKE = 0;
  private static final int ARMED = 1;
  private static final int BUSY = 2;

  /** Two loops and any producers. */
  public static class Sleeping {
    final StageQueue queue = new StageQueue(8, 2);
    private final AtomicIntegerArray loops = new AtomicIntegerArray(2);

    public Sleeping() {
      for (int i = 0; i < 2; i++) {
        int loop = i;
        queue.attach(i, () -> wake(loop));
      }
    }

    /** As the handler does: only a loop that may sleep needs a signal. */
    private void wake(int loop) {
      boolean _ = loops.compareAndSet(loop, ARMED, AWAKE);
    }

    @Operation
    public void offer() {
      queue.offer(() -> {});
    }

    @Operation(nonParallelGroup = "loop 0")
    public void turn0() {
      turn(0);
    }

    @Operation(nonParallelGroup = "loop 1")
    public void turn1() {
      turn(1);
    }

    @Operation(nonParallelGroup = "loop 0")
    public void sleep0() {
      sleep(0);
    }

    @Operation(nonParallelGroup = "loop 1")
    public void sleep1() {
      sleep(1);
    }

    @Operation(nonParallelGroup = "loop 0")
    public void spin0() {
      spin(0);
    }

    @Operation(nonParallelGroup = "loop 1")
    public void spin1() {
      spin(1);
    }

    /** Wakes up and runs one continuation; does not return from it if there is one. */
    private void turn(int loop) {
      loops.set(loop, AWAKE);
      queue.unpark(loop);
      if (queue.poll(loop) != null) {
        loops.set(loop, BUSY);
      }
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

    private void spin(int loop) {
      loops.set(loop, AWAKE);
      queue.unpark(loop);
      if (queue.startSpinning()) {
        for (int i = 0; i < 2 && queue.isEmpty(); i++) {
          Thread.onSpinWait();
        }
        stopSpinning();
        turn(loop);
      }
    }

    void stopSpinning() {
      queue.stopSpinning();
    }

    @Validate
    public void nobodySleepsOnWork() {
      boolean awake = loops.get(0) == AWAKE || loops.get(1) == AWAKE;
      boolean asleep = loops.get(0) == ARMED || loops.get(1) == ARMED;
      if (!queue.isEmpty() && asleep && !awake) {
        throw new IllegalStateException("asleep with work waiting");
      }
    }
  }

  /** {@link Sleeping} that looks before it says that it will sleep. */
  public static class LooksFirst extends Sleeping {
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

  /** {@link Sleeping} whose spinner does not look again once it has stopped. */
  public static class StopsBlindly extends Sleeping {
    private static final VarHandle SPINNING;

    static {
      try {
        SPINNING =
            MethodHandles.privateLookupIn(StageQueue.class, MethodHandles.lookup())
                .findVarHandle(StageQueue.class, "spinning", AtomicInteger.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    @Override
    void stopSpinning() {
      ((AtomicInteger) SPINNING.get(queue)).set(0);
    }
  }

  /**
   * A producer beside a loop that goes to sleep while the other one is busy; one beside a spinner.
   */
  private static ModelCheckingOptions options(Class<? extends Sleeping> tested, int invocations) {
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(
            Scenario.of(tested).before("offer", "turn1").thread("offer").thread("sleep0").build())
        .addCustomScenario(
            Scenario.of(tested).before("sleep1").thread("offer", "offer").thread("spin0").build())
        .iterations(Integer.getInteger("dev.baton.test.lincheckIterations", 0))
        .invocationsPerIteration(invocations)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(2)
        .actorsAfter(0)
        .minimizeFailedScenario(false);
  }

  @Test
  void shouldNeverSleepWhileSomethingWaitsAndNobodyElseIsAwake() {
    options(Sleeping.class, 50).check(Sleeping.class);
  }

  @Test
  void shouldSeeALoopThatLooksBeforeItSaysThatItWillSleep() {
    assertThatThrownBy(() -> options(LooksFirst.class, 200).check(LooksFirst.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("asleep with work waiting");
  }

  @Test
  void shouldSeeASpinnerThatDoesNotLookAgain() {
    assertThatThrownBy(() -> options(StopsBlindly.class, 200).check(StopsBlindly.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("asleep with work waiting");
  }
}
