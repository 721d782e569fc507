package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * {@link AwayBound}: the last one that is away returns while one more queues. r1: how often that
 * one was passed on.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It runs")
@Outcome(id = "0", expect = FORBIDDEN, desc = "it waits, and nobody is away")
@State
public class AwayBoundStress {
  private final AwayBound bound = new AwayBound(1, 8);
  private final Passed passed = new Passed();

  public AwayBoundStress() {
    bound.left();
  }

  @Actor
  public void queue() {
    bound.hold(passed, () -> {}, () -> false);
  }

  @Actor
  public void back() {
    bound.returned();
  }

  @Arbiter
  public void passed(I_Result r) {
    r.r1 = passed.count;
  }

  /** Counts what it is given to run. */
  static final class Passed implements ContinuationLoop {
    int count;

    @Override
    public void continuation(Runnable continuation) {
      count++; // once at most: who queues is one
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
}
