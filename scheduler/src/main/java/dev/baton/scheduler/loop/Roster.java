package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.StatusWord;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the enclaves of one scheduler share: the numbers of workers and loops, which mean the same
 * in each of them, so that loops may move; the classes of handlers; and who starts standbys. Any
 * thread.
 */
final class Roster {
  private final AtomicReferenceArray<@Nullable Worker> workers =
      new AtomicReferenceArray<>(StatusWord.MAX_OWNER + 1);

  /** The same by number, for who looks at all of them: few of all numbers are in use. */
  private final Map<Integer, Worker> alive = new ConcurrentSkipListMap<>();

  private final List<TransferableEventLoop> loops = new CopyOnWriteArrayList<>();
  private final List<Enclave> enclaves = new CopyOnWriteArrayList<>();
  private final HandlerClasses classes = new HandlerClasses();
  private final ClassPlaces places = new ClassPlaces();
  private final ThreadFactory threadFactory;
  private final AtomicInteger aheadIds = new AtomicInteger();
  private final Thread spawner;

  // Guarded by workers
  private int nextWorker;
  // Guarded by workers
  private int aliveWorkers;
  // Guarded by workers
  private boolean closed;

  private volatile boolean stopped;

  /**
   * An empty one.
   *
   * @param threadFactory makes workers; its threads must be {@link LoopThread}s
   */
  Roster(ThreadFactory threadFactory) {
    this.threadFactory = threadFactory;
    this.spawner = Thread.ofPlatform().daemon().name("baton-spawner").unstarted(this::spawn);
  }

  /** One more enclave. Before the loops start. */
  void add(Enclave enclave) {
    enclaves.add(enclave);
  }

  /** One more loop; its index is how many there were. Before the loops start. */
  void add(TransferableEventLoop loop) {
    loops.add(loop);
  }

  List<TransferableEventLoop> loops() {
    return loops;
  }

  TransferableEventLoop loop(int index) {
    return loops.get(index);
  }

  List<Enclave> enclaves() {
    return enclaves;
  }

  /** Counts what was started ahead. */
  AtomicInteger aheadIds() {
    return aheadIds;
  }

  HandlerClasses classes() {
    return classes;
  }

  /** Which classes of handlers run in an enclave of their own choice. */
  ClassPlaces places() {
    return places;
  }

  // ---------------------------------------------------------------- workers

  LoopThread newThread(Runnable body, String name) {
    if (!(threadFactory.newThread(body) instanceof LoopThread thread)) {
      throw new IllegalArgumentException("threadFactory: its threads must be LoopThreads");
    }
    thread.setName(name);
    thread.setDaemon(true);
    return thread;
  }

  /** Makes a worker of {@code pool}; its thread is not started. */
  Worker newWorker(StandbyPool pool, @Nullable TransferableEventLoop first) {
    synchronized (workers) {
      int id = nextWorker;
      while (workers.get(id) != null) {
        id = id == StatusWord.MAX_OWNER ? 0 : id + 1;
      }
      nextWorker = id == StatusWord.MAX_OWNER ? 0 : id + 1;
      Worker worker = new Worker(pool.enclave(), pool, id, first);
      workers.set(id, worker);
      alive.put(id, worker);
      aliveWorkers++;
      return worker;
    }
  }

  /** A worker's thread ends, or was not started. */
  void ended(Worker worker) {
    synchronized (workers) {
      workers.set(worker.id(), null);
      alive.remove(worker.id());
      aliveWorkers--;
    }
    closeAfterTheLast();
  }

  /** The worker with this number; null if there is none. */
  @Nullable Worker worker(int id) {
    return id < 0 || id > StatusWord.MAX_OWNER ? null : workers.get(id);
  }

  void eachWorker(Consumer<Worker> action) {
    alive.values().forEach(action);
  }

  // ---------------------------------------------------------------- standbys

  /** Begins to start standbys where they are missing. */
  void startSpawner() {
    spawner.start();
    requestStandby();
  }

  /** Asks for one more standby wherever one is missing. Any thread; does not block. */
  void requestStandby() {
    LockSupport.unpark(spawner);
  }

  private void spawn() {
    while (!stopped) {
      boolean started = false;
      for (Enclave enclave : enclaves) {
        started |= enclave.startStandbys();
      }
      if (!started) {
        LockSupport.park();
      }
    }
  }

  // ---------------------------------------------------------------- the end

  boolean isStopped() {
    return stopped;
  }

  /** Every loop has ended, or could not be made: ends the standbys too. */
  void stop() {
    synchronized (workers) {
      if (stopped) {
        return;
      }
      stopped = true;
    }
    requestStandby();
    enclaves.forEach(Enclave::endStandbys);
    closeAfterTheLast();
  }

  private void closeAfterTheLast() {
    boolean last;
    synchronized (workers) {
      last = aliveWorkers == 0 && stopped && !closed;
      closed |= last; // once: the spawner may still start a standby that ends at once
    }
    if (last) {
      enclaves.forEach(Enclave::closePools);
    }
  }
}
