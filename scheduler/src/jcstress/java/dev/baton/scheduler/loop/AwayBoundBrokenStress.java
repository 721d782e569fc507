package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link AwayBoundStress} where who queues does not ask once more. */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "It runs")
@Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Caught: it waits, and nobody is away")
@State
public class AwayBoundBrokenStress {
  private final AtomicInteger away = new AtomicInteger(1);
  private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private int passed;

  @Actor
  public void queue() {
    if (away.get() == 0) {
      passed++;
    } else {
      waiting.add(() -> passed++); // broken: no second look
    }
  }

  @Actor
  public void back() {
    away.getAndDecrement();
    Runnable next = waiting.poll();
    if (next != null) {
      next.run();
    }
  }

  @Arbiter
  public void passed(I_Result r) {
    r.r1 = passed;
  }
}
