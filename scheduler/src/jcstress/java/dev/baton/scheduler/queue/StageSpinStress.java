package dev.baton.scheduler.queue;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Two continuations come while loop 0 stops spinning and takes one, or goes to sleep if there is
 * none; loop 1 sleeps. r1: loop 0 is awake (0), busy with one (1), asleep (2); r2: who was woken.
 */
@JCStressTest
@Outcome(id = "0, [012]", expect = ACCEPTABLE, desc = "Loop 0 is awake and will look")
@Outcome(id = "[12], [12]", expect = ACCEPTABLE, desc = "Somebody was woken")
@Outcome(id = "[12], 0", expect = FORBIDDEN, desc = "asleep with work waiting")
@State
public class StageSpinStress {
  private final StageQueue queue = new StageQueue(2, 2);
  private final AtomicInteger woken = new AtomicInteger();

  public StageSpinStress() {
    queue.attach(0, woken::getAndIncrement);
    queue.attach(1, woken::getAndIncrement);
    boolean _ = queue.park(1);
    boolean _ = queue.startSpinning();
  }

  @Actor
  public void producer() {
    queue.offer(() -> {});
    queue.offer(() -> {});
  }

  @Actor
  public void spinner(II_Result r) {
    queue.stopSpinning();
    r.r1 = queue.poll(0) != null ? 1 : queue.park(0) ? 2 : 0;
  }

  @Arbiter
  public void after(II_Result r) {
    r.r2 = woken.get();
  }
}
