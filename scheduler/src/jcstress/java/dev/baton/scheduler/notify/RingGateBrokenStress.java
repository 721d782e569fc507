package dev.baton.scheduler.notify;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;

/** {@link RingGateStress} with no fence between the taker's store and its second look. */
@JCStressTest
@Outcome(id = "0", expect = ACCEPTABLE, desc = "The gate is shut")
@Outcome(expect = ACCEPTABLE_INTERESTING, desc = "it is open: nobody knows how far")
@State
public class RingGateBrokenStress {
  private final KernelRing kernel = new KernelRing();

  @Actor
  public void taker() {
    kernel.muteWithoutFence();
  }

  @Actor
  public void worker() {
    kernel.workerIsBack();
  }

  @Arbiter
  public void space(J_Result r) {
    r.r1 = kernel.space();
  }
}
