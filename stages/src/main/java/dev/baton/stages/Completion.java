package dev.baton.stages;

/**
 * Who waits for the end of a continuation. Called by the thread that has the right to run in the
 * request's context.
 *
 * @param <O> what comes out of the pipeline
 */
public interface Completion<O> {
  /** Whether nobody waits any more: what has not begun need not. */
  boolean isCancelled();

  /** The pipeline's result. */
  void completed(O result);

  /**
   * The pipeline has no result.
   *
   * @param stage where it ended
   */
  void failed(Throwable failure, String stage);
}
