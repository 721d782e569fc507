package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.WorkerSnapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What probes are told. Looks once a second, whether or not somebody asks, and counts looks instead
 * of time: a process that was stopped, or starved, has not looked either.
 *
 * <p>A loop does not serve if it stands still, or if it holds continuations back for want of a
 * worker and has run none since. The service is unready if that is so of every loop that requests
 * come to, or of the acceptor, for long enough. It is dead if, moreover, its workers wait for each
 * other: then only a new process helps. One thread: the management server's.
 */
final class Health {
  static final int LOOK_MILLIS = 1000;

  private static final int MAX_DEADLOCKED = 8;
  private static final int MAX_TOLD = 4;

  private final @Nullable Scheduler scheduler;
  private final Watch watch;
  private final int unreadyAfterLooks;
  private final Map<LoopWatch.Loop, Progress> progress = new LinkedHashMap<>();

  /** What is known of one loop. */
  private static final class Progress {
    private int missed;
    private long ran;
    private boolean counts;
  }

  /** Looks by the eyes of {@code watch}; of stock Vert.x nothing is known. */
  Health(Watch watch, long unreadyAfterSeconds) {
    this.watch = watch;
    this.scheduler = watch.scheduler();
    this.unreadyAfterLooks = Math.toIntExact(unreadyAfterSeconds * 1000 / LOOK_MILLIS);
  }

  /** Looks at each loop. */
  void look() {
    LoopWatch loops = watch.loops();
    if (loops == null || scheduler == null) {
      return;
    }
    synchronized (watch) {
      List<LoopSnapshot> snapshots = scheduler.loopSnapshots();
      boolean pinned = loops.stock().stream().anyMatch(LoopWatch.Stock::isPinned);
      boolean deployed = loops.stock().stream().anyMatch(LoopWatch.Stock::serves);
      for (LoopWatch.Loop loop : loops.loops()) {
        Progress p = progress.computeIfAbsent(loop, _ -> new Progress());
        boolean missed = loop.stillNanos() > 0;
        p.counts = !deployed || (loop instanceof LoopWatch.Stock stock && stock.serves());
        if (loop instanceof LoopWatch.Ours ours) {
          LoopSnapshot now = snapshots.get(ours.index());
          missed |= now.holding() && now.continuations() == p.ran;
          p.ran = now.continuations();
          // With pinned deployments alone, no request ever comes to Baton's loops.
          p.counts = p.ran > 0 || !pinned;
        }
        p.missed = missed ? p.missed + 1 : 0;
      }
    }
  }

  /** Whether requests may come. */
  JsonObject readiness() {
    JsonArray reasons = new JsonArray();
    if (watch.isDraining()) {
      reasons.add(reason("draining", "The server finishes what is under way and ends."));
    }
    if (!serves()) {
      reasons.add(unserved());
    }
    return told(reasons);
  }

  /** Whether it makes sense to go on with this process. */
  JsonObject liveness() {
    JsonArray reasons = new JsonArray();
    if (!serves()) {
      List<ThreadInfo> deadlocked = deadlockedWorkers();
      if (!deadlocked.isEmpty()) {
        reasons.add(unserved());
        reasons.add(
            reason(
                "deadlock",
                deadlocked.stream().map(Health::waiting).collect(Collectors.joining("; ")) + "."));
      }
    }
    return told(reasons);
  }

  private boolean serves() {
    return servedLoops().isEmpty() || unservedLooks() < unreadyAfterLooks;
  }

  /** For how many looks nobody has served. */
  private int unservedLooks() {
    int acceptor =
        progress.entrySet().stream()
            .filter(e -> isAcceptor(e.getKey()))
            .mapToInt(e -> e.getValue().missed)
            .max()
            .orElse(0);
    return Math.max(
        acceptor, servedLoops().stream().mapToInt(loop -> progress(loop).missed).min().orElse(0));
  }

  private Progress progress(LoopWatch.Loop loop) {
    return Objects.requireNonNull(progress.get(loop));
  }

  /** The loops that requests come to. */
  private List<LoopWatch.Loop> servedLoops() {
    return progress.entrySet().stream()
        .filter(e -> e.getValue().counts && !isAcceptor(e.getKey()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static boolean isAcceptor(LoopWatch.Loop loop) {
    return loop instanceof LoopWatch.Stock stock && !stock.isPinned();
  }

  private JsonObject unserved() {
    List<LoopSnapshot> all = Objects.requireNonNull(scheduler).loopSnapshots();
    List<LoopSnapshot> holding = all.stream().filter(LoopSnapshot::holding).toList();
    List<LoopWatch.Loop> loops = servedLoops();
    String since = " for " + unservedLooks() * LOOK_MILLIS / 1000 + " s";
    if (holding.isEmpty()) {
      boolean none = loops.stream().allMatch(loop -> progress(loop).missed >= unreadyAfterLooks);
      return reason(
          "loops stand still",
          none
              ? "All "
                  + loops.size()
                  + " loops that serve have run no task"
                  + since
                  + ": "
                  + loops.stream()
                      .limit(MAX_TOLD)
                      .map(LoopWatch.Loop::inWords)
                      .collect(Collectors.joining(", "))
                  + "."
              : "The acceptor has run no task" + since + ": connections are not accepted.");
    }
    long waiting = holding.stream().mapToLong(LoopSnapshot::queuedContinuations).sum();
    return reason(
        "no worker left",
        holding.size()
            + " of "
            + all.size()
            + " loops hold "
            + waiting
            + " callbacks back"
            + since
            + ": all workers are blocked.");
  }

  private List<ThreadInfo> deadlockedWorkers() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long[] ids = threads.findDeadlockedThreads();
    if (ids == null || scheduler == null) {
      return List.of();
    }
    Set<String> workers =
        scheduler.workerSnapshots().stream()
            .map(WorkerSnapshot::thread)
            .collect(Collectors.toSet());
    List<ThreadInfo> deadlocked = new ArrayList<>();
    for (ThreadInfo thread : threads.getThreadInfo(ids)) {
      if (thread != null
          && workers.contains(thread.getThreadName())
          && deadlocked.size() < MAX_DEADLOCKED) {
        deadlocked.add(thread);
      }
    }
    return deadlocked;
  }

  private static String waiting(ThreadInfo thread) {
    LockInfo lock = thread.getLockInfo();
    return thread.getThreadName()
        + " waits for "
        + (lock == null ? "a lock" : lock.getClassName())
        + " of "
        + thread.getLockOwnerName();
  }

  private static JsonObject reason(String what, String detail) {
    return new JsonObject().put("reason", what).put("detail", detail);
  }

  private static JsonObject told(JsonArray reasons) {
    return reasons.isEmpty()
        ? new JsonObject().put("status", "UP")
        : new JsonObject().put("status", "DOWN").put("reasons", reasons);
  }
}
