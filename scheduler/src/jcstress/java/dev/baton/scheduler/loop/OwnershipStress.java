package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * {@link OwnershipWord}: the owner enters and leaves; a taker takes. r1: the owner kept the loop;
 * r2: the taker got it; r3: the plain state as the taker saw it, -1 if it did not get the loop.
 */
@JCStressTest
@Outcome(id = "1, 0, -1", expect = ACCEPTABLE, desc = "The owner kept the loop")
@Outcome(id = "0, 1, 7", expect = ACCEPTABLE, desc = "Taken, with all the owner had written")
@Outcome(id = ".*", expect = FORBIDDEN, desc = "Two owners, none, or plain state not seen")
@State
public class OwnershipStress {
  private final OwnershipWord word = new OwnershipWord();
  private int plain;

  public OwnershipStress() {
    word.assign(1);
  }

  @Actor
  public void owner(III_Result r) {
    plain = 7;
    r.r1 = word.leave(word.enter()) ? 1 : 0;
  }

  @Actor
  public void taker(III_Result r) {
    boolean taken = word.tryTake(word.get(), 2);
    r.r2 = taken ? 1 : 0;
    r.r3 = taken ? plain : -1;
  }
}
