package dev.baton.scheduler.queue;

/**
 * Where the continuations of a partitioned stage wait for a loop: a queue of its own, or those of
 * an enclave. Bounded by what is inside the stage: waiting, running and suspended continuations.
 * Any thread.
 */
public interface StagePlace {
  /**
   * Adds a continuation that enters the stage.
   *
   * @return false if the stage is full; nothing changed
   */
  boolean offer(Runnable continuation);

  /**
   * Adds a continuation that is inside the stage already.
   *
   * @param loop where it ran before
   */
  void resume(Runnable continuation, int loop);

  /** A continuation leaves the stage: its slot is free. */
  void leave();

  /** The continuations inside the stage: waiting, running and suspended ones. */
  int inside();

  /** The continuations that wait; an estimate. */
  int waiting();

  /** How often a sleeping loop was woken for this stage alone, since the start. */
  long wakeUps();
}
