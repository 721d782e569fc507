package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Looks what workers do, so many per second and no more: each look stops its worker for a moment.
 * One thread at a time.
 */
final class StackSampler {
  private static final int PER_SECOND = 50;
  private static final int BURST = 25;
  private static final long NANOS_EACH = 1_000_000_000L / PER_SECOND;
  private static final int MAX_FRAMES = 64;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private long spentUntilNanos = System.nanoTime() - BURST * NANOS_EACH;

  /**
   * What a worker of {@code enclave} does.
   *
   * @param slept whether the kernel says that it sleeps
   * @return null if there is no such worker or too many were asked for
   */
  @Nullable Doing look(Enclave enclave, int worker, boolean slept, long now) {
    long from = Math.max(spentUntilNanos, now - BURST * NANOS_EACH);
    Thread thread = enclave.threadOf(worker);
    if (thread == null || from + NANOS_EACH > now) {
      return null;
    }
    spentUntilNanos = from + NANOS_EACH;
    ThreadInfo info = threads.getThreadInfo(thread.threadId(), MAX_FRAMES);
    return info == null ? null : Doing.of(info, slept);
  }

  /** Where a worker is; empty if {@link #look} tells nothing. */
  List<StackTraceElement> stackOf(Enclave enclave, int worker, long now) {
    Doing doing = look(enclave, worker, true, now);
    return doing == null ? List.of() : doing.stack();
  }
}
