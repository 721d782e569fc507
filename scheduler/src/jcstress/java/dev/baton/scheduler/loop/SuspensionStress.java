package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.baton.scheduler.policy.StatusWord;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link OwnershipWord#suspend}: the owner gives up the channel of its unit while a taker takes the
 * loop. Exactly one of them is to bring the channel back. r1: the owner does; r2: whether the taker
 * has detached it, -1 if it did not get the loop.
 */
@JCStressTest
@Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "Given up; the loop is still the owner's")
@Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Given up, then the loop was taken")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Taken before: the owner gives the channel back")
@Outcome(id = ".*", expect = FORBIDDEN, desc = "A channel that nobody brings back, or two")
@State
public class SuspensionStress {
  private final OwnershipWord word = new OwnershipWord();
  private final long inside;

  public SuspensionStress() {
    word.assign(1);
    inside = word.enter();
  }

  @Actor
  public void owner(II_Result r) {
    r.r1 = word.suspend(inside) == OwnershipWord.LOST ? 1 : 0;
  }

  @Actor
  public void taker(II_Result r) {
    long seen = word.get();
    boolean taken = word.tryTake(seen, 2);
    r.r2 = !taken ? -1 : StatusWord.state(seen) == StatusWord.UNIT ? 1 : 0;
  }
}
