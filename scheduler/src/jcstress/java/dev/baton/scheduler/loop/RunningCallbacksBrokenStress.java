package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link RunningCallbacksStress} where who begins to wait has looked before. */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It runs")
@Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Caught: it waits, and nothing runs")
@State
public class RunningCallbacksBrokenStress {
  private final AtomicInteger running = new AtomicInteger(1);
  private volatile boolean waits;
  private boolean asked;
  private int ran;

  @Actor
  public void channel() {
    if (running.get() == 0) {
      ran++;
    } else {
      waits = true; // broken: no look after it
    }
  }

  @Actor
  public void worker() {
    asked = running.decrementAndGet() == 0 && waits;
  }

  @Arbiter
  public void ran(I_Result r) {
    r.r1 = asked ? ran + 1 : ran;
  }
}
