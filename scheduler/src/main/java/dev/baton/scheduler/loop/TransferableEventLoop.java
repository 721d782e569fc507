package dev.baton.scheduler.loop;

import dev.baton.scheduler.notify.BlockProbe;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.queue.RunQueue;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import io.netty.util.internal.ThreadExecutorMap;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The ownership protocol.
 *
 * A loop is driven by one worker at a time, its owner, and can pass to another worker. The status
 * word [sequence | owner | state] says who drives it and how:
 *
 *                    owner publishes (volatile store)
 *        IO(owner) ───────────────────────────────────▶ CONTINUATION(owner)
 *            ▲                                              │        │
 *            │   owner returns (compare-and-set)            │        │ anyone takes the loop
 *            └──────────────────────────────────────────────┘        │ (compare-and-set)
 *                                                                    ▼
 *                                                              IO(new owner)
 *
 *  IO            The owner polls sockets, decodes, runs timers and tasks of Netty and Vert.x. Never
 *                taken over. Only the owner writes the word.
 *  CONTINUATION  The owner runs one continuation, with nothing of Netty on its stack, as the last
 *                thing it does in its turn. It may lose the loop at any instruction.
 *
 * Rules
 *  1. If the owner's compare-and-set back to IO fails, the loop is gone: the old owner touches
 *     nothing of it any more (but the counter away, which belongs to nobody).
 *  2. inEventLoop() is true for the owner in IO only, and false inside a continuation even on the
 *     owner's thread: "true" could turn stale between the question and its use, and Netty and
 *     Vert.x then write plain fields that the new owner writes too. Seen with the naive rule:
 *     lost and crossed response bytes.
 *  3. The run queue is polled in IO only.
 *  4. The new owner makes the loop Netty's current executor of its thread.
 *
 * Happens-before. All plain state of the loop (timers, handler, deque of the run queue) is written
 * by owners in IO. It passes from the old owner's volatile store of CONTINUATION to the new
 * owner's successful compare-and-set of the same word.
 *
 * Wake-ups. Nobody signals a loop in CONTINUATION: whoever leaves that state looks at the queues
 * before it sleeps.
 *     producer: add to queue;  read status           owner: set status (CAS);  read queues
 * The two are the store-load pairs of Dekker's protocol: the queue's add is an atomic exchange and
 * the CAS is a full fence, so at least one side sees the other. In IO the handler's own wakeup()
 * applies (one atomic exchange, and a write to its eventfd only if it sleeps in epoll_wait). Loops
 * that serve a stage tell its queue before they sleep: see StageQueue.
 *
 * Slices. The loop pushes its timer out at most once per slice (SliceTimer); the timer fires only
 * when the loop is stuck, or idle, once.
 *
 * Holding back. When every standby is in use and no more may be started, the owner goes on in IO
 * and runs no continuation, so that the sockets stay served; see StandbyPool.
 */
// google-java-format on
/** A Netty event loop whose ownership moves from thread to thread. */
public final class TransferableEventLoop extends AbstractScheduledEventExecutor
    implements IoEventLoop, ContinuationLoop {
  private static final System.Logger LOGGER =
      System.getLogger(TransferableEventLoop.class.getName());

  private static final VarHandle STATUS;
  private static final VarHandle IO_OWNER;
  private static final VarHandle LIFECYCLE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATUS = lookup.findVarHandle(TransferableEventLoop.class, "status", long.class);
      IO_OWNER = lookup.findVarHandle(TransferableEventLoop.class, "ioOwner", Thread.class);
      LIFECYCLE = lookup.findVarHandle(TransferableEventLoop.class, "lifecycle", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Test only: rule 2 broken on purpose, so that a test can show that it would be seen. The owner
   * then counts as in the event loop also inside a continuation.
   */
  static final boolean NAIVE_IN_EVENT_LOOP = Boolean.getBoolean("dev.baton.test.naiveInEventLoop");

  private static final int TASK_CHUNK = 1024;
  private static final int MAX_TASKS_PER_TURN = 4096;

  /** Continuations between two looks at the clock, unless they are long. */
  private static final int CLOCK_EVERY = 8;

  /** What a long continuation takes. */
  private static final long LONG_NANOS = 50_000;

  private static final long FIRST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long MAX_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long DEATHS_FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long MAX_POLL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final int STARTED = 0;
  private static final int SHUTTING_DOWN = 1;
  private static final int SHUTDOWN = 2;
  private static final int TERMINATED = 3;

  /** How {@link #drive} ended. */
  enum End {
    /** Another worker has taken the loop. */
    LOST,
    /** The loop has ended. */
    TERMINATED
  }

  private final TransferableEventLoopGroup parent;
  private final int index;
  private final SchedulingPolicy policy;
  private final StandbyPool pool;
  private final @Nullable SliceTimer timer;
  private final IoHandler handler;
  private final @Nullable StageQueue stage;
  private final long spinNanos;
  private final Promise<?> termination = new DefaultPromise<Void>(GlobalEventExecutor.INSTANCE);

  /** Work of Netty and Vert.x: runs in IO. */
  private final MpscUnboundedVarHandleArrayQueue<Runnable> tasks =
      new MpscUnboundedVarHandleArrayQueue<>(TASK_CHUNK);

  /** Work of users: runs in CONTINUATION. */
  private final RunQueue runQueue;

  /** Continuations that run on, on workers that have lost this loop. Any thread. */
  private final AtomicInteger away = new AtomicInteger();

  // Written by owners
  private final Map<TakeoverCause, LongAdder> takeovers = new EnumMap<>(TakeoverCause.class);

  // The protocol: see the head of this class
  private volatile long status;
  private volatile @Nullable Thread ioOwner;
  private volatile @Nullable Thread naiveOwner;

  // Written by who makes the group
  private boolean hasOwner;

  // Written by any thread
  private volatile int lifecycle;
  private volatile long quietPeriodNanos;
  private volatile long shutdownTimeoutNanos;

  // Written by the owner in IO only
  private boolean initialized;
  private long continuations;
  private long continuationsAtPoll;
  private long turns;
  private int clockEvery = CLOCK_EVERY;
  private int deaths;
  private long diedNanos;
  private long startNanos;
  private long pollNanos; // the clock as first read since the last poll, 0 if it was not read
  private long idleSinceNanos; // 0 unless the loop is about to sleep, or sleeps
  private long idleNanos;
  private long shutdownStartNanos;
  private long lastTaskNanos;
  private @Nullable PendingTakeover pendingTakeover;
  private volatile boolean holding;

  private final IoHandlerContext context =
      new IoHandlerContext() {
        @Override
        public boolean canBlock() {
          return tasks.isEmpty()
              && !hasScheduledTasks()
              && lifecycle == STARTED
              && (holding
                  ? pool.isExhausted()
                  : runQueue.isEmpty() && (stage == null || stage.park(index)));
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
          idle(currentTimeNanos);
          return TransferableEventLoop.this.delayNanos(currentTimeNanos, MAX_POLL_NANOS);
        }

        @Override
        public long deadlineNanos() {
          idle(System.nanoTime()); // the handler asks when it has found nothing to do
          return nextScheduledTaskDeadlineNanos();
        }
      };

  TransferableEventLoop(
      TransferableEventLoopGroup parent,
      Enclave enclave,
      int index,
      IoHandlerFactory ioHandlerFactory,
      @Nullable StageQueue stage) {
    this.parent = parent;
    this.index = index;
    this.stage = stage;
    this.spinNanos = enclave.options().getSpin().toNanos();
    this.runQueue = new RunQueue(stage, index);
    this.policy = enclave.policy();
    this.pool = enclave.poolOf(index);
    this.timer = pool.newSliceTimer(index);
    this.handler = ioHandlerFactory.newHandler(this);
    if (stage != null) {
      stage.attach(index, handler::wakeup);
    }
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeovers.put(cause, new LongAdder());
    }
  }

  // ---------------------------------------------------------------- ownership

  /** The status word, {@link LoopStatus}. Any thread. */
  long status() {
    return status;
  }

  /** Makes {@code owner} the first owner, before its thread starts. */
  void assign(int owner) {
    status = LoopStatus.ownedBy(owner, status);
    hasOwner = true;
  }

  /** The first owner could not be started. */
  void unassign() {
    hasOwner = false;
  }

  /**
   * Takes the loop from a worker that is inside a continuation. Any thread; on success the caller
   * is the owner, in IO.
   *
   * @param seen the status word the decision was based on
   * @param newOwner id of the calling worker
   * @return {@code false} if the world has moved since; nothing changed
   */
  boolean tryTakeOver(long seen, int newOwner) {
    if (LoopStatus.state(seen) != LoopStatus.CONTINUATION) {
      return false;
    }
    // Before the CAS: the loser's decrement must not come first.
    away.getAndIncrement();
    if (!STATUS.compareAndSet(this, seen, LoopStatus.ownedBy(newOwner, seen))) {
      away.getAndDecrement();
      return false;
    }
    return true;
  }

  /**
   * Passes the loop from a worker whose thread ends to a new one. That worker.
   *
   * @return {@code false} if it had lost the loop before
   */
  boolean inherit(int dying, int next) {
    long word = status;
    return LoopStatus.owner(word) == dying
        && STATUS.compareAndSet(this, word, LoopStatus.ownedBy(next, word));
  }

  /**
   * Notes that an owner has died: whatever killed it may kill the next one. The thread of the
   * former, before the new one starts.
   *
   * @return how long the loop rests before: not at all after the first death in a while
   */
  long ownerDied(long nowNanos) {
    deaths = deaths > 0 && nowNanos - diedNanos < DEATHS_FORGOTTEN_NANOS ? deaths + 1 : 1;
    diedNanos = nowNanos;
    return deaths == 1 ? 0 : Math.min(MAX_REST_NANOS, FIRST_REST_NANOS << Math.min(deaths - 2, 10));
  }

  /** How many owners have died in a row. The thread of the last of them. */
  int deaths() {
    return deaths;
  }

  /** A continuation that ran on after its worker lost this loop has ended. That worker. */
  void cameBack() {
    away.getAndDecrement();
    if (lifecycle != STARTED) {
      handler.wakeup();
    }
  }

  private record PendingTakeover(
      TakeoverCause cause,
      int from,
      int to,
      long atNanos,
      long fromStint,
      @Nullable Supplier<?> work) {}

  /** Notes what to report once the loop runs again. The new owner, right after its takeover. */
  void taken(
      TakeoverCause cause,
      int from,
      int to,
      long atNanos,
      long fromStint,
      @Nullable Supplier<?> work) {
    Objects.requireNonNull(takeovers.get(cause)).increment();
    pendingTakeover = new PendingTakeover(cause, from, to, atNanos, fromStint, work);
  }

  // ---------------------------------------------------------------- driving

  /**
   * Drives this loop until it is lost or has ended. The owner.
   *
   * @param me the calling worker
   */
  End drive(Worker me) {
    EventExecutor previous = ThreadExecutorMap.setCurrentExecutor(this);
    ioOwner = me.thread();
    if (NAIVE_IN_EVENT_LOOP) {
      naiveOwner = me.thread();
    }
    try {
      if (!initialized) {
        initialized = true;
        startNanos = System.nanoTime();
        handler.initialize();
      }
      // After a takeover what waits in the queues comes before what waits in the sockets.
      pollNanos = 0;
      if (pendingTakeover == null) {
        poll();
      }
      End end;
      while ((end = turn(me)) == null) {
        poll();
      }
      return end;
    } finally {
      ThreadExecutorMap.setCurrentExecutor(previous);
    }
  }

  /** Looks at the sockets; sleeps there if there is nothing else to do. */
  private void poll() {
    pollNanos = 0;
    StageQueue s = stage;
    if (s == null) {
      handler.run(context);
      return;
    }
    if (spinNanos > 0 && continuations != continuationsAtPoll) {
      continuationsAtPoll = continuations;
      spin(s);
    }
    try {
      handler.run(context);
    } finally {
      s.unpark(index); // also for who replaces a worker that dies here
    }
  }

  /** The next continuation of a busy stage comes soon: cheaper than to sleep and be woken. */
  private void spin(StageQueue s) {
    if (!idleButForIo(s) || !s.startSpinning()) {
      return;
    }
    long start = System.nanoTime();
    try {
      while (idleButForIo(s) && System.nanoTime() - start < spinNanos) {
        Thread.onSpinWait();
      }
    } finally {
      s.stopSpinning(); // or nobody would ever be woken again
    }
  }

  private boolean idleButForIo(StageQueue s) {
    return s.isEmpty() && tasks.isEmpty() && runQueue.isEmpty() && lifecycle == STARTED;
  }

  /** What follows a poll: timers, tasks, continuations. Null to go on. */
  private @Nullable End turn(Worker me) {
    turns++;
    SliceTimer t = timer;
    if (t != null) {
      t.pushIfDue(pollNanos());
    } else if (idleSinceNanos != 0) {
      pollNanos();
    }
    fetchFromScheduledTaskQueue(tasks);
    int ran = runTasks();
    if (lifecycle != STARTED && confirmShutdown(ran)) {
      terminate();
      return End.TERMINATED;
    }
    boolean waiting = !runQueue.isEmpty();
    // A loop that held back asks again even if peers have taken what waited: while it holds back
    // it sleeps without a word to its stage's queue.
    boolean heldBack = (waiting || holding) && holdBack();
    if (waiting && !heldBack) {
      if (!runContinuations(me)) {
        return End.LOST;
      }
      // What continuations have written goes out before the next system call to poll.
      runTasks();
    } else {
      if (waiting && stage != null) {
        stage.passOn();
      }
      if (pendingTakeover != null) {
        report(false);
      }
    }
    return null;
  }

  private int runTasks() {
    int ran = 0;
    Runnable task;
    while (ran < MAX_TASKS_PER_TURN && (task = tasks.poll()) != null) {
      safeExecute(task);
      ran++;
    }
    return ran;
  }

  /**
   * @return false if the loop was lost: the caller must not touch it any more
   */
  @SuppressWarnings("CatchingUnchecked")
  private boolean runContinuations(Worker me) {
    Thread thread = me.thread();
    BlockProbe probe = me.probe();
    SliceTimer t = timer;
    if (pendingTakeover != null) {
      report(true); // now, not afterwards: this continuation may block, too
    }
    long mine = status; // state IO: nobody else writes it
    long beganNanos = pollNanos();
    int limit = policy.batch();
    int ran = 0;
    int look = clockEvery;
    Runnable continuation;
    // Release is enough: only this thread could see a stale "true", and it reads in program order.
    IO_OWNER.setRelease(this, (Thread) null);
    probe.arm();
    while (ran < limit && (continuation = policy.pickNext(runQueue)) != null) {
      long inside = LoopStatus.entered(mine);
      // Publishes all plain state of the loop: from here on it may be lost at any instruction.
      // A full fence: pairs with SliceTimer.idle().
      STATUS.setVolatile(this, inside);
      if (t != null) {
        t.pushIfForgotten();
      }
      try {
        continuation.run();
      } catch (Throwable e) {
        // Contexts report what their callbacks throw; this is a continuation without one.
        LOGGER.log(
            System.Logger.Level.ERROR, "A continuation of event loop " + index + " failed", e);
      }
      mine = LoopStatus.left(inside);
      if (!STATUS.compareAndSet(this, inside, mine)) {
        return false;
      }
      ran++;
      probe.rearm();
      if (ran == look) {
        long tookNanos = System.nanoTime() - beganNanos;
        clockEvery = tookNanos > ran * LONG_NANOS ? 1 : CLOCK_EVERY;
        look += clockEvery;
        if (tookNanos > policy.batchNanos()) {
          break;
        }
      }
    }
    probe.disarm();
    continuations += ran;
    pollNanos = 0; // they may have taken long
    ioOwner = thread;
    return true;
  }

  private void report(boolean runsNext) {
    PendingTakeover pending = Objects.requireNonNull(pendingTakeover);
    pendingTakeover = null;
    long resumedAfter = System.nanoTime() - pending.atNanos();
    pool.enclave()
        .report(
            new Takeover(
                index,
                pending.cause(),
                pending.from(),
                pending.to(),
                pending.atNanos(),
                resumedAfter,
                runsNext ? resumedAfter : -1,
                pending.fromStint(),
                Enclave.describe(pending.work())));
  }

  /**
   * Whether continuations must wait because no standby is left to take this loop. Dekker with
   * {@link StandbyPool#await}: the loop says that it holds back, then asks again (and once more
   * when the handler can be woken: see canBlock); the standby says that it is there, then asks who
   * holds back.
   */
  private boolean holdBack() {
    if (!pool.isExhausted()) {
      if (holding) {
        holding = false;
      }
      return false;
    }
    holding = true;
    if (!pool.isExhausted()) {
      holding = false;
      return false;
    }
    return true;
  }

  /** Wakes this loop if it holds continuations back. A worker that has become a standby. */
  void wakeIfHolding() {
    if (holding) {
      handler.wakeup();
    }
  }

  /**
   * Whether new work should be refused: no standby is left and the bound on continuations held back
   * is reached. The owner in IO.
   */
  public boolean isOverloaded() {
    return holding && runQueue.size() >= pool.maxHeldContinuations();
  }

  // ---------------------------------------------------------------- time

  /**
   * The loop that the calling thread drives in IO, or null: the thread then is its only writer of
   * whatever belongs to that loop, and what it writes is seen by the next owner.
   */
  public static @Nullable TransferableEventLoop currentInIo() {
    return ThreadExecutorMap.currentExecutor() instanceof TransferableEventLoop loop
            && loop.ioOwner == Thread.currentThread()
        ? loop
        : null;
  }

  /**
   * When this turn of the loop began to work, {@link System#nanoTime}: the clock is read once per
   * poll, and once more after continuations. The owner in IO.
   */
  public long pollNanos() {
    long now = pollNanos;
    if (now == 0) {
      now = System.nanoTime();
      pollNanos = now;
      if (idleSinceNanos != 0) {
        idleNanos += now - idleSinceNanos;
        idleSinceNanos = 0;
      }
    }
    return now;
  }

  @Override
  public long clockNanos() {
    return ioOwner == Thread.currentThread() ? pollNanos() : System.nanoTime();
  }

  /** The loop is about to sleep. The owner in IO. */
  private void idle(long nowNanos) {
    if (idleSinceNanos == 0) {
      idleSinceNanos = nowNanos;
    }
  }

  private long busyNanos() {
    if (startNanos == 0) {
      return 0;
    }
    long since = idleSinceNanos;
    long idle = idleNanos;
    long now = System.nanoTime();
    return Math.max(0, now - startNanos - idle - (since == 0 ? 0 : Math.max(0, now - since)));
  }

  // ---------------------------------------------------------------- work from outside

  @Override
  public void continuation(Runnable continuation) {
    if (ioOwner == Thread.currentThread()) {
      runQueue.addLocal(continuation); // moves with the loop
      return;
    }
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    runQueue.addShared(continuation);
    wakeUnlessInContinuation();
  }

  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    tasks.add(task);
    if (ioOwner != Thread.currentThread()) {
      wakeUnlessInContinuation();
    }
  }

  private void wakeUnlessInContinuation() {
    if (LoopStatus.state(status) != LoopStatus.CONTINUATION) {
      handler.wakeup();
    }
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    return NAIVE_IN_EVENT_LOOP ? naiveOwner == thread : ioOwner == thread;
  }

  @Override
  public boolean isStillOwned(long seen) {
    return status == seen;
  }

  @Override
  public long token() {
    return status;
  }

  // ---------------------------------------------------------------- Netty

  /** Position of this loop in its group, from 0. */
  public int index() {
    return index;
  }

  @Override
  public IoEventLoop next() {
    return this;
  }

  @Override
  public IoEventLoopGroup parent() {
    return parent;
  }

  @Override
  public Future<IoRegistration> register(IoHandle handle) {
    Promise<IoRegistration> promise = newPromise();
    if (inEventLoop()) {
      register(handle, promise);
    } else {
      execute(() -> register(handle, promise));
    }
    return promise;
  }

  private void register(IoHandle handle, Promise<IoRegistration> promise) {
    try {
      promise.setSuccess(handler.register(handle));
    } catch (Exception e) {
      promise.setFailure(e);
    }
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel channel) {
    return register(new DefaultChannelPromise(channel, this));
  }

  @Deprecated
  @Override
  public ChannelFuture register(ChannelPromise promise) {
    promise.channel().unsafe().register(this, promise);
    return promise;
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel channel, ChannelPromise promise) {
    channel.unsafe().register(this, promise);
    return promise;
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return handler.isCompatible(handleType);
  }

  @Override
  public boolean isIoType(Class<? extends IoHandler> handlerType) {
    return handler.getClass().equals(handlerType);
  }

  // ---------------------------------------------------------------- life cycle

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    if (quietPeriod < 0 || timeout < quietPeriod) {
      throw new IllegalArgumentException(
          "quietPeriod=" + quietPeriod + ", timeout=" + timeout + ": 0 <= quietPeriod <= timeout");
    }
    shutdown(SHUTTING_DOWN, unit.toNanos(quietPeriod), unit.toNanos(timeout));
    return termination;
  }

  @Deprecated
  @Override
  public void shutdown() {
    shutdown(SHUTDOWN, 0, 0);
  }

  private void shutdown(int next, long quietNanos, long timeoutNanos) {
    if (lifecycle != STARTED) {
      return;
    }
    quietPeriodNanos = quietNanos;
    shutdownTimeoutNanos = timeoutNanos;
    if (!hasOwner) { // and never will: the group could not be made
      lifecycle = TERMINATED;
      handler.destroy();
      termination.setSuccess(null);
    } else if (LIFECYCLE.compareAndSet(this, STARTED, next)) {
      tasks.add(TransferableEventLoop::wokenUp);
      handler.wakeup();
    }
  }

  private static void wokenUp() {}

  /**
   * Whether to end now; one step of the shutdown otherwise. The owner in IO.
   *
   * @param ran tasks that have just run: each starts the quiet period over
   */
  private boolean confirmShutdown(int ran) {
    long now = System.nanoTime();
    if (shutdownStartNanos == 0) {
      shutdownStartNanos = now;
      lastTaskNanos = now;
    }
    cancelScheduledTasks();
    handler.prepareToDestroy();
    boolean busy = ran + runTasks() > 0 || !runQueue.isEmpty() || away.get() > 0;
    if (lifecycle >= SHUTDOWN || now - shutdownStartNanos > shutdownTimeoutNanos) {
      return true;
    }
    if (busy) {
      lastTaskNanos = now;
      if (runQueue.isEmpty()) {
        pause(1);
      }
      return false;
    }
    if (now - lastTaskNanos < quietPeriodNanos) {
      pause(10);
      return false;
    }
    return true;
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      // A shutdown goes on; nobody waits for this thread's flag but the loop itself.
    }
  }

  private void terminate() {
    lifecycle = SHUTDOWN;
    // Tasks that slipped in before producers could see SHUTDOWN
    int dropped = 0;
    while (runTasks() > 0) {
      // run them all
    }
    while (runQueue.pollLocal() != null || runQueue.pollShared() != null) {
      dropped++; // not the stage's: they are for its other loops, too
    }
    if (dropped > 0) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Event loop {0} ended at its shutdown timeout with {1} continuations not run",
          index,
          dropped);
    }
    handler.destroy();
    ioOwner = null;
    lifecycle = TERMINATED;
    termination.setSuccess(null);
  }

  @Override
  public Future<?> terminationFuture() {
    return termination;
  }

  @Override
  public boolean isShuttingDown() {
    return lifecycle >= SHUTTING_DOWN;
  }

  @Override
  public boolean isShutdown() {
    return lifecycle >= SHUTDOWN;
  }

  @Override
  public boolean isTerminated() {
    return lifecycle == TERMINATED;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return termination.await(timeout, unit);
  }

  // ---------------------------------------------------------------- readers

  /** A picture of this loop. Any thread; counters may be a turn old. */
  public LoopSnapshot snapshot() {
    long word = status;
    Map<TakeoverCause, Long> byCause = new EnumMap<>(TakeoverCause.class);
    takeovers.forEach((cause, count) -> byCause.put(cause, count.sum()));
    return new LoopSnapshot(
        index,
        pool.cpu(),
        LoopStatus.owner(word),
        LoopStatus.state(word) == LoopStatus.CONTINUATION,
        LoopStatus.sequence(word),
        turns,
        runQueue.size(),
        tasks.size(),
        away.get(),
        holding,
        continuations,
        byCause.values().stream().mapToLong(Long::longValue).sum(),
        byCause,
        busyNanos());
  }

  StandbyPool pool() {
    return pool;
  }

  @Nullable SliceTimer timer() {
    return timer;
  }

  @Override
  public String toString() {
    return "TransferableEventLoop[" + index + ", owner " + LoopStatus.owner(status) + "]";
  }
}
