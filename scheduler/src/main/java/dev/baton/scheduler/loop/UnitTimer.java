package dev.baton.scheduler.loop;

import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.ScheduledFuture;
import io.netty.util.internal.DefaultPriorityQueue;
import io.netty.util.internal.PriorityQueueNode;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A timer that runs as a unit of its loop, on behalf of a channel or of none. It can be cancelled
 * until that unit begins, also while it waits for a channel that is away.
 */
public final class UnitTimer<V> extends DefaultPromise<V>
    implements ScheduledFuture<V>, PriorityQueueNode, Runnable {
  private final TransferableEventLoop loop;
  private final Callable<? extends @Nullable V> task;

  /** 0 for once, more for a fixed rate, less for a fixed delay. */
  private final long periodNanos;

  final @Nullable ChannelLoop channel;

  // Written by the loop's owner in IO, and before it comes there
  private volatile long deadline;
  private int position = INDEX_NOT_IN_QUEUE;
  long id;

  UnitTimer(
      TransferableEventLoop loop,
      @Nullable ChannelLoop channel,
      Callable<? extends @Nullable V> task,
      long delayNanos,
      long periodNanos) {
    super(channel == null ? loop : channel);
    this.loop = loop;
    this.channel = channel;
    this.task = task;
    this.periodNanos = periodNanos;
    long at = LoopTimers.now() + Math.max(0, delayNanos);
    this.deadline = at < 0 ? Long.MAX_VALUE : at;
  }

  long deadline() {
    return deadline;
  }

  /** The unit. */
  @Override
  public void run() {
    try {
      if (periodNanos == 0) {
        if (setUncancellable()) {
          setSuccess(task.call());
        }
      } else if (!isDone()) {
        LoopThread thread = (LoopThread) Thread.currentThread();
        thread.periodic = this;
        Object _ = task.call();
        if (claim() == this) { // nobody else has claimed it
          again();
        }
      }
    } catch (Throwable e) {
      boolean _ = tryFailure(e);
    }
  }

  /**
   * The periodic timer whose task the calling thread runs, null if there is none: it does not fire
   * again before {@link #again}. For a task that only passes on what takes its time.
   */
  public static @Nullable UnitTimer<?> claim() {
    if (!(Thread.currentThread() instanceof LoopThread thread)) {
      return null;
    }
    UnitTimer<?> firing = thread.periodic;
    thread.periodic = null;
    return firing;
  }

  /** Waits for the next time. Any thread. */
  public void again() {
    if (!isDone()) {
      deadline = periodNanos > 0 ? deadline + periodNanos : LoopTimers.now() - periodNanos;
      loop.addTimer(this);
    }
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (!super.cancel(mayInterruptIfRunning)) {
      return false;
    }
    loop.removeTimer(this);
    return true;
  }

  @Override
  public long getDelay(TimeUnit unit) {
    return unit.convert(Math.max(0, deadline - LoopTimers.now()), TimeUnit.NANOSECONDS);
  }

  @Override
  public int compareTo(Delayed other) {
    if (!(other instanceof UnitTimer<?> timer)) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
    int byDeadline = Long.compare(deadline, timer.deadline);
    return byDeadline != 0 ? byDeadline : Long.compare(id, timer.id);
  }

  @Override
  public int priorityQueueIndex(DefaultPriorityQueue<?> queue) {
    return position;
  }

  @Override
  public void priorityQueueIndex(DefaultPriorityQueue<?> queue, int i) {
    position = i;
  }
}
