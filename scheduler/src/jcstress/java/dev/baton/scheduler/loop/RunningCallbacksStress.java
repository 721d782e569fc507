package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * {@link RunningCallbacks}: the last one ends while the channel begins to wait for that. r1: how
 * often what waits has run, once the channel has done what it was asked for.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It runs")
@Outcome(id = "0", expect = FORBIDDEN, desc = "it waits, and nothing runs")
@State
public class RunningCallbacksStress {
  private final RunningCallbacks callbacks = new RunningCallbacks(task -> asked = task);
  private @Nullable Runnable asked;
  private int ran;

  public RunningCallbacksStress() {
    callbacks.begin();
  }

  @Actor
  public void channel() {
    callbacks.afterAll(() -> ran++);
  }

  @Actor
  public void worker() {
    callbacks.end();
  }

  @Arbiter
  public void ran(I_Result r) {
    if (asked != null) {
      asked.run();
    }
    r.r1 = ran;
  }
}
