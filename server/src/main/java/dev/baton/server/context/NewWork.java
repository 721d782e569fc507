package dev.baton.server.context;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.WaitingRoom;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.SchedulingPolicy;
import io.vertx.core.Handler;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A request whose handler has not begun: it may have to wait, and may be refused instead. Whoever
 * has the right to run it, one after the other.
 */
public interface NewWork extends Runnable {
  /** A context that new work comes to. */
  interface Maker {
    /** Work that has {@code handler} dispatched, for one that may have to wait. */
    NewWork newWork(@Nullable Object argument, Handler<Object> handler);

    /** How many of its kind may have begun, if that is known. */
    @Nullable AwayBound bound();
  }

  /** What it is, for onlookers. Any thread. */
  Supplier<?> described();

  /**
   * Notes that it cannot begin yet.
   *
   * @return false if too much waits already: then {@link #run} refuses it
   */
  boolean mayWait();

  /**
   * Notes that it waits behind a callback that is away, and is refused if too much waits already.
   * Any thread.
   */
  void waitsBehind();

  /** How many of its route may have begun; null if that is not known yet. */
  @Nullable AwayBound bound();

  /**
   * Notes that it must wait for a standby, or until fewer of its route have begun.
   *
   * @param room where it waits
   * @return false if it may not: then {@link #run} refuses it
   */
  boolean mayBePutAside(WaitingRoom room);

  /** Whether it was refused, or dropped, while it waited. Any thread. */
  boolean isOver();

  /** The class of its handler, for policies. */
  default int handlerClass() {
    return HandlerClasses.UNKNOWN;
  }

  /** When it must have been answered, {@link System#nanoTime}; none if nobody has said. */
  default long deadlineNanos() {
    return SchedulingPolicy.NO_DEADLINE;
  }

  /** Whether nothing of it comes to its context before it has run. */
  boolean standsAlone();

  /** Has its body replaced by what {@code hold} makes of it; null leaves it. */
  void holdSource(UnaryOperator<Runnable> hold);

  /** It is about to wait for a future: what its source brings next may be just that. It runs. */
  void releaseSource();

  /**
   * Begins it, or refuses it. Once, after all waiting; does nothing if it was refused meanwhile.
   */
  @Override
  void run();
}
