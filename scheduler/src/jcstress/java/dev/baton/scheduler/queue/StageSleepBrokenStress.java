package dev.baton.scheduler.queue;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link StageSleepStress} with a release store in place of the atomic "or": nothing keeps the
 * loop's look at the queue behind it.
 */
@JCStressTest
@Outcome(
    id = {"0, 0", "0, 1"},
    expect = ACCEPTABLE,
    desc = "It has seen the continuation")
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "It was woken")
@Outcome(id = "1, 1", expect = ACCEPTABLE_INTERESTING, desc = "Caught: asleep with work waiting")
@State
public class StageSleepBrokenStress {
  private static final VarHandle BITS = MethodHandles.arrayElementVarHandle(long[].class);

  private final StageQueue queue = new StageQueue(2, 1);
  private volatile int unsignalled;

  public StageSleepBrokenStress() {
    queue.attach(0, () -> unsignalled = 0);
  }

  @Actor
  public void producer() {
    queue.offer(() -> {});
  }

  @Actor
  public void loop(II_Result r) {
    boolean empty = queue.isEmpty(); // as in its turn; and the look to come is a fast one
    unsignalled = 1;
    BITS.setRelease(queue.idle.bits, 0, 1L); // broken: no fence
    r.r1 = empty && queue.isEmpty() ? 1 : 0;
  }

  @Arbiter
  public void after(II_Result r) {
    r.r2 = unsignalled;
  }
}
