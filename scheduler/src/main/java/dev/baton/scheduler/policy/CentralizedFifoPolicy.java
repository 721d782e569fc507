package dev.baton.scheduler.policy;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * ghOSt's centralized model: every handler waits in one queue, first come first served, and a
 * global agent commits the first one to a loop that is idle. Loops decide nothing themselves.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/3477132.3483542">ghOSt, SOSP '21, section 3.3</a>
 */
public final class CentralizedFifoPolicy implements SchedulingPolicy {
  // Written and read by the agent's thread
  private @Nullable Agent agent;
  private int next;

  @Override
  public String name() {
    return "centralized-fifo";
  }

  @Override
  public boolean queuesHandlers() {
    return true;
  }

  @Override
  public boolean hears(Message.Kind kind) {
    return kind == Message.Kind.RUNNABLE
        || kind == Message.Kind.IDLE
        || kind == Message.Kind.TICK
        || kind == Message.Kind.LOST;
  }

  /** What nobody could be told of, such as a worker that is back, is found by looking. */
  @Override
  public long tickNanos() {
    return 1_000_000;
  }

  @Override
  public void installed(Agent itsAgent, long nowNanos) {
    agent = itsAgent;
    next = 0;
  }

  @Override
  public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    return SHARED;
  }

  @Override
  public void message(Message message) {
    Agent a = Objects.requireNonNull(agent);
    int loops = a.loops();
    for (int tried = 0; tried < loops && a.waiting(SHARED) > 0; tried++) {
      int loop = next;
      next = (next + 1) % loops;
      long seen = a.status(loop);
      if (a.isIdle(loop)) {
        TransactionResult _ = a.run(loop, seen); // if it is stale, that loop will be idle again
      }
    }
  }
}
