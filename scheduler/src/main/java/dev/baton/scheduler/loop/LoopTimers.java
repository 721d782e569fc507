package dev.baton.scheduler.loop;

import io.netty.util.concurrent.Ticker;
import io.netty.util.internal.DefaultPriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The timers of a loop that are not due yet. Its owner in IO. */
final class LoopTimers {
  private final DefaultPriorityQueue<UnitTimer<?>> queue =
      new DefaultPriorityQueue<>(UnitTimer::compareTo, 16);
  private long lastId;

  /** Nanoseconds on the clock of deadlines. Any thread. */
  static long now() {
    return Ticker.systemTicker().nanoTime();
  }

  void add(UnitTimer<?> timer) {
    timer.id = ++lastId;
    queue.add(timer);
  }

  void remove(UnitTimer<?> timer) {
    queue.removeTyped(timer);
  }

  /** Passes what is due to {@code to}, in the order of deadlines. */
  void expire(Consumer<? super UnitTimer<?>> to) {
    if (queue.isEmpty()) {
      return;
    }
    long now = now();
    for (UnitTimer<?> timer; (timer = queue.peek()) != null && timer.deadline() - now <= 0; ) {
      queue.remove();
      to.accept(timer);
    }
  }

  /** Whether something is due. */
  boolean due() {
    UnitTimer<?> timer = queue.peek();
    return timer != null && timer.deadline() - now() <= 0;
  }

  /**
   * How long until the next one is due.
   *
   * @param otherwise what to answer if there is none, or it is further away
   */
  long delayNanos(long otherwise) {
    UnitTimer<?> timer = queue.peek();
    return timer == null ? otherwise : Math.min(otherwise, Math.max(0, timer.deadline() - now()));
  }

  /** When the next one is due; -1 if there is none. */
  long deadline() {
    UnitTimer<?> timer = queue.peek();
    return timer == null ? -1 : timer.deadline();
  }

  void cancelAll() {
    for (@Nullable UnitTimer<?> timer; (timer = queue.poll()) != null; ) {
      boolean _ = timer.cancel(false);
    }
  }
}
