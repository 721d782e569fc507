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
import org.openjdk.jcstress.infra.results.III_Result;

/** {@link OwnershipStress} with a look and a write in place of the owner's compare-and-set. */
@JCStressTest
@Outcome(id = "1, 0, -1", expect = ACCEPTABLE, desc = "The owner kept the loop")
@Outcome(id = "0, 1, 7", expect = ACCEPTABLE, desc = "Taken, with all the owner had written")
@Outcome(id = ".*", expect = ACCEPTABLE_INTERESTING, desc = "Caught: two owners")
@State
public class OwnershipBrokenStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS =
          MethodHandles.lookup().findVarHandle(OwnershipBrokenStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long status = StatusWord.ownedBy(1, 0);
  private int plain;

  @Actor
  public void owner(III_Result r) {
    plain = 7;
    long inside = StatusWord.entered(status);
    STATUS.setVolatile(this, inside);
    boolean mine = status == inside;
    if (mine) {
      status = StatusWord.left(inside); // broken: looks, then writes
    }
    r.r1 = mine ? 1 : 0;
  }

  @Actor
  public void taker(III_Result r) {
    long seen = status;
    boolean taken =
        StatusWord.state(seen) == StatusWord.UNIT
            && STATUS.compareAndSet(this, seen, StatusWord.ownedBy(2, seen));
    r.r2 = taken ? 1 : 0;
    r.r3 = taken ? plain : -1;
  }
}
