package dev.baton.scheduler.loop;

import dev.baton.scheduler.notify.BlockProbe;
import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A platform thread that drives event loops: it owns one, waits for one, or finishes a continuation
 * whose loop it has lost.
 *
 * <p>Pinned to the CPU of its pool, except from the moment it loses a loop until it waits again:
 * whoever takes the loop widens the mask, so that a blocked worker can wake up on any CPU that is
 * free (a pinned one would wait for its own, though others idle).
 */
final class Worker implements Runnable {
  private static final System.Logger LOGGER = System.getLogger(Worker.class.getName());

  private final Enclave enclave;
  private final StandbyPool pool;
  private final int id;
  private final LoopThread thread;
  private final MemorySegment event = Arena.ofAuto().allocate(LinuxCalls.EPOLL_EVENT_BYTES, 8);

  // Written by this worker's thread, before it drives or waits
  private int tid;
  private volatile @Nullable BlockProbe probe;

  // Written by this worker's thread, and by whoever starts it
  private volatile @Nullable TransferableEventLoop loop;

  // Written under this; read without, so that onlookers never hold up who takes a loop
  private volatile long stint;
  // Guarded by this
  private boolean widened;
  // Guarded by this
  private @Nullable TakeoverCause awayCause;
  // Guarded by this
  private long awaySinceNanos;
  // Guarded by this
  private @Nullable Supplier<?> awayWork;
  // Guarded by this: what to call when it is back
  private @Nullable Runnable awayEnd;
  // Guarded by this
  private boolean awayAtLock;

  Worker(Enclave enclave, StandbyPool pool, int id, @Nullable TransferableEventLoop first) {
    this.enclave = enclave;
    this.pool = pool;
    this.id = id;
    this.loop = first;
    this.thread = enclave.newThread(this, "baton-worker-" + id);
  }

  void start() {
    thread.start();
  }

  int id() {
    return id;
  }

  LoopThread thread() {
    return thread;
  }

  StandbyPool pool() {
    return pool;
  }

  /** The loop this worker drives, or drove when it entered its continuation; null if it waits. */
  @Nullable TransferableEventLoop loop() {
    return loop;
  }

  /** Set before the compare-and-set that makes this worker the owner, undone if that fails. */
  void setLoop(@Nullable TransferableEventLoop loop) {
    this.loop = loop;
  }

  /**
   * The kernel's number of its thread; 0 before it has begun, or where nobody knows. Any thread.
   */
  int tid() {
    return tid;
  }

  /** For how long its thread has run on a CPU, nanoseconds. Any thread. */
  long cpuNanos(LinuxCalls calls) {
    return calls.threadCpuNanos(tid);
  }

  /** What the notifier knows of this worker. Once its thread has begun to work. */
  BlockProbe probe() {
    return Objects.requireNonNull(probe, "probe");
  }

  /** Like {@link #probe}; null while the thread starts. */
  @Nullable BlockProbe probeOrNull() {
    return probe;
  }

  /** Address of the buffer for {@code epoll_wait}. */
  long event() {
    return event.address();
  }

  @Override
  public void run() {
    try {
      while (!runs()) {
        // it could not be replaced
      }
    } finally {
      settle(); // nobody mutes the probe any more
      BlockProbe p = probe;
      if (p != null) {
        p.close();
      }
      enclave.ended(this);
    }
  }

  /**
   * @return false if it has failed and must go on all the same
   */
  private boolean runs() {
    try {
      if (probe == null) {
        begin();
      }
      work();
      return true;
    } catch (Throwable t) {
      return died(t);
    }
  }

  private void begin() {
    pool.pin();
    LinuxCalls calls = enclave.calls();
    if (calls != null) {
      tid = calls.gettid();
      calls.setTimerSlack(1000); // the kernel's 50 µs would be the grace's
      enclave.shortenKernelSlice();
    }
    probe = pool.attach(tid, id);
    if (loop == null) {
      pool.rehearse(this);
    }
  }

  private void work() {
    TransferableEventLoop current = loop;
    while (true) {
      if (current == null) {
        current = pool.await(this);
        if (current == null) {
          return;
        }
      }
      if (current.drive(this) != TransferableEventLoop.End.LOST) {
        loop = null;
        return; // it has ended, or belongs to another enclave's worker
      }
      lost(current);
      current = null;
    }
  }

  /** The continuation has ended and the loop belongs to somebody else. */
  private void lost(TransferableEventLoop former) {
    probe().disarm();
    loop = null;
    settle();
    former.cameBack();
    pool.cameBack();
  }

  /** Identifies what this worker does now, for {@link #lostLoop}. Any thread. */
  long stint() {
    return stint;
  }

  /**
   * Notes that this worker is away from its loop, and lets it run on any CPU of the enclave until
   * it has finished what it does. The worker that has taken its loop.
   *
   * @param lost that loop
   * @param seenStint {@link #stint} before the takeover
   * @param sinceNanos when it stopped serving the loop, {@link System#nanoTime}
   * @param work what it runs, as the {@link WorkObserver} said
   */
  void lostLoop(
      TransferableEventLoop lost,
      long seenStint,
      TakeoverCause cause,
      long sinceNanos,
      @Nullable Supplier<?> work) {
    synchronized (this) {
      if (stint == seenStint) {
        probe().mute();
        awayCause = cause;
        awaySinceNanos = sinceNanos;
        awayWork = work;
        awayEnd = enclave.left(lost, work);
        awayAtLock = cause == TakeoverCause.BLOCKED && Patience.isAtLock(thread);
        if (awayAtLock) {
          enclave.patience().left();
        }
        widened = pool.widen(tid);
        if (widened) {
          enclave.policies().tell(Message.Kind.AFFINITY_CHANGED, -1, id, HandlerClasses.UNKNOWN, 0);
        }
        return;
      }
    }
    report(seenStint, cause, sinceNanos, work); // it is back already
  }

  /** Begins another stint, and books the time away if this worker was. This worker. */
  private void settle() {
    long ended;
    TakeoverCause cause;
    long sinceNanos;
    Supplier<?> work;
    Runnable end;
    synchronized (this) {
      ended = stint++;
      cause = awayCause;
      sinceNanos = awaySinceNanos;
      work = awayWork;
      end = awayEnd;
      awayCause = null;
      awayWork = null;
      awayEnd = null;
      if (awayAtLock) {
        awayAtLock = false;
        enclave.patience().returned();
      }
      if (widened) {
        widened = false;
        pool.repin();
      }
    }
    if (end != null) {
      end.run();
    }
    if (cause != null) {
      report(ended, cause, sinceNanos, work);
    }
  }

  private void report(
      long ended, TakeoverCause cause, long sinceNanos, @Nullable Supplier<?> work) {
    long nanos = Math.max(0, System.nanoTime() - sinceNanos);
    enclave.wasAway(new Absence(id, ended, cause, sinceNanos, nanos, Enclave.describe(work)));
  }

  /** How long this worker has been away for {@code cause}, 0 if it is not. */
  synchronized long awayNanos(TakeoverCause cause) {
    return awayCause == cause ? Math.max(0, System.nanoTime() - awaySinceNanos) : 0;
  }

  /**
   * @return false if it must go on: it owns a loop, and no other thread could be started
   */
  private boolean died(Throwable t) {
    TransferableEventLoop mine = loop;
    if (mine != null) {
      return enclave.replaceOwner(mine, this, t);
    } else {
      LOGGER.log(System.Logger.Level.ERROR, "Worker " + id + " died", t);
      pool.retired(); // it waited, and counted as idle
      enclave.requestStandby();
      return true;
    }
  }

  WorkerSnapshot snapshot() {
    TransferableEventLoop l = loop;
    boolean owns = l != null && StatusWord.owner(l.status()) == id;
    TakeoverCause cause;
    long sinceNanos;
    synchronized (this) {
      cause = awayCause;
      sinceNanos = awaySinceNanos;
    }
    return new WorkerSnapshot(
        id,
        thread.getName(),
        pool.cpu(),
        l == null ? -1 : l.index(),
        l == null
            ? WorkerSnapshot.State.STANDBY
            : owns ? WorkerSnapshot.State.OWNER : WorkerSnapshot.State.AWAY,
        cause,
        cause == null ? 0 : sinceNanos);
  }
}
