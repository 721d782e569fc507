package dev.baton.scheduler.loop;

import io.netty.util.concurrent.AbstractEventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs timers as units: a loop's own, or those of one of its channels. */
abstract class UnitExecutor extends AbstractEventExecutor {
  /**
   * Starts a timer. Any thread.
   *
   * @param delayNanos until it fires first
   * @param periodNanos as {@link UnitTimer} has it
   */
  abstract <V> UnitTimer<V> timer(
      Callable<? extends @Nullable V> task, long delayNanos, long periodNanos);

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    return timer(Executors.callable(task), unit.toNanos(delay), 0);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
    return timer(task, unit.toNanos(delay), 0);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable task, long initialDelay, long period, TimeUnit unit) {
    return timer(
        Executors.callable(task), unit.toNanos(initialDelay), positive(unit.toNanos(period)));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable task, long initialDelay, long delay, TimeUnit unit) {
    return timer(
        Executors.callable(task), unit.toNanos(initialDelay), -positive(unit.toNanos(delay)));
  }

  private static long positive(long period) {
    if (period <= 0) {
      throw new IllegalArgumentException("period=" + period + ": more than 0");
    }
    return period;
  }
}
