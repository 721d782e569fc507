package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.baton.scheduler.policy.StatusWord;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The wake-up: a producer adds to the queue, then reads the status, and signals unless the loop
 * runs a unit; the owner leaves it, then reads the queue before it sleeps. r1: the producer
 * signals; r2: the owner sees the task.
 */
@JCStressTest
@Outcome(
    id = {"0, 1", "1, 0", "1, 1"},
    expect = ACCEPTABLE,
    desc = "The task is seen or signalled")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "the owner sleeps on a task")
@State
public class WakeUpStress {
  private final OwnershipWord word = new OwnershipWord();
  private final long inside;
  private final MpscUnboundedVarHandleArrayQueue<Integer> tasks =
      new MpscUnboundedVarHandleArrayQueue<>(2);

  public WakeUpStress() {
    word.assign(1);
    inside = word.enter();
  }

  @Actor
  public void producer(II_Result r) {
    tasks.add(1);
    r.r1 = StatusWord.isTakeable(word.get()) ? 0 : 1;
  }

  @Actor
  public void owner(II_Result r) {
    r.r2 = tasks.isEmpty() ? 0 : 1; // as after its turn; and the look to come is a fast one
    boolean _ = word.leave(inside);
    r.r2 |= tasks.isEmpty() ? 0 : 1;
  }
}
