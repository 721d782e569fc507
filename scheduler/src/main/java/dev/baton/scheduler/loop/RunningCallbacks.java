package dev.baton.scheduler.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Who runs a callback is anywhere, what waits for their end is told inside the channel:
 *
 *     afterAll:  then = next;  read running          end:  running - 1;  read then
 *
 * Dekker's protocol; all four accesses are volatile. So one of the two sees that nothing runs and
 * something waits. If both do, or one more has begun meanwhile, goOn settles it, inside the channel.
 */
// google-java-format on
/** The callbacks of one channel that run outside of its units, and what waits until none does. */
public final class RunningCallbacks {
  private static final VarHandle RUNNING;

  static {
    try {
      RUNNING = MethodHandles.lookup().findVarHandle(RunningCallbacks.class, "running", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Executor channel;
  private volatile int running;

  // Written inside the channel
  private volatile @Nullable Runnable then;

  /**
   * None runs.
   *
   * @param channel runs tasks inside the channel
   */
  RunningCallbacks(Executor channel) {
    this.channel = channel;
  }

  /** One begins; then {@link #end}. Any thread. */
  public void begin() {
    int _ = (int) RUNNING.getAndAdd(this, 1);
  }

  /** One has ended. Any thread. */
  public void end() {
    if ((int) RUNNING.getAndAdd(this, -1) == 1 && then != null) {
      try {
        channel.execute(this::goOn);
      } catch (RejectedExecutionException ended) {
        // The loop has, and its channels with it.
      }
    }
  }

  /** Whether any does. Any thread. */
  public boolean isAny() {
    return running > 0;
  }

  /** Runs {@code next} when none does. Inside the channel. */
  public void afterAll(Runnable next) {
    then = next;
    goOn();
  }

  private void goOn() {
    Runnable next = then;
    if (next != null && running == 0) {
      then = null;
      next.run();
    }
  }
}
