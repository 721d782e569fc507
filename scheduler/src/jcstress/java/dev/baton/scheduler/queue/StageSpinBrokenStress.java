package dev.baton.scheduler.queue;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link StageSpinStress} with a spinner that does not look again once it has stopped. */
@JCStressTest
@Outcome(id = "0, [012]", expect = ACCEPTABLE, desc = "Loop 0 is awake and will look")
@Outcome(id = "[12], [12]", expect = ACCEPTABLE, desc = "Somebody was woken")
@Outcome(id = "[12], 0", expect = ACCEPTABLE_INTERESTING, desc = "Caught: asleep with work waiting")
@State
public class StageSpinBrokenStress {
  private static final VarHandle SPINNING;

  static {
    try {
      SPINNING =
          MethodHandles.privateLookupIn(StageQueue.class, MethodHandles.lookup())
              .findVarHandle(StageQueue.class, "spinning", AtomicInteger.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final StageQueue queue = new StageQueue(2, 2);
  private final AtomicInteger woken = new AtomicInteger();

  public StageSpinBrokenStress() {
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
    ((AtomicInteger) SPINNING.get(queue)).set(0); // broken: does not look
    r.r1 = queue.poll(0) != null ? 1 : queue.park(0) ? 2 : 0;
  }

  @Arbiter
  public void after(II_Result r) {
    r.r2 = woken.get();
  }
}
