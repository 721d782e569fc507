package dev.baton.scheduler.queue;

import java.util.ArrayDeque;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * What one event loop may run next: a plain deque for the continuations its owner adds itself, a
 * multi-producer queue for everybody else's, if the loop serves a stage, the queue that it pulls
 * from together with its peers, and new work, which comes after what is under way.
 *
 * <p>{@link #addLocal}, {@link #addNew}, the polls and {@link #isEmpty} are for the loop's owner in
 * state IO. The deques need no fences of their own: they pass from owner to owner with the
 * compare-and-set of the loop's status word. {@link #addShared} and {@link #size} are for any
 * thread.
 */
public final class RunQueue {
  private static final int CHUNK = 256;

  /**
   * Of so many polls one looks at the shared queue first, one at the stage's and one at new work,
   * so that none of them starves the others.
   */
  private static final int TURNS = 8;

  private static final int SHARED_TURN = 0;
  private static final int STAGE_TURN = 4;
  private static final int NEW_TURN = 6;

  private final @Nullable StageQueue stage;
  private final int loop;

  // Written by the owner only
  private final ArrayDeque<Runnable> local = new ArrayDeque<>(CHUNK);
  private final ArrayDeque<Runnable> fresh = new ArrayDeque<>(CHUNK);
  private int polls;

  // Written by any thread
  private final MpscUnboundedVarHandleArrayQueue<Runnable> shared =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);

  /** A queue of a loop that serves no stage. */
  public RunQueue() {
    this(null, 0);
  }

  /**
   * An empty queue.
   *
   * @param stage what the loop pulls from, null if it serves no stage
   * @param loop the loop's index
   */
  public RunQueue(@Nullable StageQueue stage, int loop) {
    this.stage = stage;
    this.loop = loop;
  }

  /** Adds at the tail. The loop's owner in state IO. */
  public void addLocal(Runnable continuation) {
    local.add(continuation);
  }

  /** Adds new work, at the tail of such. The loop's owner in state IO. */
  public void addNew(Runnable continuation) {
    fresh.add(continuation);
  }

  /** Adds at the tail. Any thread. */
  public void addShared(Runnable continuation) {
    shared.add(continuation);
  }

  /** The next continuation, as a rule its own before the stage's, or null. */
  public @Nullable Runnable poll() {
    Runnable next =
        switch (++polls % TURNS) {
          case SHARED_TURN -> pollShared();
          case STAGE_TURN -> pollStage();
          case NEW_TURN -> pollNew();
          default -> null;
        };
    if (next == null) {
      next = pollLocal();
    }
    if (next == null) {
      next = pollShared();
    }
    if (next == null) {
      next = pollStage();
    }
    return next != null ? next : pollNew();
  }

  /** The next continuation that the owner added, or null. */
  public @Nullable Runnable pollLocal() {
    return insteadOfTheStages(local.poll());
  }

  /** The next continuation that another thread added, or null. */
  public @Nullable Runnable pollShared() {
    return insteadOfTheStages(shared.poll());
  }

  private @Nullable Runnable pollNew() {
    return insteadOfTheStages(fresh.poll());
  }

  /** What waits in the stage shall not wait behind {@code own}, if a peer sleeps. */
  private @Nullable Runnable insteadOfTheStages(@Nullable Runnable own) {
    StageQueue s = stage;
    if (own != null && s != null) {
      s.passOn();
    }
    return own;
  }

  /** The next of the loop's own, or null. */
  public @Nullable Runnable pollOwn() {
    Runnable next = local.poll();
    if (next == null) {
      next = shared.poll();
    }
    return next != null ? next : fresh.poll();
  }

  /** Whether {@link #pollOwn} would return null. */
  public boolean isOwnEmpty() {
    return local.isEmpty() && shared.isEmpty() && fresh.isEmpty();
  }

  /** The next continuation of the stage, or null. */
  public @Nullable Runnable pollStage() {
    StageQueue s = stage;
    return s == null ? null : s.poll(loop);
  }

  /** Whether {@link #poll} would return null. */
  public boolean isEmpty() {
    StageQueue s = stage;
    return isOwnEmpty() && (s == null || s.isEmpty());
  }

  /** The number of the loop's own continuations; an estimate off the owner's thread. */
  public int size() {
    return local.size() + shared.size() + fresh.size();
  }
}
