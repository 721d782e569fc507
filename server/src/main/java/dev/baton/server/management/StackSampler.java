package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.notify.ProcSampler;
import dev.baton.scheduler.notify.Sighting;
import io.netty.util.concurrent.EventExecutor;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks what workers do, so many per second and no more: each look stops its worker for a moment.
 * It stops no other thread, as a {@link ThreadInfo} with a stack would: that takes a safepoint, and
 * where a CPU is shared with handlers that compute, all wait until each of them has had its turn.
 * One thread at a time.
 */
final class StackSampler {
  private static final int PER_SECOND = 50;
  private static final int BURST = 25;
  private static final long NANOS_EACH = 1_000_000_000L / PER_SECOND;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private long spentUntilNanos = System.nanoTime() - BURST * NANOS_EACH;

  /**
   * What a worker of {@code enclave} does.
   *
   * @param slept whether it probably sleeps, where the kernel does not tell
   * @return null if there is no such worker or too many were asked for
   */
  @Nullable Doing look(Enclave enclave, int worker, boolean slept, long now) {
    Thread thread = enclave.threadOf(worker);
    return thread == null ? null : look(thread, enclave.tidOf(worker), slept, now);
  }

  /**
   * What a thread does.
   *
   * @param tid the kernel's number of it, 0 if it is not known
   * @param slept as above
   * @return null if it has ended or too many were asked for
   */
  @Nullable Doing look(Thread thread, int tid, boolean slept, long now) {
    long from = Math.max(spentUntilNanos, now - BURST * NANOS_EACH);
    if (from + NANOS_EACH > now) {
      return null;
    }
    spentUntilNanos = from + NANOS_EACH;
    return doing(thread, tid, slept);
  }

  private @Nullable Doing doing(Thread thread, int tid, boolean slept) {
    Sighting seen = ProcSampler.look(tid); // before the JVM stops it to see its stack
    Thread.State state = thread.getState();
    StackTraceElement[] stack = thread.getStackTrace();
    if (thread.getState() != state) { // what it did has ended meanwhile
      state = thread.getState();
      stack = thread.getStackTrace();
    }
    if (state == Thread.State.TERMINATED) {
      return null;
    }
    boolean asleep = seen == Sighting.UNKNOWN ? slept : seen == Sighting.BLOCKED;
    Doing doing = Doing.of(state, stack, asleep && !thread.isVirtual());
    ThreadInfo info = doing.isHeldUp() ? threads.getThreadInfo(thread.threadId()) : null;
    return info == null ? doing : doing.withLock(info); // of virtual threads it tells nothing
  }

  /** The thread of an event loop; null if it has none. */
  @Nullable Thread threadOf(EventExecutor loop) {
    return all().filter(loop::inEventLoop).findFirst().orElse(null);
  }

  /** What the first of the threads with this prefix does that is not idle; null if none is. */
  @Nullable Doing lookAtPool(String prefix) {
    return all()
        .filter(thread -> thread.getName().startsWith(prefix))
        .map(thread -> doing(thread, 0, true))
        .filter(doing -> doing != null && !doing.isIn("getTask"))
        .findFirst()
        .orElse(null);
  }

  /** All platform threads. */
  private Stream<Thread> all() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    Thread[] all = new Thread[2 * threads.getThreadCount()];
    return Arrays.stream(all, 0, root.enumerate(all));
  }

  /** Where a worker is; empty if {@link #look} tells nothing. */
  List<StackTraceElement> stackOf(Enclave enclave, int worker, long now) {
    Doing doing = look(enclave, worker, true, now);
    return doing == null ? List.of() : doing.stack();
  }
}
