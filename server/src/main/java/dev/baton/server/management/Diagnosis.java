package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.management.TakeoverLog.Blame;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What an operator should know first, in words.
 *
 * @param level the worst of what is found
 * @param headline one sentence
 * @param detail a second one; may be empty
 * @param missing what this machine refuses, and how to get it
 */
record Diagnosis(Level level, String headline, String detail, List<Missing> missing) {
  /** From good to bad. */
  enum Level {
    /** Nothing to do. */
    HEALTHY,
    /** All is served, but with less than Baton can do. */
    DEGRADED,
    /** Handlers block or compute for long; the loops go on without them. */
    BLOCKING,
    /** Loops stand still or hold requests back. */
    STALLED
  }

  /** Something that is not as it should be, what that costs, and the remedy. */
  record Missing(String what, String effect, String remedy) {}

  static final long WINDOW_NANOS = 10_000_000_000L;

  // Less than that within the window is life: a page fault, a class loaded
  private static final long WORTH_TELLING_NANOS = 50_000_000L;
  private static final long WORTH_TELLING_TAKEOVERS = 20;

  static final long STALLED_NANOS = 250_000_000L;

  /**
   * Looks at everything.
   *
   * @param lagNanos how long each loop keeps a task waiting, by index; may be empty
   */
  static Diagnosis of(Scheduler scheduler, TakeoverLog log, long[] lagNanos, long now) {
    List<Missing> missing = missing(scheduler);
    Enclave enclave = scheduler.enclave();
    List<LoopSnapshot> loops = enclave.loopSnapshots();
    List<Blame> blame = log.blame(now, WINDOW_NANOS);

    List<LoopSnapshot> holding = loops.stream().filter(LoopSnapshot::holding).toList();
    if (!holding.isEmpty()) {
      return held(enclave, holding, blame, missing);
    }
    for (int loop = 0; loop < lagNanos.length; loop++) {
      if (lagNanos[loop] > STALLED_NANOS) {
        return new Diagnosis(
            Level.STALLED,
            "Loop " + loop + " stands still: a task has waited for " + time(lagNanos[loop]) + ".",
            scheduler.isTakeover()
                ? "Somebody else keeps its CPU busy, or code that runs in I/O blocks, where no loop"
                    + " is taken over: a pinned context, a connection's own handler. See its stack."
                : "Loops do not change hands here, so a handler that blocks stops its loop.",
            missing);
      }
    }
    long away = blame.stream().mapToLong(Blame::awayNanos).sum();
    long takeovers = blame.stream().mapToLong(Blame::takeovers).sum();
    if (away >= WORTH_TELLING_NANOS || takeovers >= WORTH_TELLING_TAKEOVERS) {
      return blocking(blame, takeovers, away, log.medianDelayNanos(now, WINDOW_NANOS), missing);
    }
    if (!missing.isEmpty()) {
      return new Diagnosis(
          Level.DEGRADED, missing.getFirst().what() + ".", missing.getFirst().effect(), missing);
    }
    return new Diagnosis(
        Level.HEALTHY,
        "No handler holds a loop up.",
        takeovers == 0
            ? "No loop changed hands in the last 10 s."
            : takeovers + (takeovers == 1 ? " takeover" : " takeovers") + " in the last 10 s.",
        missing);
  }

  private static Diagnosis held(
      Enclave enclave, List<LoopSnapshot> holding, List<Blame> blame, List<Missing> missing) {
    long waiting = holding.stream().mapToLong(LoopSnapshot::queuedContinuations).sum();
    int max = enclave.poolSnapshots().stream().mapToInt(PoolSnapshot::max).max().orElse(0);
    String who = blame.isEmpty() ? "" : " " + blame.getFirst().route() + " takes most of them.";
    return new Diagnosis(
        Level.STALLED,
        "No worker is left: "
            + (holding.size() == 1
                ? "loop " + holding.getFirst().loop() + " holds "
                : holding.size() + " loops hold ")
            + waiting
            + " callbacks back.",
        "All standbys of a CPU are in use, blocked (maxStandbys=" + max + ")." + who,
        missing);
  }

  private static Diagnosis blocking(
      List<Blame> blame, long takeovers, long away, long delay, List<Missing> missing) {
    Blame first = blame.getFirst();
    String verb = first.cause() == TakeoverCause.HOG ? " computes for long" : " blocks";
    long share = away == 0 ? 100 : Math.round(100.0 * first.awayNanos() / away);
    String each =
        first.takeovers() == 0 ? "" : time(first.awayNanos() / first.takeovers()) + " each, ";
    return new Diagnosis(
        Level.BLOCKING,
        first.route() + verb + ": " + each + share + " % of all blocked time.",
        "Loops changed hands "
            + takeovers
            + (takeovers == 1 ? " time" : " times")
            + " in the last 10 s and went on"
            + (delay < 0 ? "." : " after " + time(delay) + " (median)."),
        missing);
  }

  /** What is missing here, the worst first. */
  static List<Missing> missing(Scheduler scheduler) {
    Enclave enclave = scheduler.enclave();
    List<Missing> missing = new ArrayList<>();
    if (!scheduler.isTakeover()) {
      missing.add(
          new Missing(
              "Loops do not change hands",
              "A handler that blocks stops its loop, as in stock Vert.x ("
                  + scheduler.notifierReason()
                  + ").",
              "On Linux with epoll start Java with --enable-native-access=ALL-UNNAMED, and leave"
                  + " the option takeover on."));
    } else if (scheduler.notifier() != BlockNotifier.Kind.PERF) {
      missing.add(
          new Missing(
              "Blocks are seen late",
              "The notifier is "
                  + scheduler.notifier().name().toLowerCase(Locale.ROOT)
                  + ": "
                  + scheduler.notifierReason()
                  + ".",
              "sysctl kernel.perf_event_paranoid=2; in a container a seccomp profile that permits"
                  + " perf_event_open, or CAP_PERFMON; and the option notifier set to perf."));
    }
    if (enclave.blindWorkers() > 0) {
      missing.add(
          new Missing(
              enclave.blindWorkers() + " workers are watched by the clock only",
              "Their blocks are seen a slice later.",
              "Raise the limits on open files and locked memory: ulimit -n, ulimit -l."));
    }
    String refusal = enclave.pinningRefusal();
    if (refusal != null) {
      missing.add(
          new Missing(
              "Workers are not pinned to CPUs",
              "Tails are longer when the kernel moves them (" + refusal + ").",
              "Permit sched_setaffinity, and choose cpus of the process's cpuset."));
    }
    return missing;
  }

  /** A duration for people: two or three digits and a unit. */
  static String time(long nanos) {
    double micros = nanos / 1e3;
    if (micros < 1000) {
      return Math.round(micros) + " µs";
    }
    double millis = micros / 1e3;
    return millis < 10
        ? String.format(Locale.ROOT, "%.1f ms", millis)
        : millis < 1000
            ? Math.round(millis) + " ms"
            : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
  }
}
