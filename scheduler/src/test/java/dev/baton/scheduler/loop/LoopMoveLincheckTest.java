package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.queue.Scenario;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * Who may take a loop that passes to another pool, over all orders of the steps: the new owner
 * enters a unit at once, and standbys of both pools look.
 *
 * <p>What must hold: nobody but a worker of the loop's pool drives it.
 */
class LoopMoveLincheckTest {
  private static final Object OLD = "old";
  private static final Object NEW = "new";

  private static final int OWNER = 1;
  private static final int SUCCESSOR = 2;
  private static final int OLD_STANDBY = 3;
  private static final int NEW_STANDBY = 4;

  /** The loop's word, as its owner in IO and standbys use it. */
  public static class Moving {
    final OwnershipWord word = new OwnershipWord();

    public Moving() {
      word.belongTo(OLD);
      word.assign(OWNER);
    }

    /** The owner runs a unit, passes the loop on if it has kept it, and its successor enters. */
    @Operation(nonParallelGroup = "owner")
    public void pass() {
      if (word.leave(word.enter()) && word.pass(OWNER, SUCCESSOR, NEW)) {
        long _ = word.enter();
      }
    }

    @Operation(nonParallelGroup = "old")
    public void lookFromOld() {
      look(OLD, OLD_STANDBY);
    }

    @Operation(nonParallelGroup = "new")
    public void lookFromNew() {
      look(NEW, NEW_STANDBY);
    }

    void look(Object pool, int standby) {
      long seen = word.get();
      if (word.isFor(pool)) {
        boolean _ = word.tryTake(seen, standby);
      }
    }

    @Validate
    public void drivenByItsOwn() {
      int owner = StatusWord.owner(word.get());
      boolean old = owner == OWNER || owner == OLD_STANDBY;
      if (!word.isFor(old ? OLD : NEW)) {
        throw new IllegalStateException("driven by worker " + owner + " of the other pool");
      }
    }
  }

  /** {@link Moving} with standbys that look whose the loop is before they read its word. */
  public static class LooksWhoseFirst extends Moving {
    @Override
    void look(Object pool, int standby) {
      if (word.isFor(pool)) {
        boolean _ = word.tryTake(word.get(), standby);
      }
    }
  }

  /** {@link Moving} with an owner that passes the word on before it says whose the loop is. */
  public static class SaysWhoseLast extends Moving {
    @Override
    public void pass() {
      if (word.leave(word.enter()) && word.inherit(OWNER, SUCCESSOR)) {
        long _ = word.enter();
        word.belongTo(NEW);
      }
    }
  }

  private static ModelCheckingOptions options(Class<? extends Moving> tested) {
    return new ModelCheckingOptions()
        .verifier(EpsilonVerifier.class)
        .addCustomScenario(Scenario.of(tested).thread("pass").thread("lookFromOld").build())
        .addCustomScenario(
            Scenario.of(tested)
                .thread("pass")
                .thread("lookFromOld")
                .thread("lookFromNew", "lookFromNew")
                .build())
        .iterations(0)
        .invocationsPerIteration(500)
        .minimizeFailedScenario(false);
  }

  @Test
  void shouldBeDrivenByWorkersOfItsOwnPool() {
    options(Moving.class).check(Moving.class);
  }

  @Test
  void shouldSeeAStandbyThatLooksWhoseTheLoopIsTooEarly() {
    assertThatThrownBy(() -> options(LooksWhoseFirst.class).check(LooksWhoseFirst.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("of the other pool");
  }

  @Test
  void shouldSeeAnOwnerThatSaysTooLateWhoseTheLoopIs() {
    assertThatThrownBy(() -> options(SaysWhoseLast.class).check(SaysWhoseLast.class))
        .isInstanceOf(LincheckAssertionError.class)
        .hasMessageContaining("of the other pool");
  }
}
