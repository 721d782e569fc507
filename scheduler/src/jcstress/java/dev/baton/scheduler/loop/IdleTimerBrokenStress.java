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

/** {@link IdleTimerStress} with the volatile store of UNIT replaced by a release store. */
@JCStressTest
@Outcome(
    id = {"0, 1", "1, 0", "1, 1"},
    expect = ACCEPTABLE,
    desc = "The timer is armed")
@Outcome(
    id = "0, 0",
    expect = ACCEPTABLE_INTERESTING,
    desc = "Caught: a continuation without a timer")
@State
public class IdleTimerBrokenStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS =
          MethodHandles.lookup().findVarHandle(IdleTimerBrokenStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long OUTSIDE = StatusWord.ownedBy(1, 0);

  private volatile long status = OUTSIDE;
  private volatile long nextPushNanos = 1;

  @Actor
  public void standby(II_Result r) {
    nextPushNanos = 0;
    r.r1 = StatusWord.state(status) == StatusWord.UNIT ? 1 : 0;
  }

  @Actor
  public void owner(II_Result r) {
    STATUS.setRelease(this, StatusWord.entered(OUTSIDE)); // broken: no fence
    r.r2 = nextPushNanos == 0 ? 1 : 0;
  }
}
