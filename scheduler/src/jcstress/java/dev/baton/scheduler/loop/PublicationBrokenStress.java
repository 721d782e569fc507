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
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * {@link PublicationStress} with a plain store of the status in place of the volatile one: the
 * compiler may move it before the writes it should publish.
 */
@JCStressTest
@Outcome(id = "-1", expect = ACCEPTABLE, desc = "Not taken")
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken, with what was written before")
@Outcome(id = "7", expect = ACCEPTABLE, desc = "Taken, with what the continuation wrote, too")
@Outcome(id = ".*", expect = ACCEPTABLE_INTERESTING, desc = "Caught: plain state not seen")
@State
public class PublicationBrokenStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS =
          MethodHandles.lookup().findVarHandle(PublicationBrokenStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Through STATUS
  @SuppressWarnings("UnusedVariable")
  private long status = StatusWord.ownedBy(1, 0);

  private int a;
  private int work;

  @Actor
  public void owner() {
    long inside = StatusWord.entered(StatusWord.ownedBy(1, 0));
    a = 1;
    STATUS.set(this, inside); // broken: plain
    a = 7 + mixed(work); // of the continuation itself: may or may not be seen
  }

  @Actor
  public void taker(I_Result r) {
    long seen = (long) STATUS.getVolatile(this);
    boolean taken =
        StatusWord.state(seen) == StatusWord.UNIT
            && STATUS.compareAndSet(this, seen, StatusWord.ownedBy(2, seen));
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
