package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import java.util.List;

/**
 * Takes stacks of workers, so many per second and no more: each stops its worker for a moment. One
 * thread: the management server's.
 */
final class StackSampler {
  private static final int PER_SECOND = 50;
  private static final int BURST = 25;
  private static final long NANOS_EACH = 1_000_000_000L / PER_SECOND;
  private static final int MAX_FRAMES = 64;

  private long spentUntilNanos = System.nanoTime() - BURST * NANOS_EACH;

  /**
   * Where a worker of {@code enclave} is.
   *
   * @return innermost frame first; empty if there is no such worker or too many were asked for
   */
  List<StackTraceElement> stackOf(Enclave enclave, int worker, long now) {
    long from = Math.max(spentUntilNanos, now - BURST * NANOS_EACH);
    if (from + NANOS_EACH > now) {
      return List.of();
    }
    spentUntilNanos = from + NANOS_EACH;
    List<StackTraceElement> stack = enclave.stackOf(worker);
    return stack.subList(0, Math.min(MAX_FRAMES, stack.size()));
  }
}
