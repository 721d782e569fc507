package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Plain state that the owner writes in IO is all seen by who takes the loop: written before {@link
 * OwnershipWord#enter}, read after {@link OwnershipWord#tryTake}. r1: the field as seen, -1 if not
 * taken.
 */
@JCStressTest
@Outcome(id = "-1", expect = ACCEPTABLE, desc = "Not taken")
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Taken, with what was written before")
@Outcome(id = "7", expect = ACCEPTABLE, desc = "Taken, with what the unit wrote, too")
@Outcome(id = ".*", expect = FORBIDDEN, desc = "Plain state not seen")
@State
public class PublicationStress {
  private final OwnershipWord word = new OwnershipWord();
  private int a;
  private int work;

  public PublicationStress() {
    word.assign(1);
  }

  @Actor
  public void owner() {
    a = 1;
    long _ = word.enter();
    a = 7 + mixed(work); // of the unit itself: may or may not be seen
  }

  @Actor
  public void taker(I_Result r) {
    r.r1 = word.tryTake(word.get(), 2) ? a : -1;
  }

  /** What a unit computes, 0 for 0: time for the stores around it to change places. */
  private static int mixed(int x) {
    for (int i = 0; i < 8; i++) {
      x = (x ^ x >>> 15) * 0x2c1b3c6d;
    }
    return x;
  }
}
