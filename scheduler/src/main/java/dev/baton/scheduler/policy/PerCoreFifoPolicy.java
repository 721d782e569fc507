package dev.baton.scheduler.policy;

/** The baseline: as {@link RunToCompletionPolicy}, but every handler waits for its own loop. */
public final class PerCoreFifoPolicy implements SchedulingPolicy {
  @Override
  public String name() {
    return "per-core-fifo";
  }
}
