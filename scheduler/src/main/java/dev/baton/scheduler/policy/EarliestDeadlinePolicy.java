package dev.baton.scheduler.policy;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Earliest deadline first, on whichever loop is free. A handler's deadline is that of its request,
 * or its class's time after it has come, whichever is first. A class that nobody has given a time
 * gets a multiple of what its handlers take: the short ones want to be answered sooner.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/321738.321743">Liu, Layland: Scheduling Algorithms
 *     for Multiprogramming, JACM 1973</a>
 */
public final class EarliestDeadlinePolicy implements SchedulingPolicy {
  private static final long STRETCH = 16;
  private static final long MIN_NANOS = 1_000_000;
  private static final long MAX_NANOS = 100_000_000;

  private final Map<String, Duration> given;

  // Written and read by the agent's thread
  private @Nullable Agent agent;

  // Written by the agent's thread, read by loops: benign, an older time holds a little longer
  private final long[] nanosOf = new long[HandlerClasses.MAX];

  /** Times are learned. */
  public EarliestDeadlinePolicy() {
    this(Map.of());
  }

  /**
   * Times of these classes are given, those of others learned.
   *
   * @param given how long a handler may take from when it has come, by the name of its class
   */
  public EarliestDeadlinePolicy(Map<String, Duration> given) {
    this.given = Map.copyOf(given);
    Arrays.fill(nanosOf, MAX_NANOS);
  }

  @Override
  public String name() {
    return "earliest-deadline";
  }

  @Override
  public boolean queuesHandlers() {
    return true;
  }

  @Override
  public long tickNanos() {
    return 10_000_000;
  }

  @Override
  public void installed(Agent itsAgent, long nowNanos) {
    agent = itsAgent;
    learn(itsAgent.classes());
  }

  @Override
  public void message(Message message) {
    learn(Objects.requireNonNull(agent).classes());
  }

  private void learn(HandlerClasses classes) {
    for (int c = 0; c < classes.size(); c++) {
      Duration own = given.get(classes.name(c));
      long service = classes.serviceNanos(c);
      nanosOf[c] =
          own != null
              ? own.toNanos()
              : service == 0 ? MAX_NANOS : Math.clamp(STRETCH * service, MIN_NANOS, MAX_NANOS);
    }
  }

  @Override
  public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    return SHARED;
  }

  @Override
  public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
    return Math.min(deadlineNanos, arrivalNanos + nanosOf[handlerClass]);
  }

  @Override
  public boolean mayPull(int puller, int from, int handlerClass) {
    return true;
  }
}
