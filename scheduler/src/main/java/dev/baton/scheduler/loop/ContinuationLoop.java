package dev.baton.scheduler.loop;

import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** An event loop that changes hands, as executors on top of it see it. */
public interface ContinuationLoop {
  /** A callback that holds back what comes next of the channel that has brought it. */
  interface Hold extends Runnable {
    /** Ends the hold before the callback has run: it is about to wait. Whoever runs it. */
    void release();
  }

  /**
   * Adds a continuation: code of users, run in state CONTINUATION by whoever owns this loop then.
   * Any thread. Continuations that one thread adds run in that order, unless another one's slip in
   * between.
   *
   * @throws RejectedExecutionException after shutdown
   */
  void continuation(Runnable continuation);

  /** As {@link #continuation}, for new work: what is under way comes first. */
  default void newWork(Runnable continuation) {
    continuation(continuation);
  }

  /**
   * Whether handlers of some requests go to {@link #handler}: the policy orders them, or they run
   * in an enclave of their own choice. Any thread.
   */
  default boolean queuesHandlers() {
    return false;
  }

  /** Whether those of this class do. Any thread. */
  default boolean queuesHandlers(int handlerClass) {
    return queuesHandlers();
  }

  /** Whether those of this class run in another enclave than this loop's. Any thread. */
  default boolean isPlaced(int handlerClass) {
    return false;
  }

  /**
   * Adds the handler of a request, to be run when the policy says. Any thread; its channel is held.
   *
   * @param handlerClass its class, {@link dev.baton.scheduler.policy.HandlerClasses}
   * @param deadlineNanos when it must have answered, {@link System#nanoTime}
   */
  default void handler(Runnable continuation, int handlerClass, long deadlineNanos) {
    continuation(continuation);
  }

  /** Whether new work must wait for a standby: then it goes to {@link #hold}. Any thread. */
  default boolean isHoldingBack() {
    return false;
  }

  /** Where places for what {@link #hold} keeps are counted; it asks for none itself. */
  default WaitingRoom room() {
    throw new IllegalStateException("nothing is held back here");
  }

  /** Adds new work, to be run when there are standbys again. Any thread. */
  default void hold(Runnable continuation) {
    continuation(continuation);
  }

  /** Runs {@code look}, which is short and of no user, in {@code nanos}. Any thread. */
  default void later(Runnable look, long nanos) {
    throw new IllegalStateException("nothing is timed here");
  }

  /** The channel whose events the calling thread passes on; null if it passes on none. */
  default @Nullable Object source() {
    return null;
  }

  /** Whether something that this channel has brought before still waits. */
  default boolean isHeld(Object source) {
    return false;
  }

  /**
   * Runs {@code next} when nothing that this channel has brought before waits any more: its
   * callbacks run in order, also those of different contexts.
   */
  default void afterHold(Object source, Runnable next) {
    throw new IllegalStateException("source=" + source + ": it is not held");
  }

  /**
   * Holds back what comes next of a channel, for a callback that it has brought and that must wait.
   *
   * @param source what {@link #source} was when the callback came
   * @return what to run in its place, a {@link Hold}; itself if the calling thread is not inside
   *     that channel
   */
  default Runnable holdSource(Object source, Runnable callback) {
    return callback;
  }

  /** Whether what this channel brings now may run only inside it. Inside it. */
  default boolean runsInsideOnly(Object source) {
    return false;
  }

  /** Whether the calling thread is inside this channel. */
  default boolean isInside(Object source) {
    return true;
  }

  /** As {@link #continuation}, inside a channel. Any thread. */
  default void continuationInside(Object source, Runnable continuation) {
    continuation(continuation);
  }

  /**
   * Whether the calling thread may run one more callback now: it has its loop still, or passes on
   * events of the channel that has brought the callback. Inside a continuation.
   *
   * @param token {@link #token} at the start of the continuation
   * @param source what {@link #source} was when the callback was added
   */
  default boolean mayGoOn(long token, @Nullable Object source) {
    return isStillOwned(token);
  }

  /**
   * Has a thread that may block run {@code ahead}, away from this loop from the start. Whoever runs
   * a unit of this loop.
   *
   * @return false if too many run so: then it is to run right here
   */
  default boolean startAhead(Ahead ahead) {
    return false;
  }

  /** Whether the continuation may wait: others take the loop meanwhile. Inside a continuation. */
  default boolean maySuspend() {
    return true;
  }

  /** The continuation is about to wait. Inside it. */
  default void suspend() {}

  /**
   * {@link System#nanoTime}; when its turn began if the calling thread runs a unit, and no
   * continuation in it. Any thread.
   */
  default long clockNanos() {
    return System.nanoTime();
  }

  /** What {@link #isStillOwned} compares with. Inside a continuation. */
  long token();

  /**
   * Whether the loop that the calling thread last drove is still its own: false once it was taken.
   * For executors that run several callbacks in one continuation.
   *
   * @param seen {@link #token} at the start of the continuation
   */
  boolean isStillOwned(long seen);
}
