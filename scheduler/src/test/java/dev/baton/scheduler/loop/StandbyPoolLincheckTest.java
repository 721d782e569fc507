package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FakeLinuxCalls;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.queue.Scenario;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * A pool knows whether it is exhausted, over all orders of the steps in which standbys leave and
 * come back. Two loops, three standbys of which one waits.
 */
class StandbyPoolLincheckTest {
  private static final int LOOPS = 2;
  private static final int STANDBYS = 3;

  /** The pool. */
  public static class Real {
    private final StandbyPool pool;

    public Real() {
      var enclave =
          new Enclave(
              new SchedulerOptions().setMinStandbys(STANDBYS).setMaxStandbys(STANDBYS),
              new FakeLinuxCalls(),
              new TickNotifier(),
              new RunToCompletionPolicy(),
              CpuSet.of(0),
              LoopThread::new,
              WorkObserver.NONE);
      pool = enclave.poolOf(0);
      for (int loop = 0; loop < LOOPS; loop++) {
        SliceTimer _ = pool.newSliceTimer(loop);
      }
      while (pool.admit()) {
        // one more is there
      }
      leave();
      leave();
    }

    @Operation
    public void leave() {
      pool.leaveIdle();
    }

    @Operation
    public void comeBack() {
      pool.cameBack();
    }

    @Validate
    public void exhaustedIfTooFewWait() {
      check(pool.isExhausted(), pool.snapshot().idle());
    }
  }

  /** The same, where whoever ends the exhaustion does not look once more. */
  public static class Broken {
    private final AtomicInteger idle = new AtomicInteger(1);
    private volatile boolean exhausted = true;

    @Operation
    public void leave() {
      idle.getAndDecrement();
      if (idle.get() < LOOPS) {
        exhausted = true;
        endExhaustion();
      }
    }

    @Operation
    public void comeBack() {
      idle.getAndIncrement();
      endExhaustion();
    }

    private void endExhaustion() {
      if (exhausted && idle.get() >= LOOPS) {
        exhausted = false;
      }
    }

    @Validate
    public void exhaustedIfTooFewWait() {
      check(exhausted, idle.get());
    }
  }

  private static void check(boolean exhausted, int idle) {
    if (exhausted != idle < LOOPS) {
      throw new IllegalStateException("exhausted=" + exhausted + ", idle=" + idle);
    }
  }

  private static ModelCheckingOptions options(Class<?> tested) {
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(Scenario.of(tested).thread("comeBack").thread("leave").build())
        .addCustomScenario(
            Scenario.of(tested).thread("comeBack", "leave").thread("leave", "comeBack").build())
        .iterations(0)
        .invocationsPerIteration(100)
        .minimizeFailedScenario(false);
  }

  @Test
  void shouldKnowWhetherItIsExhaustedWhoeverComesAndGoes() {
    options(Real.class).check(Real.class);
  }

  @Test
  void shouldSeeAnEndOfExhaustionThatDoesNotLookOnceMore() {
    assertThatThrownBy(() -> options(Broken.class).check(Broken.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("exhausted=false, idle=1");
  }
}
