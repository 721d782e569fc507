package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.SchedulingPolicy;
import org.jspecify.annotations.Nullable;

/**
 * A unit of one loop that any loop of its enclave may run: events of a channel, or a continuation.
 *
 * <p>While it waits and runs its channel is detached, as if its thread had lost the loop; the
 * thread that runs it goes home with it (see {@link TransferableEventLoop#drive}).
 *
 * @param home the loop that gave it
 * @param channel whose events these are, null for a continuation
 * @param events as {@link ChannelLoop#takeEvents} said
 * @param continuation what to run, null for events
 * @param turnNanos when the turn began in which it was given, {@link System#nanoTime}
 * @param handlerClass of a handler that a policy has ordered, else unknown
 * @param deadlineNanos when such a handler must have answered
 * @param isHandler whether a policy has ordered it
 * @param target the enclave that such a handler runs in; null for its home's
 */
record Errand(
    TransferableEventLoop home,
    @Nullable ChannelLoop channel,
    int events,
    @Nullable Runnable continuation,
    long turnNanos,
    int handlerClass,
    long deadlineNanos,
    boolean isHandler,
    @Nullable Enclave target) {
  /** A unit that a loop gives to its peers. */
  Errand(
      TransferableEventLoop home,
      @Nullable ChannelLoop channel,
      int events,
      @Nullable Runnable continuation,
      long turnNanos) {
    this(
        home,
        channel,
        events,
        continuation,
        turnNanos,
        HandlerClasses.UNKNOWN,
        SchedulingPolicy.NO_DEADLINE,
        false,
        null);
  }

  /** The handler of a request. */
  static Errand handler(
      TransferableEventLoop home,
      Runnable continuation,
      long nowNanos,
      int handlerClass,
      long deadlineNanos,
      @Nullable Enclave target) {
    return new Errand(
        home, null, 0, continuation, nowNanos, handlerClass, deadlineNanos, true, target);
  }
}
