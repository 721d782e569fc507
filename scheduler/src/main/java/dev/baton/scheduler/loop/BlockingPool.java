package dev.baton.scheduler.loop;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Work waits in one queue. Who has run some looks there before it sleeps, so a thread is called, woken
 * or started, only while none is on its way there already: "calling" says that one is.
 *
 *     execute:   add;                read calling; if false → true: call one
 *     called:    poll;               calling → false; read the queue; if more is there: as execute
 *     idle:      push on asleep;     park until popped, and so called
 *
 * Dekker's pair: execute adds and then reads calling, who was called clears it and then reads the
 * queue; all four are volatile. Where no thread can be started, who calls clears it, too, takes its own
 * work back, and hands what others have left to it to the spare.
 *
 * asleep is a Treiber stack: the last to sleep is the first to wake. Its nodes are used once, so there
 * is no ABA. One that has slept for too long leaves by WAITING → GONE, it is called by WAITING →
 * CALLED: one of them wins, and who calls skips a node that is GONE. A pool that closes wakes all.
 */
// google-java-format on
/**
 * Threads for work that blocks where the JVM does not see it. As many as there is work for at once:
 * whoever executes bounds that. Any thread.
 */
final class BlockingPool {
  private static final System.Logger LOGGER = System.getLogger(BlockingPool.class.getName());

  /** For how long no thread is started after the machine has refused one. */
  private static final long REST_NANOS = 1_000_000_000L;

  private enum State {
    WAITING,
    CALLED,
    GONE
  }

  /** A thread that sleeps. */
  static final class Sleeper {
    private final Thread thread = Thread.currentThread();
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private @Nullable Sleeper next;

    boolean isCalled() {
      return state.get() == State.CALLED;
    }

    private boolean leave(State how) {
      return state.compareAndSet(State.WAITING, how);
    }
  }

  private final ThreadFactory threads;
  private final Executor spare;
  private final long keepAliveNanos;
  private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean calling = new AtomicBoolean();
  private final AtomicReference<@Nullable Sleeper> asleep = new AtomicReference<>();
  private volatile long restUntilNanos = System.nanoTime();
  private volatile boolean closed;

  /**
   * A pool without threads.
   *
   * @param threads makes them
   * @param spare what runs work that nobody takes back where none can be started; may throw what a
   *     start throws
   * @param keepAlive how long a thread sleeps before it ends
   */
  BlockingPool(ThreadFactory threads, Executor spare, Duration keepAlive) {
    this.threads = threads;
    this.spare = spare;
    this.keepAliveNanos = keepAlive.toNanos();
  }

  /**
   * Has a thread run {@code work}, which does not throw.
   *
   * @return false if the machine starts none
   */
  boolean execute(Runnable work) {
    queue.add(work);
    if (call()) {
      return true;
    }
    boolean mine = queue.remove(work);
    spare();
    return !mine;
  }

  /**
   * @return false if nobody is called
   */
  private boolean call() {
    if (calling.get() || !calling.compareAndSet(false, true)) {
      return true;
    }
    Sleeper last = pop();
    if (last != null) {
      LockSupport.unpark(last.thread);
      return true;
    }
    boolean started = false;
    try {
      started = startOne();
    } finally {
      if (!started) {
        calling.set(false);
      }
    }
    return started;
  }

  private boolean startOne() {
    if (System.nanoTime() - restUntilNanos < 0) {
      return false;
    }
    try {
      threads.newThread(this::run).start();
      return true;
    } catch (OutOfMemoryError | LinkageError e) { // as in AheadRuns
      restUntilNanos = System.nanoTime() + REST_NANOS;
      LOGGER.log(
          System.Logger.Level.WARNING,
          "No thread can be started for handlers that block in foreign code, so they begin on their"
              + " loops: "
              + e.getMessage());
      return false;
    }
  }

  private void spare() {
    for (Runnable work; (work = queue.poll()) != null; ) {
      try {
        spare.execute(work);
      } catch (OutOfMemoryError | LinkageError e) { // the next one to come back takes it
        queue.add(work);
        return;
      }
    }
  }

  // ---------------------------------------------------------------- its threads

  private void run() {
    boolean called = true;
    while (true) {
      Runnable work = look(called);
      called = false;
      if (work != null) {
        runOne(work);
      } else if (!sleep(lieDown())) {
        return;
      } else {
        called = true;
      }
    }
  }

  private static void runOne(Runnable work) {
    try {
      work.run();
    } catch (Throwable t) {
      LOGGER.log(System.Logger.Level.ERROR, "Work that blocks failed", t);
    }
    boolean _ = Thread.interrupted(); // it ends with who has set it
  }

  /**
   * Takes what the calling thread is to run.
   *
   * @param called whether that one was
   * @return null if it is to sleep
   */
  @Nullable Runnable look(boolean called) {
    Runnable work = queue.poll();
    if (called) {
      calling.set(false);
      if (work == null) {
        work = queue.poll();
      }
    }
    if (work != null && !queue.isEmpty() && !call()) {
      spare();
    }
    return work;
  }

  /** From now on the calling thread, which found nothing, may be called. */
  Sleeper lieDown() {
    Sleeper me = new Sleeper();
    do {
      me.next = asleep.get();
    } while (!asleep.compareAndSet(me.next, me));
    return me;
  }

  /**
   * @return false if it has slept for too long
   */
  private boolean sleep(Sleeper me) {
    long until = System.nanoTime() + keepAliveNanos;
    while (!me.isCalled()) {
      long left = until - System.nanoTime();
      if ((closed || left <= 0) && me.leave(State.GONE)) {
        return false;
      }
      LockSupport.parkNanos(this, left);
    }
    return true;
  }

  private @Nullable Sleeper pop() {
    while (true) {
      Sleeper last = asleep.get();
      if (last == null) {
        return null;
      }
      if (asleep.compareAndSet(last, last.next) && last.leave(State.CALLED)) {
        return last;
      }
    }
  }

  /** Ends its threads: those that sleep, and the others once there is no work. */
  void close() {
    closed = true;
    for (Sleeper next = asleep.get(); next != null; next = next.next) {
      LockSupport.unpark(next.thread);
    }
  }
}
