package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FakeLinuxCalls;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The accounts of a pool, whatever its workers do, and in whichever order. */
class StandbyPoolSimulationTest {
  /** What a worker that waits is left with. */
  private static final class Waits extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** A pool, and what is known of its workers beside it. */
  private static final class Model {
    private final Random random;
    private final int loops;
    private final boolean diesUntold;
    private final StandbyPool pool;
    private final Worker worker;
    private boolean idleForLong;
    private int admitted;
    private int waiting;
    private int away;
    private int ahead;
    private int virtual;

    /**
     * @param diesUntold the broken twin: a worker that dies away tells nobody
     */
    Model(long seed, boolean diesUntold) {
      this.random = new Random(seed);
      this.loops = 1 + random.nextInt(3);
      this.diesUntold = diesUntold;
      var calls =
          new FakeLinuxCalls() {
            @Override
            public int epollWait(int epollFd, long event, int timeoutMillis) {
              if (idleForLong) {
                idleForLong = false;
                return 0;
              }
              throw new Waits();
            }
          };
      var options =
          new SchedulerOptions()
              .setMinStandbys(1 + random.nextInt(3))
              .setMaxStandbys(1 + random.nextInt(8));
      var enclave =
          new Enclave(
              options,
              calls,
              new TickNotifier(),
              new RunToCompletionPolicy(),
              CpuSet.of(0),
              LoopThread::new,
              WorkObserver.NONE);
      pool = enclave.poolOf(0);
      for (int loop = 0; loop < loops; loop++) {
        SliceTimer _ = pool.newSliceTimer(loop);
      }
      worker = new Worker(enclave, pool, 0, null);
    }

    private boolean waits() {
      try {
        return pool.await(worker) != null;
      } catch (Waits still) {
        return true;
      }
    }

    void step() {
      switch (random.nextInt(12)) {
        case 0, 1 -> {
          if (pool.admit()) {
            admitted++;
          }
        }
        case 2 -> {
          if (admitted > 0) {
            admitted--;
            boolean _ = pool.started(true);
            waiting += waits() ? 1 : 0;
          }
        }
        case 3 -> {
          if (admitted > 0) {
            admitted--;
            boolean _ = pool.started(false);
          }
        }
        case 4 -> {
          if (waiting > 0) {
            waiting--;
            pool.leaveIdle();
            away++;
          }
        }
        case 5 -> {
          if (away > 0) {
            away--;
            pool.cameBack();
            waiting += waits() ? 1 : 0;
          }
        }
        case 6 -> {
          if (away > 0) {
            away--;
            if (!diesUntold) {
              pool.died();
            }
          }
        }
        case 7 -> ahead += pool.tryAhead() ? 1 : 0;
        case 8 -> {
          if (ahead > 0) {
            ahead--;
            pool.endAhead();
          }
        }
        case 9 -> virtual += pool.tryVirtual() ? 1 : 0;
        case 10 -> {
          if (virtual > 0) {
            virtual--;
            pool.endVirtual();
          }
        }
        default -> {
          if (waiting > 0) {
            waiting--;
            if (random.nextBoolean()) {
              pool.retired(); // it dies
            } else {
              idleForLong = true;
              waiting += waits() ? 1 : 0;
              idleForLong = false;
            }
          }
        }
      }
    }

    void check() {
      PoolSnapshot now = pool.snapshot();
      assertThat(now.idle()).as("idle").isEqualTo(waiting + admitted);
      assertThat(now.total()).as("total").isEqualTo(waiting + admitted + away + ahead);
      assertThat(now.total()).as("bound").isLessThanOrEqualTo(now.max());
      assertThat(virtual).as("virtual").isLessThanOrEqualTo(4 * now.max());
      assertThat(now.max()).as("one for each loop").isGreaterThanOrEqualTo(loops);
      if (waiting >= loops) {
        assertThat(pool.isExhausted()).as("exhausted, with enough that wait").isFalse();
      } else if (waiting + admitted < loops) {
        assertThat(pool.isExhausted()).as("exhausted, with too few that wait").isTrue();
      }
    }

    /**
     * At rest: those that are away have come back, since nothing that they wait for is held back,
     * and the spawner has done what it was asked. No loop may hold work back then, or nothing would
     * ever bring it to an end.
     */
    void comeToRest() {
      for (; ahead > 0; ahead--) {
        pool.endAhead();
      }
      for (; virtual > 0; virtual--) {
        pool.endVirtual();
      }
      for (; away > 0; away--) {
        pool.cameBack();
        waiting += waits() ? 1 : 0;
      }
      for (; admitted > 0; admitted--) {
        boolean _ = pool.started(true);
        waiting += waits() ? 1 : 0;
      }
      while (pool.admit()) {
        boolean _ = pool.started(true);
        waiting += waits() ? 1 : 0;
      }
      check();
      assertThat(waiting).as("one waits for each loop").isGreaterThanOrEqualTo(loops);
      assertThat(pool.isExhausted()).as("exhausted at rest").isFalse();
      assertThat(pool.snapshot().exhausted()).as("told to be exhausted at rest").isFalse();
    }
  }

  private static void play(long seed, boolean diesUntold) {
    var model = new Model(seed, diesUntold);
    for (int i = 0; i < 400; i++) {
      model.step();
      model.check();
    }
    model.comeToRest();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1_000, 2_000, 3_000})
  void shouldKnowWhoIsWhereWhateverTheyDo(long first) {
    for (long seed = first; seed < first + 250; seed++) {
      try {
        play(seed, false);
      } catch (AssertionError wrong) {
        throw new AssertionError("seed=" + seed, wrong);
      }
    }
  }

  @Test
  void shouldNoticeAWorkerThatIsLost() {
    assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> play(1, true));
  }
}
