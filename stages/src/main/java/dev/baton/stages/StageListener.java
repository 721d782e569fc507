package dev.baton.stages;

/**
 * Hears how continuations leave one stage. Called by the thread that ran it, in the middle of a
 * request: no blocking, no allocation.
 */
@FunctionalInterface
public interface StageListener {
  /**
   * A continuation leaves the stage.
   *
   * @param outcome how
   * @param queueWaitNanos from when it could have run in this stage until it did, or was dropped
   * @param serviceNanos from then until it left, suspensions included; 0 if it was not run
   */
  void onStage(StageOutcome outcome, long queueWaitNanos, long serviceNanos);

  /** Makes the listeners of a pipeline's stages, when it is bound. */
  @FunctionalInterface
  interface Factory {
    StageListener listenerOf(String pipeline, String stage);
  }
}
