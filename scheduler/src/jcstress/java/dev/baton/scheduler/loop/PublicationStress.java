package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Plain state that the owner writes in IO is all seen by who takes the loop: written before the
 * volatile store of CONTINUATION, read after the compare-and-set. r1: the field as seen, -1 if not
 * taken.
 */
@JCStressTest
@Outcome(id = "-1", expect = ACCEPTABLE, desc = "Not taken")
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken, with what was written before")
@Outcome(id = "7", expect = ACCEPTABLE, desc = "Taken, with what the continuation wrote, too")
@Outcome(id = ".*", expect = FORBIDDEN, desc = "Plain state not seen")
@State
public class PublicationStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(PublicationStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Through STATUS
  @SuppressWarnings("UnusedVariable")
  private long status = LoopStatus.ownedBy(1, 0);

  private int a;
  private int work;

  @Actor
  public void owner() {
    long inside = LoopStatus.entered(LoopStatus.ownedBy(1, 0));
    a = 1;
    STATUS.setVolatile(this, inside);
    a = 7 + mixed(work); // of the continuation itself: may or may not be seen
  }

  @Actor
  public void taker(I_Result r) {
    long seen = (long) STATUS.getVolatile(this);
    boolean taken =
        LoopStatus.state(seen) == LoopStatus.CONTINUATION
            && STATUS.compareAndSet(this, seen, LoopStatus.ownedBy(2, seen));
    r.r1 = taken ? a : -1;
  }

  /** What a continuation computes, 0 for 0: time for the stores around it to change places. */
  private static int mixed(int x) {
    for (int i = 0; i < 8; i++) {
      x = (x ^ x >>> 15) * 0x2c1b3c6d;
    }
    return x;
  }
}
