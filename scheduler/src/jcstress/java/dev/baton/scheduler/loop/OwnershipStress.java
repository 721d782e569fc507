package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * The status word: the owner publishes CONTINUATION and compares-and-sets back to IO; a taker
 * compares-and-sets to itself. r1: the owner kept the loop; r2: the taker got it; r3: the plain
 * state as the taker saw it, -1 if it did not get the loop.
 */
@JCStressTest
@Outcome(id = "1, 0, -1", expect = ACCEPTABLE, desc = "The owner kept the loop")
@Outcome(id = "0, 1, 7", expect = ACCEPTABLE, desc = "Taken, with all the owner had written")
@Outcome(id = ".*", expect = FORBIDDEN, desc = "Two owners, none, or plain state not seen")
@State
public class OwnershipStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(OwnershipStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long status = LoopStatus.ownedBy(1, 0);
  private int plain;

  @Actor
  public void owner(III_Result r) {
    plain = 7;
    long inside = LoopStatus.entered(status);
    STATUS.setVolatile(this, inside);
    r.r1 = STATUS.compareAndSet(this, inside, LoopStatus.left(inside)) ? 1 : 0;
  }

  @Actor
  public void taker(III_Result r) {
    long seen = status;
    boolean taken =
        LoopStatus.state(seen) == LoopStatus.CONTINUATION
            && STATUS.compareAndSet(this, seen, LoopStatus.ownedBy(2, seen));
    r.r2 = taken ? 1 : 0;
    r.r3 = taken ? plain : -1;
  }
}
