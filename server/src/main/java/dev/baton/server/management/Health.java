package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.WorkerSnapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What probes are told. Looks once a second, whether or not somebody asks, and counts looks instead
 * of time: a process that was stopped, or starved, has not looked either.
 *
 * <p>A loop does not serve if it stands still, or if it holds continuations back for want of a
 * worker and has run none since. The service is unready if that is so of every loop for long
 * enough. It is dead if, moreover, its workers wait for each other: then only a new process helps.
 * One thread: the management server's.
 */
final class Health {
  static final int LOOK_MILLIS = 1000;

  private static final int MAX_DEADLOCKED = 8;

  private final @Nullable Enclave enclave;
  private final Watch watch;
  private final int unreadyAfterLooks;
  private final int[] missed;
  private final long[] ran;
  private boolean draining;

  /** Looks by the eyes of {@code watch}; of stock Vert.x nothing is known. */
  Health(Watch watch, long unreadyAfterSeconds) {
    this.watch = watch;
    Scheduler scheduler = watch.scheduler();
    this.enclave = scheduler == null ? null : scheduler.enclave();
    int loops = enclave == null ? 0 : enclave.loopSnapshots().size();
    this.unreadyAfterLooks = Math.toIntExact(unreadyAfterSeconds * 1000 / LOOK_MILLIS);
    this.missed = new int[loops];
    this.ran = new long[loops];
  }

  void draining() {
    draining = true;
  }

  /** Looks at each loop. */
  void look() {
    if (enclave == null) {
      return;
    }
    Set<Integer> still;
    synchronized (watch) {
      still = watch.still();
    }
    for (LoopSnapshot loop : enclave.loopSnapshots()) {
      int i = loop.loop();
      boolean held = loop.holding() && loop.continuations() == ran[i];
      missed[i] = still.contains(i) || held ? missed[i] + 1 : 0;
      ran[i] = loop.continuations();
    }
  }

  /** Whether requests may come. */
  JsonObject readiness() {
    JsonArray reasons = new JsonArray();
    if (draining) {
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
    return missed.length == 0 || Arrays.stream(missed).min().orElseThrow() < unreadyAfterLooks;
  }

  private JsonObject unserved() {
    Enclave e = Objects.requireNonNull(enclave);
    List<LoopSnapshot> loops = e.loopSnapshots();
    long holding = loops.stream().filter(LoopSnapshot::holding).count();
    String since = " for " + Arrays.stream(missed).min().orElseThrow() * LOOK_MILLIS / 1000 + " s";
    if (holding == 0) {
      return reason(
          "loops stand still", "All " + missed.length + " loops have run no task" + since + ".");
    }
    long waiting = loops.stream().mapToLong(LoopSnapshot::queuedContinuations).sum();
    return reason(
        "no worker left",
        holding
            + " of "
            + missed.length
            + " loops hold "
            + waiting
            + " callbacks back"
            + since
            + ": all workers are blocked.");
  }

  private List<ThreadInfo> deadlockedWorkers() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long[] ids = threads.findDeadlockedThreads();
    if (ids == null || enclave == null) {
      return List.of();
    }
    Set<String> workers =
        enclave.workerSnapshots().stream().map(WorkerSnapshot::thread).collect(Collectors.toSet());
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
