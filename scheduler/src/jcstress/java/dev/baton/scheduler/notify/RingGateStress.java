package dev.baton.scheduler.notify;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;

/**
 * {@link PerfEventNotifier.Ring}: who has taken a loop mutes the worker that has lost it, while
 * that one comes back. r1: bytes that the kernel may still write.
 */
@JCStressTest
@Outcome(id = "0", expect = ACCEPTABLE, desc = "The gate is shut")
@Outcome(expect = FORBIDDEN, desc = "it is open: nobody knows how far")
@State
public class RingGateStress {
  private final KernelRing kernel = new KernelRing();

  @Actor
  public void taker() {
    kernel.ring.mute();
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
