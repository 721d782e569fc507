package dev.baton.server.context;

import dev.baton.scheduler.loop.TransferableEventLoop;
import io.vertx.core.impl.WorkerExecutor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * An actor's mailbox: callbacks run one at a time, in order, as continuations of one loop.
 *
 * Queue [1]. Multi-producer, single-consumer, linked; this object is its own first node. A producer
 * exchanges the tail and then links the node; a consumer that arrives in between spins.
 *
 * Right to run. pending counts callbacks that wait or run. Who raises it from 0 schedules this
 * executor on the loop; whoever runs it lowers it after each callback and, where it stays above 0,
 * either goes on or schedules it again. So at most one thread has the right to run, and the atomic
 * add hands it on with everything that was written before (happens-before between callbacks).
 *
 *   0 ── execute: +1, schedule ──▶ scheduled ── loop runs it ──▶ running ── last callback: -1 ──▶ 0
 *                                      ▲                           │
 *                                      └── budget used, loop lost, ┘
 *                                          or suspended: -1, schedule if any wait
 *
 * A callback that outlives its loop (it blocked, the loop was taken) keeps the right until it ends;
 * what waits behind it is then scheduled on the loop, that is on its new owner.
 *
 * Suspension (Future.await). The running callback gives up the right as if it had ended and sleeps.
 * The resumption is queued like a callback; who takes it from the queue passes the right to the
 * sleeping thread, with its place in pending, and returns.
 *
 * runner tells inThread(). Only a thread's own writes matter to its own question, so release is
 * enough; it is cleared before the right is given up, so that a thread is never taken for a runner
 * it no longer is.
 *
 * [1] D. Vyukov, intrusive MPSC node-based queue
 */
// google-java-format on
/**
 * Runs callbacks one at a time and in order on a {@link TransferableEventLoop}. Any thread.
 *
 * <p>Extends Vert.x's worker executor because {@code Future.await} asks for one.
 */
public final class SerialExecutor extends WorkerExecutor implements Runnable {
  private static final System.Logger LOGGER = System.getLogger(SerialExecutor.class.getName());

  /** Callbacks in a row before others of the loop get their turn. */
  private static final int BUDGET = 16;

  private static final int SPINS_BEFORE_YIELD = 100;

  private static final VarHandle TAIL;
  private static final VarHandle PENDING;
  private static final VarHandle RUNNER;
  private static final VarHandle NEXT;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(SerialExecutor.class, "tail", Node.class);
      PENDING = lookup.findVarHandle(SerialExecutor.class, "pending", int.class);
      RUNNER = lookup.findVarHandle(SerialExecutor.class, "runner", Thread.class);
      NEXT = lookup.findVarHandle(Node.class, "next", Node.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Node {
    private @Nullable Runnable callback;
    private volatile @Nullable Node next;

    Node(@Nullable Runnable callback) {
      this.callback = callback;
    }
  }

  private final TransferableEventLoop loop;

  // Written by producers; read through TAIL and PENDING
  @SuppressWarnings({"unused", "UnusedVariable"})
  private volatile Node tail;

  @SuppressWarnings({"unused", "UnusedVariable"})
  private volatile int pending;

  // Written by whoever has the right to run
  private Node head;
  private volatile @Nullable Thread runner;

  /** An executor with an empty queue. */
  public SerialExecutor(TransferableEventLoop loop) {
    super(null, null); // the stock executor's pool and queue: every use of them is overridden
    this.loop = loop;
    Node first = new Node(null);
    head = first;
    tail = first;
  }

  /** The loop whose continuations the callbacks are. */
  public TransferableEventLoop loop() {
    return loop;
  }

  @Override
  public boolean inThread() {
    return runner == Thread.currentThread();
  }

  @Override
  public void execute(Runnable callback) {
    Node node = new Node(callback);
    Node previous = (Node) TAIL.getAndSet(this, node);
    NEXT.setRelease(previous, node);
    if ((int) PENDING.getAndAdd(this, 1) == 0) {
      loop.continuation(this);
    }
  }

  @SuppressWarnings("ThreadPriorityCheck")
  private Runnable take() {
    Node next;
    for (int spins = 0; (next = head.next) == null; spins++) {
      if (spins < SPINS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield(); // the producer may wait for this very CPU
      }
    }
    head = next;
    Runnable callback = next.callback;
    next.callback = null;
    if (callback == null) {
      throw new AssertionError("a node without callback");
    }
    return callback;
  }

  /** One continuation of the loop. */
  @Override
  public void run() {
    long token = loop.token();
    for (int ran = 1; ; ran++) {
      Runnable callback = take();
      if (callback instanceof Suspension suspension) {
        suspension.wake();
        return;
      }
      RUNNER.setRelease(this, Thread.currentThread());
      try {
        callback.run();
      } catch (Throwable t) {
        LOGGER.log(System.Logger.Level.ERROR, "A callback failed outside its context", t);
      }
      if (ran == BUDGET || !loop.isStillOwned(token)) {
        giveUp();
        return;
      }
      RUNNER.setRelease(this, (Thread) null);
      if ((int) PENDING.getAndAdd(this, -1) == 1) {
        return;
      }
    }
  }

  /** Ends the running callback's turn; what waits is scheduled on the loop. */
  private void giveUp() {
    RUNNER.setRelease(this, (Thread) null);
    if ((int) PENDING.getAndAdd(this, -1) > 1) {
      loop.continuation(this);
    }
  }

  // ---------------------------------------------------------------- Future.await

  @Override
  public Execution currentExecution() {
    if (!inThread()) {
      throw new IllegalStateException("not inside a callback of this context");
    }
    return new Suspension(Thread.currentThread());
  }

  /** A callback that waits for a future. Its own place in the queue when it may go on. */
  private final class Suspension extends CountDownLatch implements Execution, Runnable {
    private final Thread thread;
    private boolean suspended;
    private boolean resumed;

    Suspension(Thread thread) {
      super(1);
      this.thread = thread;
    }

    @Override
    public @Nullable CountDownLatch trySuspend() {
      synchronized (this) {
        if (resumed) {
          return null;
        }
        suspended = true;
      }
      giveUp();
      return this;
    }

    @Override
    public boolean resume() {
      return resume(() -> {});
    }

    @Override
    public boolean resume(Runnable callback) {
      boolean queue;
      synchronized (this) {
        if (resumed) {
          return false;
        }
        resumed = true;
        queue = suspended;
      }
      callback.run();
      if (queue) {
        execute(this);
      }
      return true;
    }

    @Override
    public void await() throws InterruptedException {
      try {
        super.await();
      } catch (InterruptedException e) {
        takeBack();
        throw e;
      }
    }

    @Override
    public boolean await(long timeout, TimeUnit unit) throws InterruptedException {
      try {
        return super.await(timeout, unit) || !takeBack();
      } catch (InterruptedException e) {
        takeBack();
        throw e;
      }
    }

    /** Goes on without the future's result: the callback still needs the right to run. */
    private boolean takeBack() {
      boolean unresumed = resume();
      boolean interrupted = false;
      while (true) {
        try {
          super.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        thread.interrupt();
      }
      return unresumed;
    }

    /** Passes the right to run to the sleeping thread. */
    void wake() {
      RUNNER.setRelease(SerialExecutor.this, thread);
      countDown();
    }

    @Override
    public void run() {
      throw new AssertionError("taken from the queue, never run");
    }
  }
}
