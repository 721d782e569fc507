package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.server.management.TakeoverLog.Blame;
import dev.baton.server.metrics.BatonMetrics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What an operator should know first, in words: the trouble of users, then what may be its cause.
 *
 * @param level the worst of what is found
 * @param headline the first finding
 * @param detail the next ones; may be empty
 * @param findings all of them, those that users feel first
 * @param missing what this machine refuses, and how to get it
 */
record Diagnosis(
    Level level, String headline, String detail, List<Finding> findings, List<Missing> missing) {
  /** From good to bad. */
  enum Level {
    /** Nothing to do. */
    HEALTHY,
    /** All is served, but with less than Baton can do. */
    DEGRADED,
    /** Handlers block or compute for long; the loops go on without them. */
    BLOCKING,
    /** Requests are refused, fail, hang or take much longer than usual. */
    FAILING,
    /** Loops or stages stand still, or hold requests back. */
    STALLED
  }

  /** Kinds of findings, in the order in which they are told. */
  enum Kind {
    DRAINING(Level.DEGRADED),
    REFUSED(Level.FAILING),
    FAILING(Level.FAILING),
    HANGING(Level.FAILING),
    SLOWER(Level.FAILING),
    STOPPED(Level.FAILING),
    NO_WORKER(Level.STALLED),
    LOOP_STILL(Level.STALLED),
    STAGE_STUCK(Level.STALLED),
    POOL_STILL(Level.STALLED),
    CONTEXT_HELD(Level.BLOCKING),
    WORKER_DIED(Level.DEGRADED),
    BLOCKING(Level.BLOCKING),
    COLLECTOR(Level.DEGRADED),
    STARVED(Level.DEGRADED),
    HEAP(Level.DEGRADED);

    private final Level level;

    Kind(Level level) {
      this.level = level;
    }
  }

  /** One thing that is wrong, in a sentence. */
  record Finding(Kind kind, String text) {}

  /** Something that is not as it should be, what that costs, and the remedy. */
  record Missing(String what, String effect, String remedy) {}

  static final long WINDOW_NANOS = 10_000_000_000L;

  // Less than that within the window is life: a page fault, a class loaded
  private static final long WORTH_TELLING_NANOS = 50_000_000L;
  private static final long WORTH_TELLING_TAKEOVERS = 20;

  private static final long HANGING_NANOS = 10_000_000_000L;
  private static final double FAILING_SHARE = 0.01;

  /** A request of its own context always waits for a callback or two. */
  static final int MANY_BEHIND = 5;

  private static final int MAX_TOLD = 3;

  /** Percent of the time, from which on there is no other worth naming. */
  private static final int ALONE = 95;

  static final double MUCH_PAUSED = 0.1;

  /** Then nothing that is said of handlers is their own doing. */
  private static final double MOSTLY_PAUSED = 0.5;

  private static final double MUCH_STARVED = 0.1;
  private static final double HEAP_FULL = 0.9;

  /** Looks at everything that {@code watch} knows. Holds it. */
  static Diagnosis of(Watch watch, Scheduler scheduler, long now) {
    List<Finding> findings = new ArrayList<>();
    List<Blame> blame = watch.log().blame(now, WINDOW_NANOS);
    draining(watch, findings);
    refused(watch, findings);
    failing(watch, findings);
    hanging(watch, now, findings);
    slower(watch, findings);
    Machine.Shares machine = watch.machine();
    if (machine.pauses() > MOSTLY_PAUSED) {
      collector(Kind.STOPPED, machine, findings);
    }
    held(watch, scheduler, now, findings);
    still(watch, scheduler, findings);
    stuck(watch, now, findings);
    pools(watch, findings);
    contexts(watch, now, findings);
    died(watch.log().deaths(), now, findings);
    blocking(blame, findings);
    machine(machine, findings);
    return of(findings, missing(scheduler), watch.log(), now);
  }

  private static Diagnosis of(
      List<Finding> findings, List<Missing> missing, TakeoverLog log, long now) {
    long takeovers = log.count(now, WINDOW_NANOS);
    String changed =
        takeovers == 0
            ? "No loop changed hands in the last 10 s."
            : "Loops changed hands "
                + takeovers
                + (takeovers == 1 ? " time" : " times")
                + " in the last 10 s and went on after "
                + time(log.medianDelayNanos(now, WINDOW_NANOS))
                + " (median).";
    if (findings.isEmpty()) {
      return missing.isEmpty()
          ? new Diagnosis(Level.HEALTHY, "No handler holds a loop up.", changed, findings, missing)
          : new Diagnosis(
              Level.DEGRADED, missing.getFirst().what() + ".", changed, findings, missing);
    }
    Level level =
        findings.stream().map(f -> f.kind().level).max(Comparator.naturalOrder()).orElseThrow();
    String others =
        findings.stream()
            .skip(1)
            .limit(MAX_TOLD)
            .map(Finding::text)
            .collect(Collectors.joining(" "));
    return new Diagnosis(
        level,
        findings.getFirst().text(),
        others.isEmpty() ? changed : others,
        List.copyOf(findings),
        missing);
  }

  // ---------------------------------------------------------------- what users feel

  private static void draining(Watch watch, List<Finding> findings) {
    if (watch.isDraining()) {
      findings.add(
          new Finding(Kind.DRAINING, "The server drains: " + watch.underWayInWords() + "."));
    }
  }

  private static void refused(Watch watch, List<Finding> findings) {
    List<Refusals.Refused> refused = watch.refusals().ofLate();
    if (refused.isEmpty()) {
      return;
    }
    long count = refused.stream().mapToLong(Refusals.Refused::count).sum();
    RouteWindow routes = watch.routes();
    String which =
        routes == null
            ? ""
            : routes.views().stream()
                .filter(view -> view.refusalsPerSecond() > 0)
                .sorted(Comparator.comparingDouble(RouteWindow.View::refusalsPerSecond).reversed())
                .limit(MAX_TOLD)
                .map(
                    view ->
                        Math.round(100 * view.refusalsPerSecond() / view.requestsPerSecond())
                            + " % of "
                            + name(view))
                .collect(Collectors.joining(", "));
    findings.add(
        new Finding(
            Kind.REFUSED,
            rate(count / watch.refusals().seconds())
                + " requests a second are refused"
                + (which.isEmpty() ? "" : ", " + which)
                + ": "
                + refused.stream()
                    .limit(MAX_TOLD)
                    .map(Refusals.Refused::where)
                    .collect(Collectors.joining(", "))
                + "."));
  }

  private static void failing(Watch watch, List<Finding> findings) {
    RouteWindow routes = watch.routes();
    if (routes == null) {
      return;
    }
    routes.views().stream()
        .filter(
            view ->
                view.errorsPerSecond() - view.refusalsPerSecond()
                    > FAILING_SHARE * view.requestsPerSecond())
        .limit(MAX_TOLD)
        .forEach(
            view ->
                findings.add(
                    new Finding(
                        Kind.FAILING,
                        name(view)
                            + " fails: "
                            + Math.round(
                                100
                                    * (view.errorsPerSecond() - view.refusalsPerSecond())
                                    / view.requestsPerSecond())
                            + " % of its requests are answered 5xx.")));
  }

  private static void hanging(Watch watch, long now, List<Finding> findings) {
    watch.underWay().stream()
        .filter(u -> now - u.oldestNanos() > HANGING_NANOS)
        .limit(MAX_TOLD)
        .forEach(
            u ->
                findings.add(
                    new Finding(
                        Kind.HANGING,
                        u.method()
                            + " "
                            + u.route()
                            + " hangs: "
                            + u.count()
                            + (u.count() == 1 ? " request is" : " requests are")
                            + " under way, the oldest for "
                            + time(now - u.oldestNanos())
                            + ".")));
  }

  private static void slower(Watch watch, List<Finding> findings) {
    RouteWindow routes = watch.routes();
    if (routes == null) {
      return;
    }
    routes.views().stream()
        .filter(RouteWindow.View::isSlower)
        .limit(MAX_TOLD)
        .forEach(
            view ->
                findings.add(
                    new Finding(
                        Kind.SLOWER,
                        name(view)
                            + " is slower than usual: p99 "
                            + time(view.latencies().quantileNanos(0.99))
                            + ", it was "
                            + time(view.usual().quantileNanos(0.99))
                            + ".")));
  }

  private static String name(RouteWindow.View view) {
    return view.method() + " " + view.route();
  }

  // ---------------------------------------------------------------- causes

  private static void held(Watch watch, Scheduler scheduler, long now, List<Finding> findings) {
    List<LoopSnapshot> holding =
        scheduler.loopSnapshots().stream().filter(LoopSnapshot::holding).toList();
    List<PoolSnapshot> exhausted = watch.exhausted();
    if (holding.isEmpty() && exhausted.isEmpty()) {
      return;
    }
    long waiting = holding.stream().mapToLong(LoopSnapshot::queuedContinuations).sum();
    int max = exhausted.stream().mapToInt(PoolSnapshot::max).max().orElse(0);
    String what =
        switch (holding.size()) {
          case 0 -> "all standbys are in handlers";
          case 1 -> "loop " + holding.getFirst().loop() + " holds " + callbacks(waiting) + " back";
          default -> holding.size() + " loops hold " + callbacks(waiting) + " back";
        };
    findings.add(
        new Finding(
            Kind.NO_WORKER,
            "No worker is left: "
                + what
                + (max == 0 ? ". " : " (maxStandbys=" + max + "). ")
                + mostAway(watch.log().away(), now)));
  }

  private static void still(Watch watch, Scheduler scheduler, List<Finding> findings) {
    LoopWatch loops = watch.loops();
    if (loops == null) {
      return;
    }
    for (LoopWatch.Loop loop : loops.still()) {
      Doing doing = loop.doing();
      String runs = loop.runs();
      String why =
          doing != null
              ? "its " + (loop.owner() < 0 ? "thread" : "worker") + " is " + doing.inWords()
              : scheduler.isTakeover()
                  ? "its CPU is somebody else's, or code blocks where no loop is taken over"
                  : "loops do not change hands here";
      findings.add(
          new Finding(
              Kind.LOOP_STILL,
              loop.inWords()
                  + " stands still for "
                  + time(loop.stillNanos())
                  + ": "
                  + why
                  + (runs == null ? "" : ", for " + runs)
                  + newest(watch.underWay())
                  + "."));
    }
  }

  private static void pools(Watch watch, List<Finding> findings) {
    PoolWatch pools = watch.pools();
    if (pools == null) {
      return;
    }
    for (PoolWatch.Pool pool : pools.still()) {
      Doing doing = pool.doing();
      findings.add(
          new Finding(
              Kind.POOL_STILL,
              pool.inWords()
                  + " for "
                  + time(pool.stillNanos())
                  + (doing == null ? "" : "; one is " + doing.inWords())
                  + "."));
    }
  }

  private static void stuck(Watch watch, long now, List<Finding> findings) {
    for (Refusals.Stuck stuck : watch.refusals().stuck()) {
      String name = stuck.stage().pipeline() + "/" + stuck.stage().stage();
      List<TakeoverLog.Entry> away =
          watch.log().away().stream().filter(e -> name.equals(e.part.stage())).toList();
      findings.add(
          new Finding(
              Kind.STAGE_STUCK,
              "Stage "
                  + name
                  + " is stuck: "
                  + stuck.stage().inside()
                  + " of "
                  + stuck.stage().capacity()
                  + " inside, none has left for "
                  + time(stuck.nanos())
                  + ". "
                  + mostAway(away, now)));
    }
  }

  private static void contexts(Watch watch, long now, List<Finding> findings) {
    watch.log().away().stream()
        .filter(entry -> TakeoverLog.behind(entry) >= MANY_BEHIND)
        .limit(MAX_TOLD)
        .forEach(
            entry ->
                findings.add(
                    new Finding(
                        Kind.CONTEXT_HELD,
                        entry.route()
                            + " holds its context up: "
                            + TakeoverLog.behind(entry)
                            + " callbacks wait behind it, for "
                            + time(entry.awayNanos(now))
                            + ".")));
  }

  /**
   * Tells of routes whose handlers block or compute for long, if that is worth it taken together.
   */
  static void blocking(List<Blame> all, List<Finding> findings) {
    List<Blame> blame = all.stream().filter(b -> !isStart(b)).toList();
    long away = blame.stream().mapToLong(Blame::awayNanos).sum();
    long takeovers = blame.stream().mapToLong(Blame::takeovers).sum();
    if (away < WORTH_TELLING_NANOS && takeovers < WORTH_TELLING_TAKEOVERS) {
      return;
    }
    for (Blame b : blame.subList(0, Math.min(MAX_TOLD, blame.size()))) {
      long share = away == 0 ? 100 : Math.round(100.0 * b.awayNanos() / away);
      if (share < 5) {
        break;
      }
      findings.add(
          new Finding(
              Kind.BLOCKING,
              b.route()
                  + (b.doing().kind() == Doing.Kind.COMPUTES ? " computes for long: " : " blocks: ")
                  + (b.awayNow() > 0 && b.oldestNanos() > WINDOW_NANOS / 10
                      ? (b.awayNow() == 1
                              ? "1 handler has been away for "
                              : b.awayNow() + " handlers are away now, the oldest for ")
                          + time(b.oldestNanos())
                      : time(b.medianNanos()) + " each")
                  + (b.takeovers() > b.awayNow() ? ", " + rate(b.perSecond()) + " a second" : "")
                  + (share < ALONE ? ", " + share + " % of all such time" : "")
                  + "; "
                  + b.doing().inWords()
                  + "."));
    }
  }

  /** A verticle that has started. */
  private static boolean isStart(Blame b) {
    return b.route().equals(TakeoverLog.NO_REQUEST) && b.awayNow() == 0 && b.perSecond() < 1;
  }

  private static void died(List<Takeover> deaths, long now, List<Finding> findings) {
    if (!deaths.isEmpty()) {
      Takeover last = deaths.getLast();
      findings.add(
          new Finding(
              Kind.WORKER_DIED,
              (deaths.size() == 1 ? "A worker died " : deaths.size() + " workers died, the last ")
                  + time(now - last.atNanos())
                  + " ago, of an Error outside of all handlers, which the log has; loop "
                  + last.loop()
                  + " went on with another."));
    }
  }

  private static void collector(Kind kind, Machine.Shares shares, List<Finding> findings) {
    findings.add(
        new Finding(
            kind,
            "The collector stops everything for "
                + percent(shares.pauses())
                + " of the time, and leaves the heap "
                + percent(shares.heap())
                + " full."));
  }

  private static void machine(Machine.Shares shares, List<Finding> findings) {
    if (shares.pauses() > MUCH_PAUSED && shares.pauses() <= MOSTLY_PAUSED) {
      collector(Kind.COLLECTOR, shares, findings);
    }
    if (shares.stolen() > MUCH_STARVED) {
      findings.add(
          new Finding(
              Kind.STARVED,
              percent(shares.stolen()) + " of the CPUs' time goes to other machines (steal)."));
    }
    if (shares.throttled() > MUCH_STARVED) {
      findings.add(
          new Finding(
              Kind.STARVED,
              "A limit on CPU stops threads for "
                  + percent(shares.throttled())
                  + " of the time (cgroup)."));
    }
    if (shares.heap() > HEAP_FULL) {
      findings.add(
          new Finding(
              Kind.HEAP, "The heap is " + percent(shares.heap()) + " full after collections."));
    }
  }

  // ---------------------------------------------------------------- words

  /** Which routes keep workers away, the one with the most first, and since when. */
  static String mostAway(List<TakeoverLog.Entry> away, long now) {
    if (away.isEmpty()) {
      return "";
    }
    Map<String, Long> counts =
        away.stream()
            .collect(
                Collectors.groupingBy(
                    TakeoverLog.Entry::route, LinkedHashMap::new, Collectors.counting()));
    Map.Entry<String, Long> most =
        counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
    TakeoverLog.Entry oldest =
        away.stream().filter(e -> e.route().equals(most.getKey())).findFirst().orElseThrow();
    return most.getKey()
        + " holds "
        + most.getValue()
        + " of them, the oldest for "
        + time(oldest.awayNanos(now))
        + ", "
        + oldest.doing().inWords()
        + ".";
  }

  /** What is under way, the oldest first; where one loop stands still that is among it. */
  static String newest(List<BatonMetrics.UnderWay> underWay) {
    return underWay.isEmpty()
        ? ""
        : "; under way "
            + underWay.stream()
                .limit(MAX_TOLD)
                .map(u -> u.method() + " " + u.route())
                .collect(Collectors.joining(", "));
  }

  private static String callbacks(long count) {
    return count == 1 ? "1 callback" : count + " callbacks";
  }

  static String percent(double share) {
    return Math.round(100 * share) + " %";
  }

  private static String rate(double perSecond) {
    return perSecond >= 10
        ? String.valueOf(Math.round(perSecond))
        : String.format(Locale.ROOT, "%.1f", perSecond);
  }

  /** What is missing here, the worst first. */
  static List<Missing> missing(Scheduler scheduler) {
    long blind = scheduler.enclaves().stream().mapToLong(Enclave::blindWorkers).sum();
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
              "By the notifier "
                  + scheduler.notifier().name().toLowerCase(Locale.ROOT)
                  + ": "
                  + scheduler.notifierWord()
                  + ".",
              "sysctl kernel.perf_event_paranoid=2; in a container a seccomp profile that permits"
                  + " perf_event_open, or CAP_PERFMON; and the option notifier set to perf."));
    }
    if (blind > 0) {
      missing.add(
          new Missing(
              blind + " workers are watched by the clock only",
              "Their blocks are seen a slice later.",
              "Raise the limits on open files and locked memory: ulimit -n, ulimit -l."));
    }
    String refusal = scheduler.pinningRefusal();
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
