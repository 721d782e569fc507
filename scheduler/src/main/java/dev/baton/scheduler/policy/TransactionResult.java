package dev.baton.scheduler.policy;

/** What became of a decision that was based on a status word. */
public enum TransactionResult {
  /** It is done. */
  COMMITTED,
  /** The word has changed since: look again. Nothing was done. */
  STALE,
  /** There is nothing to run there, or nothing that could be taken. Nothing was done. */
  NOT_RUNNABLE,
  /** No worker is left there to do it. Nothing was done. */
  CPU_UNAVAILABLE
}
