package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TransactionResult;
import java.util.concurrent.RejectedExecutionException;

// google-java-format off
/*
 * How a loop passes to another enclave.
 *
 *   asked ── claim: the loop's owner in IO, between two units ──▶ claimed ── answer ──▶ answered
 *   asked ── withdraw: who has asked, tired of waiting ─────────▶ withdrawn       (TakeoverRequest)
 *
 * The owner that has claimed it
 *   1. makes a worker of the new enclave, which does not run yet, and has the new pool watch the
 *      loop's timer beside the old one: what fails here has changed nothing;
 *   2. writes what the loop belongs to: enclave, pool, queues                     (plain stores)
 *   3. passes the word to that worker, IO(old) to IO(new)                         (compare-and-set)
 *   4. starts that worker; if it cannot be started, undoes 3 and 2
 *   5. has the old pool watch no more, answers, and ends: its CPU is not the loop's any more.
 *
 * Whose standbys may take the loop. A standby reads the word, then the pool; the owner writes the
 * pool, then the word. One that has read a word from after 3 sees the new pool, and leaves the loop
 * alone unless that is its own. One that has read a word from before 3 fails at its compare-and-set,
 * since the word's number has grown; in IO it would not have tried.
 *
 * Nothing is lost or run twice. What waits in the loop's own queues passes with the word, as in any
 * takeover. What the loop has in queues of its old enclave belongs to no loop: units that it has given
 * away are run by whichever loop is left there, and one always is; handlers in its own queue are decided
 * anew when the policies of both enclaves are told who is there (PolicyHost.refit), and so are those
 * that were on their way into it. A handler that has its own enclave and comes to a loop that has
 * left it is sent on (TransferableEventLoop.isSentOn).
 *
 * Moves are carried out one after the other (Enclave.moveHere), each until it is answered.
 */
// google-java-format on
/** A loop's move to another enclave, wanted or carried out. */
final class LoopMove {
  private static final long WAIT_NANOS = 2_000_000_000;

  private final Enclave to;
  private final TakeoverRequest request = new TakeoverRequest(0);

  LoopMove(Enclave to) {
    this.to = to;
  }

  /**
   * Asks the loop's owner and waits for its answer. Any thread that drives no loop.
   *
   * @return {@link TransactionResult#NOT_RUNNABLE} if the loop ends; {@link
   *     TransactionResult#CPU_UNAVAILABLE} if its owner does not get to it, or the new enclave can
   *     start no worker
   */
  TransactionResult ask(TransferableEventLoop loop) {
    try {
      loop.request(this);
    } catch (RejectedExecutionException e) {
      return TransactionResult.NOT_RUNNABLE;
    }
    TransactionResult result = request.await(WAIT_NANOS);
    return result == null ? TransactionResult.CPU_UNAVAILABLE : result;
  }

  /** Another one is wanted before this one was carried out. */
  void refuse() {
    if (request.claim()) {
      request.answer(TransactionResult.STALE);
    }
  }

  /**
   * Passes {@code loop} on, if that is still wanted. Its owner in IO.
   *
   * @return true if the caller must not touch the loop any more, and shall end
   */
  boolean carryOut(TransferableEventLoop loop, Worker owner) {
    if (!request.claim()) {
      return false;
    }
    TransactionResult result = TransactionResult.CPU_UNAVAILABLE;
    try {
      result = loop.isStarted() ? pass(loop, owner) : TransactionResult.NOT_RUNNABLE;
    } finally {
      request.answer(result);
    }
    return result == TransactionResult.COMMITTED;
  }

  private TransactionResult pass(TransferableEventLoop loop, Worker owner) {
    Enclave from = loop.enclave();
    StandbyPool left = loop.pool();
    StandbyPool joined = to.poolToJoin();
    Worker next = to.newWorker(joined, loop);
    boolean passed = false;
    try {
      joined.adopt(loop.index(), loop.timer());
      try {
        to.join(loop);
        from.part(loop);
        loop.belongTo(to, joined);
        passed = loop.passOn(owner.id(), next.id());
        next.start();
      } catch (Throwable notStarted) {
        if (passed) {
          boolean _ = loop.passOn(next.id(), owner.id());
        }
        loop.belongTo(from, left);
        from.join(loop);
        to.part(loop);
        joined.release(loop.timer());
        throw notStarted;
      }
    } catch (Throwable notStarted) {
      to.ended(next);
      from.log("Loop " + loop.index() + " stays in enclave " + from.name(), notStarted);
      return TransactionResult.CPU_UNAVAILABLE;
    }
    left.release(loop.timer());
    return TransactionResult.COMMITTED;
  }
}
