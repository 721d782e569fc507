package dev.baton.scheduler.policy;

/** Why a loop changed hands. */
public enum TakeoverCause {
  /** The owner sleeps inside a continuation. */
  BLOCKED,
  /** The owner computes longer than its slice. */
  HOG,
  /** The owner's thread has ended. */
  WORKER_DIED
}
