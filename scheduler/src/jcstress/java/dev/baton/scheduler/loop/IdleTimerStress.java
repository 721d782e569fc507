package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link SliceTimer#idle}: a standby notes that the timer has fired, then reads the status; the
 * owner publishes CONTINUATION, then reads whether the timer must be armed. r1: the standby arms
 * it; r2: the owner does.
 */
@JCStressTest
@Outcome(
    id = {"0, 1", "1, 0", "1, 1"},
    expect = ACCEPTABLE,
    desc = "The timer is armed")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "a continuation without a timer")
@State
public class IdleTimerStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(IdleTimerStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long OUTSIDE = LoopStatus.ownedBy(1, 0);

  private volatile long status = OUTSIDE;
  private volatile long nextPushNanos = 1;

  @Actor
  public void standby(II_Result r) {
    nextPushNanos = 0;
    r.r1 = LoopStatus.state(status) == LoopStatus.CONTINUATION ? 1 : 0;
  }

  @Actor
  public void owner(II_Result r) {
    STATUS.setVolatile(this, LoopStatus.entered(OUTSIDE));
    r.r2 = nextPushNanos == 0 ? 1 : 0;
  }
}
