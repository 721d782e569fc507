package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * {@link BlockingPool}: work comes while the thread that was called looks. r1: by how many it is
 * seen, by that thread, and by one more that is started for it.
 */
@JCStressTest
@Outcome(
    id = {"1", "2"},
    expect = ACCEPTABLE,
    desc = "It runs")
@Outcome(id = "0", expect = FORBIDDEN, desc = "it waits, and nobody is called")
@State
public class BlockingPoolStress {
  private final BlockingPool pool =
      new BlockingPool(Counted::new, Runnable::run, Duration.ofSeconds(1));
  private int started;
  private @Nullable Runnable seen;

  public BlockingPoolStress() {
    pool.execute(() -> {});
    pool.look(false); // another one was faster
    started = 0;
  }

  @Actor
  public void execute() {
    pool.execute(() -> {});
  }

  @Actor
  public void called() {
    seen = pool.look(true);
  }

  @Arbiter
  public void seen(I_Result r) {
    r.r1 = started + (seen == null ? 0 : 1);
  }

  /** Counts that it is started. */
  private final class Counted extends Thread {
    Counted(Runnable body) {
      super(body);
    }

    @Override
    public void start() {
      started++; // once at most: who executes is one
    }
  }
}
