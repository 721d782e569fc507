package dev.baton.scheduler.policy;

/**
 * Something that has happened in an enclave, for its policy.
 *
 * @param sequence grows by one with every message of the enclave that any policy hears, sent or
 *     lost
 * @param atNanos when it happened
 * @param loop index of the loop, -1 if it concerns none
 * @param worker id of the worker, -1 if it concerns none
 * @param handlerClass what that worker runs, or what became runnable: {@link HandlerClasses}
 * @param nanos see the kinds; 0 for the others
 */
public record Message(
    long sequence, long atNanos, Kind kind, int loop, int worker, int handlerClass, long nanos) {
  /** What has happened: the kernel's messages and the runtime's, as in ghOSt. */
  public enum Kind {
    /** A loop has begun. */
    LOOP_NEW,
    /** A loop has ended. */
    LOOP_DEAD,
    /** A worker has begun. */
    WORKER_NEW,
    /** A worker has ended. */
    WORKER_DEAD,
    /** A worker went to sleep inside a handler; its loop was taken from it. */
    BLOCKED,
    /** It has used up its slice; its loop was taken from it. */
    PREEMPTED,
    /** A worker that had lost its loop is back; nanos: for how long it was away. */
    WOKEN,
    /** A worker drives this loop now. */
    ON_CPU,
    /** A handler waits for a future, and has given up its thread's place. */
    YIELDED,
    /** A worker may run on other CPUs than before. */
    AFFINITY_CHANGED,
    /** A loop is about to sleep: nothing waits for it. Only of policies that queue handlers. */
    IDLE,
    /** Time has passed, {@link SchedulingPolicy#tickNanos}. */
    TICK,
    /** A handler waits in a queue; loop: which, or -1 for the shared one. */
    RUNNABLE,
    /** A handler has run; nanos: for how long. */
    DONE,
    /** Messages were lost, since there were too many; nanos: how many. Look at the status words. */
    LOST
  }
}
