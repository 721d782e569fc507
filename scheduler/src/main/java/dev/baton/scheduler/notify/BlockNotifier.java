package dev.baton.scheduler.notify;

import dev.baton.scheduler.os.ErrnoException;
import dev.baton.scheduler.os.LinuxCalls;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells that a worker went to sleep inside user code.
 *
 * <p>A notifier that {@link #wakes} makes an epoll set readable when that happens. One that does
 * not is asked by whoever the loop's own timer has woken.
 */
public abstract sealed class BlockNotifier permits PerfEventNotifier, ProcSampler, TickNotifier {
  /** Stands in a reason before what was refused. */
  public static final String REFUSED = "; refused: ";

  /** Which implementation, and in which order they are tried. */
  public enum Kind {
    /** Context-switch records of perf events. */
    PERF,
    /** The thread state in {@code /proc/self/task}. */
    PROC,
    /** Nothing but elapsed time. */
    TICK
  }

  /**
   * The notifier that was chosen, and why not a better one.
   *
   * @param notifier the one in use
   * @param reason a sentence for people: what is in use and what would give a better one
   */
  public record Choice(BlockNotifier notifier, String reason) {}

  /** Which implementation this is. */
  public abstract Kind kind();

  /** Whether a sleep makes the worker's epoll set readable by itself. */
  public abstract boolean wakes();

  /**
   * Starts to watch a worker. Called on the worker's own thread.
   *
   * @param tid the calling thread's {@code gettid()}
   * @param epollFd the epoll set to make readable
   * @param data what the event shall carry
   */
  public abstract BlockProbe attach(int tid, int epollFd, long data);

  /**
   * Chooses the best notifier that works here, by trying each on the calling thread.
   *
   * @param best the first kind to try; worse ones follow
   */
  public static Choice choose(LinuxCalls calls, Kind best) {
    List<String> refused = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (kind.compareTo(best) < 0) {
        continue;
      }
      try {
        BlockNotifier notifier =
            switch (kind) {
              case PERF -> new PerfEventNotifier(calls);
              case PROC -> new ProcSampler();
              case TICK -> new TickNotifier();
            };
        notifier.probe(calls);
        return new Choice(notifier, reason(notifier, best, refused));
      } catch (ErrnoException | IllegalStateException e) {
        refused.add(e.getMessage() + remedy(kind));
      }
    }
    throw new AssertionError("the tick needs nothing");
  }

  private void probe(LinuxCalls calls) {
    int epollFd = calls.epollCreate();
    try {
      attach(calls.gettid(), epollFd, 0).close();
    } finally {
      calls.close(epollFd);
    }
  }

  private static String reason(BlockNotifier notifier, Kind best, List<String> refused) {
    String inUse =
        switch (notifier.kind()) {
          case PERF -> "perf context-switch records: the kernel tells of every block at once";
          case PROC -> "/proc sampling: a block is seen at the next tick";
          case TICK -> "tick only: blocked and busy workers look the same";
        };
    if (best != Kind.PERF) {
      inUse += " (as configured)";
    }
    return refused.isEmpty() ? inUse : inUse + REFUSED + String.join("; ", refused);
  }

  private static String remedy(Kind kind) {
    return switch (kind) {
      case PERF ->
          " (allow it with 'sysctl kernel.perf_event_paranoid=2' or lower, and in a container with"
              + " a seccomp profile that permits perf_event_open or with CAP_PERFMON)";
      case PROC -> " (mount /proc)";
      case TICK -> "";
    };
  }
}
