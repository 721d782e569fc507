package dev.baton.scheduler.policy;

/**
 * What a policy sees of its enclave, and how it commits decisions. The status words are the truth:
 * whatever a policy remembers may have changed, and a decision that is based on an older word is
 * answered {@link TransactionResult#STALE}.
 *
 * <p>The readers are for any thread, the transactions for the agent's.
 */
public interface Agent {
  /** How many loops there are; their indices are 0 … loops-1. */
  int loops();

  /** How many CPUs there are. */
  int cpus();

  /** Which of them a loop's workers are bound to, from 0. */
  int cpuOf(int loop);

  /** The status word of a loop, {@link StatusWord}. */
  long status(int loop);

  /** Whether a loop sleeps, or is about to, with nothing to do. */
  boolean isIdle(int loop);

  /**
   * How many handlers wait; an estimate.
   *
   * @param queue a loop, or {@link SchedulingPolicy#SHARED}
   */
  int waiting(int queue);

  /** What is known of classes of handlers. */
  HandlerClasses classes();

  /** How many messages were lost so far. */
  long lostMessages();

  /**
   * Has a loop that is idle run the first handler of the shared queue.
   *
   * @param seen the loop's word that this is based on
   * @return {@link TransactionResult#NOT_RUNNABLE} if nothing waits there; {@link
   *     TransactionResult#STALE} if the loop is not idle any more
   */
  TransactionResult run(int loop, long seen);

  /**
   * Has a standby take a loop from its owner, which is inside a handler and keeps that.
   *
   * @param seen the loop's word that this is based on
   * @return {@link TransactionResult#NOT_RUNNABLE} if the owner is not inside a handler; {@link
   *     TransactionResult#CPU_UNAVAILABLE} if no standby waits
   */
  TransactionResult takeOver(int loop, long seen);
}
