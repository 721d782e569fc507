package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Work that runs away from its loop from the start, each on a virtual thread. To onlookers it is a
 * worker that is away, with an id above those of workers. Any thread.
 */
final class AheadRuns {
  private static final int FIRST_ID = StatusWord.MAX_OWNER + 1;

  private record Run(int id, int loop, Thread thread, long sinceNanos, @Nullable Supplier<?> work) {
    WorkerSnapshot snapshot() {
      return new WorkerSnapshot(
          id,
          thread.getName(),
          -1,
          loop,
          WorkerSnapshot.State.AWAY,
          TakeoverCause.BLOCKED,
          sinceNanos);
    }
  }

  private static final System.Logger LOGGER = System.getLogger(AheadRuns.class.getName());

  private final ThreadFactory threads;
  private final Map<Integer, Run> runs = new ConcurrentHashMap<>();
  private final AtomicInteger ids;
  private final LongAdder started = new LongAdder();
  private final Consumer<Absence> ended;

  /**
   * @param threads makes the virtual threads
   * @param ids the next one's, of all enclaves
   * @param ended told of each that has run, on its thread
   */
  AheadRuns(ThreadFactory threads, AtomicInteger ids, Consumer<Absence> ended) {
    this.threads = threads;
    this.ids = ids;
    this.ended = ended;
  }

  static boolean isAhead(int id) {
    return id >= FIRST_ID;
  }

  /**
   * Starts {@code ahead} for {@code loop}, which hears when it has run.
   *
   * @param pool that counts it
   * @return false if the machine starts no thread
   */
  boolean start(TransferableEventLoop loop, StandbyPool pool, Ahead ahead) {
    int id = FIRST_ID + (ids.getAndIncrement() & Integer.MAX_VALUE >>> 1);
    long since = System.nanoTime();
    try {
      Thread thread = threads.newThread(() -> run(loop, pool, ahead, id, since));
      runs.put(id, new Run(id, loop.index(), thread, since, ahead.work()));
      thread.start();
    } catch (OutOfMemoryError | LinkageError e) { // no native thread, to carry it or as in prepare
      runs.remove(id);
      return false;
    }
    started.increment();
    return true;
  }

  /**
   * Has the JVM make what all virtual threads need while native threads can be had: where they
   * cannot, the class fails to initialize, and never will, and one that sleeps without the thread
   * of timers never wakes up. There is one of those for each few CPUs, by number of the virtual
   * thread.
   */
  void prepare() {
    try {
      for (int cpu = 0; cpu < Runtime.getRuntime().availableProcessors(); cpu++) {
        threads.newThread(() -> LockSupport.parkNanos(1)).start();
      }
    } catch (OutOfMemoryError | LinkageError e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "No virtual thread can be started, so no request is started ahead: " + e.getMessage());
    }
  }

  private void run(TransferableEventLoop loop, StandbyPool pool, Ahead ahead, int id, long since) {
    long began = System.nanoTime();
    try {
      ahead.run();
    } finally {
      long end = System.nanoTime();
      runs.remove(id);
      loop.endAhead(pool);
      ahead.ran(end - began);
      ended.accept(
          new Absence(
              id, 0, TakeoverCause.BLOCKED, since, end - since, Enclave.describe(ahead.work())));
    }
  }

  // ---------------------------------------------------------------- readers

  long started() {
    return started.sum();
  }

  /** Time that those have been away that run now, nanoseconds. */
  long awayNanos() {
    long now = System.nanoTime();
    return runs.values().stream().mapToLong(run -> Math.max(0, now - run.sinceNanos)).sum();
  }

  List<WorkerSnapshot> snapshots() {
    return runs.isEmpty() ? List.of() : runs.values().stream().map(Run::snapshot).toList();
  }

  @Nullable Thread threadOf(int id) {
    Run run = runs.get(id);
    return run == null ? null : run.thread;
  }

  @Nullable Supplier<?> workOf(int id) {
    Run run = runs.get(id);
    return run == null ? null : run.work;
  }

  boolean isRunning(int id) {
    return runs.containsKey(id);
  }

  /** Those that run since before {@code nanos}, as if their loops had been taken then. */
  List<Takeover> since(long nanos) {
    List<Takeover> old = new ArrayList<>();
    for (Run run : runs.values()) {
      if (run.sinceNanos - nanos < 0) {
        old.add(
            new Takeover(
                run.loop,
                TakeoverCause.BLOCKED,
                run.id,
                -1,
                run.sinceNanos,
                0,
                -1,
                0,
                Enclave.describe(run.work)));
      }
    }
    return old;
  }
}
