package dev.baton.scheduler.policy;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Some loops are reserved for handlers that are short: those of classes that are long, or that have
 * blocked lately, run on the others only. Which class is which is learned. Long ones are put behind
 * the short ones that come within some time after them, so that they wait and do not starve.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/3477132.3483571">Perséphone, SOSP '21</a>
 */
public final class ReservedShortPolicy implements SchedulingPolicy {
  /** Of so many loops one is reserved, at least one if there are two. */
  private static final int RESERVED_OF = 4;

  /** A class is long if it takes so much, or so many times what the shortest one takes. */
  private static final long LONG_NANOS = 1_000_000;

  private static final long TIMES_SHORTEST = 20;

  /** Below this nothing is long, whatever else there is. */
  private static final long SHORT_NANOS = 100_000;

  private static final long MIN_SAMPLES = 4;
  private static final long BLOCKED_LATELY = 100;

  /** For so long those that come later and are short go first. */
  private static final long BEHIND_NANOS = 50_000_000;

  // Written and read by the agent's thread
  private @Nullable Agent agent;

  // Written by the agent's thread, read by loops: benign, a class is learned a little later
  private volatile int reserved;
  private final boolean[] isLong = new boolean[HandlerClasses.MAX];

  @Override
  public String name() {
    return "reserved-short";
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
    int loops = itsAgent.loops();
    reserved = loops == 1 ? 0 : Math.max(1, loops / RESERVED_OF);
    learn(itsAgent.classes());
  }

  @Override
  public void message(Message message) {
    learn(Objects.requireNonNull(agent).classes());
  }

  private void learn(HandlerClasses classes) {
    long shortest = Long.MAX_VALUE;
    for (int c = 1; c < classes.size(); c++) {
      if (classes.samples(c) >= MIN_SAMPLES && classes.serviceNanos(c) > 0) {
        shortest = Math.min(shortest, classes.serviceNanos(c));
      }
    }
    long limit =
        shortest == Long.MAX_VALUE
            ? LONG_NANOS
            : Math.clamp(TIMES_SHORTEST * shortest, SHORT_NANOS, LONG_NANOS);
    for (int c = 1; c < classes.size(); c++) {
      boolean blocks =
          classes.blocks(c) >= MIN_SAMPLES && classes.samplesSinceBlock(c) < BLOCKED_LATELY;
      isLong[c] = blocks || classes.serviceNanos(c) >= limit;
    }
  }

  @Override
  public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    return SHARED;
  }

  @Override
  public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
    return isLong[handlerClass] ? arrivalNanos + BEHIND_NANOS : arrivalNanos;
  }

  @Override
  public boolean mayPull(int puller, int from, int handlerClass) {
    return puller >= reserved || !isLong[handlerClass];
  }
}
