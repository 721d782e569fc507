package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import dev.baton.scheduler.policy.StatusWord;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link WakeUpStress} with the owner's compare-and-set replaced by a release store: nothing keeps
 * its look at the queue behind it.
 */
@JCStressTest
@Outcome(
    id = {"0, 1", "1, 0", "1, 1"},
    expect = ACCEPTABLE,
    desc = "The task is seen or signalled")
@Outcome(id = "0, 0", expect = ACCEPTABLE_INTERESTING, desc = "Caught: the owner sleeps on a task")
@State
public class WakeUpBrokenStress {
  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(WakeUpBrokenStress.class, "status", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long INSIDE = StatusWord.entered(StatusWord.ownedBy(1, 0));

  private volatile long status = INSIDE;
  private final MpscUnboundedVarHandleArrayQueue<Integer> tasks =
      new MpscUnboundedVarHandleArrayQueue<>(2);

  @Actor
  public void producer(II_Result r) {
    tasks.add(1);
    r.r1 = StatusWord.state(status) == StatusWord.UNIT ? 0 : 1;
  }

  @Actor
  public void owner(II_Result r) {
    r.r2 = tasks.isEmpty() ? 0 : 1; // as after its turn; and the look to come is a fast one
    STATUS.setRelease(this, StatusWord.left(INSIDE)); // broken: no fence
    r.r2 |= tasks.isEmpty() ? 0 : 1;
  }
}
