package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link BlockingPoolStress} where who was called does not look again. */
@JCStressTest
@Outcome(
    id = {"1", "2"},
    expect = ACCEPTABLE,
    desc = "It runs")
@Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Caught: it waits, and nobody is called")
@State
public class BlockingPoolBrokenStress {
  private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean calling = new AtomicBoolean(true);
  private int started;
  private @Nullable Runnable seen;

  @Actor
  public void execute() {
    queue.add(() -> {});
    if (calling.compareAndSet(false, true)) {
      started++;
    }
  }

  @Actor
  public void called() {
    seen = queue.poll();
    calling.set(false); // broken: no second look
  }

  @Arbiter
  public void seen(I_Result r) {
    r.r1 = started + (seen == null ? 0 : 1);
  }
}
