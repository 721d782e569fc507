package dev.baton.stages;

import java.util.concurrent.Future;

/**
 * The context of one request: at most one thread at a time has the right to run in it. Implemented
 * by the server on its contexts.
 *
 * <p>The right can be passed to the worker of a stage: the holder calls {@link #handOff}; whoever
 * pulls the continuation from the stage's queue calls {@link #enter}, runs it, and calls {@link
 * #leave}.
 */
public interface RequestContext {
  /** Passes a continuation on. */
  interface HandOff {
    /**
     * Offers it to a queue. The right to run has been given up: on success not one more access.
     *
     * @return false if the queue is full
     */
    boolean offer();

    /** The queue was full; the caller has the right to run again. */
    void refused();
  }

  /**
   * Runs {@code task} in this context: at once if the caller is in it, else in turn. Any thread.
   */
  void submit(Runnable task);

  /**
   * Runs {@code task} where the events of the request come, which may be another context than this:
   * at once if the caller is there, else in turn. Any thread.
   */
  default void submitToSource(Runnable task) {
    submit(task);
  }

  /** Runs {@code task} in this context, after what waits there already. Any thread. */
  void defer(Runnable task);

  /** Once the running callback has returned, gives up the right and offers. In this context. */
  void handOff(HandOff next);

  /** Takes the right that was passed on. A worker of a stage. */
  void enter();

  /** Ends what {@link #enter} began, with a pending hand-off if there is one. The same worker. */
  void leave();

  /**
   * Whether the event loop of this context still belongs to the calling thread. In this context.
   */
  boolean keepsLoop();

  /** The event loop of this context, 0 … loops-1. */
  int loop();

  /** When the request arrived, of {@link System#nanoTime}; 0 if nobody looked. */
  long arrivalNanos();

  /**
   * Since when the request waits for the event loop alone, of {@link System#nanoTime}; 0 if nobody
   * looked. Later than its arrival if it has waited for other handlers of its deployment before.
   */
  default long queuedNanos() {
    return arrivalNanos();
  }

  /**
   * Has the calling thread, none of this context's, log under the request's name until it ends. A
   * stage's virtual thread.
   */
  default void showInLog() {}

  /** Runs {@code task} in this context after a delay. Any thread. */
  Future<?> schedule(Runnable task, long delayNanos);
}
