package dev.baton.scheduler.queue;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A producer offers while the only loop goes to sleep: it lets itself be woken, says that it will
 * sleep, and looks. r1: it sleeps; r2: nobody has woken it.
 */
@JCStressTest
@Outcome(
    id = {"0, 0", "0, 1"},
    expect = ACCEPTABLE,
    desc = "It has seen the continuation")
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "It was woken")
@Outcome(id = "1, 1", expect = FORBIDDEN, desc = "asleep with work waiting")
@State
public class StageSleepStress {
  private final StageQueue queue = new StageQueue(2, 1);
  private volatile int unsignalled;

  public StageSleepStress() {
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
    r.r1 = empty && queue.park(0) ? 1 : 0;
  }

  @Arbiter
  public void after(II_Result r) {
    r.r2 = unsignalled;
  }
}
