package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import dev.baton.scheduler.policy.StatusWord;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link SuspensionStress} with a look and a write in place of the owner's compare-and-set. */
@JCStressTest
@Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "Given up; the loop is still the owner's")
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Given up, then the loop was taken")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Taken before: the owner gives the channel back")
@Outcome(id = ".*", expect = ACCEPTABLE_INTERESTING, desc = "Caught: a channel nobody brings back")
@State
public class SuspensionBrokenStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS =
          MethodHandles.lookup().findVarHandle(SuspensionBrokenStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long INSIDE = StatusWord.entered(StatusWord.ownedBy(1, 0));

  private volatile long status = INSIDE;

  @Actor
  public void owner(II_Result r) {
    boolean mine = status == INSIDE;
    if (mine) {
      status = StatusWord.suspended(INSIDE); // broken: looks, then writes
    }
    r.r1 = mine ? 0 : 1;
  }

  @Actor
  public void taker(II_Result r) {
    long seen = status;
    boolean taken =
        StatusWord.isTakeable(seen)
            && STATUS.compareAndSet(this, seen, StatusWord.ownedBy(2, seen));
    r.r2 = !taken ? -1 : StatusWord.state(seen) == StatusWord.UNIT ? 1 : 0;
  }
}
