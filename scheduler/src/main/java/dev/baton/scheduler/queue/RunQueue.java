package dev.baton.scheduler.queue;

import java.util.ArrayDeque;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The continuations that wait for one event loop: a plain deque for those the owner adds itself,
 * and a multi-producer queue for everybody else's.
 *
 * <p>{@link #addLocal}, {@link #poll}, {@link #pollLocal}, {@link #pollShared} and {@link #isEmpty}
 * are for the loop's owner in state IO. The deque needs no fences of its own: it passes from owner
 * to owner with the compare-and-set of the loop's status word. {@link #addShared} and {@link #size}
 * are for any thread.
 */
public final class RunQueue {
  private static final int CHUNK = 256;

  /** Every eighth poll looks at the shared queue first, so that neither side starves the other. */
  private static final int SHARED_TURN = 8;

  // Written by the owner only
  private final ArrayDeque<Runnable> local = new ArrayDeque<>(CHUNK);
  private int polls;

  // Written by any thread
  private final MpscUnboundedVarHandleArrayQueue<Runnable> shared =
      new MpscUnboundedVarHandleArrayQueue<>(CHUNK);

  /** Adds at the tail. The loop's owner in state IO. */
  public void addLocal(Runnable continuation) {
    local.add(continuation);
  }

  /** Adds at the tail. Any thread. */
  public void addShared(Runnable continuation) {
    shared.add(continuation);
  }

  /** The next continuation, first in first out within each side, or null. */
  public @Nullable Runnable poll() {
    if (++polls % SHARED_TURN == 0) {
      Runnable next = shared.poll();
      return next != null ? next : local.poll();
    }
    Runnable next = local.poll();
    return next != null ? next : shared.poll();
  }

  /** The next continuation that the owner added, or null. */
  public @Nullable Runnable pollLocal() {
    return local.poll();
  }

  /** The next continuation that another thread added, or null. */
  public @Nullable Runnable pollShared() {
    return shared.poll();
  }

  /** Whether {@link #poll} would return null. */
  public boolean isEmpty() {
    return local.isEmpty() && shared.isEmpty();
  }

  /** The number of waiting continuations; an estimate off the owner's thread. */
  public int size() {
    return local.size() + shared.size();
  }
}
