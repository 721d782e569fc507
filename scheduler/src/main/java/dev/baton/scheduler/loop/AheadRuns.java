package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import java.time.Duration;
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
 * Work that runs away from its loop from the start: on a virtual thread where the JVM sees it wait,
 * else on one of {@link BlockingPool}. To onlookers it is a worker that is away, with an id above
 * those of workers. Any thread.
 */
final class AheadRuns {
  private static final int FIRST_ID = StatusWord.MAX_OWNER + 1;

  private static final class Run {
    private final int id;
    private final int loop;
    private final long sinceNanos;
    private final @Nullable Supplier<?> work;

    /** Null until it runs. */
    private volatile @Nullable Thread thread;

    Run(int id, int loop, @Nullable Supplier<?> work) {
      this.id = id;
      this.loop = loop;
      this.sinceNanos = System.nanoTime();
      this.work = work;
    }

    WorkerSnapshot snapshot() {
      Thread t = thread;
      return new WorkerSnapshot(
          id,
          t == null ? "" : t.getName(),
          -1,
          loop,
          WorkerSnapshot.State.AWAY,
          TakeoverCause.BLOCKED,
          sinceNanos);
    }
  }

  private static final System.Logger LOGGER = System.getLogger(AheadRuns.class.getName());

  private final ThreadFactory virtualThreads;
  private final BlockingPool blocking;
  private final Map<Integer, Run> runs = new ConcurrentHashMap<>();
  private final AtomicInteger ids;
  private final LongAdder started = new LongAdder();
  private final Consumer<Absence> ended;

  /**
   * @param virtualThreads makes those
   * @param platformThreads makes the others
   * @param keepAlive for how long one of these waits for work
   * @param ids the next one's, of all enclaves
   * @param ended told of each that has run, on its thread
   */
  AheadRuns(
      ThreadFactory virtualThreads,
      ThreadFactory platformThreads,
      Duration keepAlive,
      AtomicInteger ids,
      Consumer<Absence> ended) {
    this.virtualThreads = virtualThreads;
    this.blocking = new BlockingPool(platformThreads, this::startVirtual, keepAlive);
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
   * @param isVirtual whether on a virtual thread
   * @return false if the machine starts no thread
   */
  boolean start(TransferableEventLoop loop, StandbyPool pool, Ahead ahead, boolean isVirtual) {
    int id = FIRST_ID + (ids.getAndIncrement() & Integer.MAX_VALUE >>> 1);
    var run = new Run(id, loop.index(), ahead.work());
    runs.put(id, run);
    if (!begin(isVirtual, () -> run(loop, pool, ahead, run, isVirtual))) {
      runs.remove(id);
      return false;
    }
    started.increment();
    return true;
  }

  private boolean begin(boolean isVirtual, Runnable body) {
    try {
      if (!isVirtual) {
        return blocking.execute(body);
      }
      startVirtual(body);
      return true;
    } catch (OutOfMemoryError | LinkageError e) { // no native thread, to carry it or as in prepare
      return false;
    }
  }

  private void startVirtual(Runnable body) {
    virtualThreads.newThread(body).start();
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
        startVirtual(() -> LockSupport.parkNanos(1));
      }
    } catch (OutOfMemoryError | LinkageError e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "No virtual thread can be started, so no request is started ahead: " + e.getMessage());
    }
  }

  /** No more work comes. */
  void close() {
    blocking.close();
  }

  private void run(
      TransferableEventLoop loop, StandbyPool pool, Ahead ahead, Run run, boolean isVirtual) {
    run.thread = Thread.currentThread();
    long began = System.nanoTime();
    try {
      ahead.run();
    } finally {
      long end = System.nanoTime();
      runs.remove(run.id);
      loop.endAhead(pool, isVirtual);
      ahead.ran(end - began);
      ended.accept(
          new Absence(
              run.id,
              0,
              TakeoverCause.BLOCKED,
              run.sinceNanos,
              end - run.sinceNanos,
              Enclave.describe(run.work)));
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
