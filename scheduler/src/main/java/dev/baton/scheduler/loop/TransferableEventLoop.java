package dev.baton.scheduler.loop;

import dev.baton.scheduler.notify.BlockProbe;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.scheduler.queue.HandlerQueues;
import dev.baton.scheduler.queue.PullQueue;
import dev.baton.scheduler.queue.RunQueue;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ThreadAwareExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Units. What a loop does for its channels and contexts it does in units: one event, task or timer
 * of one channel, or one task or continuation of none. Netty's handler only notes events (UnitHandle,
 * ready); after the poll the loop runs what it has noted, and what waits in its queues, one by one:
 *
 *     ready     channels with events, in the order the kernel told
 *     front     tasks of channels that are back, or registered by now, before all later ones
 *     tasks     of Netty and Vert.x, from any thread; a channel's, or nobody's
 *     runQueue  continuations: contexts with callbacks to run, in the order of the policy; those
 *               that begin something (newWork) after those that go on with it
 *
 * Who may do what is OwnershipWord's protocol. The owner writes current and its thread's unit, enters,
 * runs the unit, and leaves. If the loop was taken meanwhile, the taker has detached the unit's
 * channel, and the old owner only queues the task that gives it back (giveBack).
 *
 * Callbacks. What users have written shall not run below a decoder: it may wait for what that decoder
 * brings next. So a context that is to run, and is scheduled by Netty's or Vert.x's code inside a
 * unit, is only noted (LoopThread.callbacks), and runs in the same unit when that code has returned;
 * before the channel's next inbound event (ChannelLoop.Inbound). A callback that waits for a future
 * gives up the channel (suspend): the rest of the unit goes on without it.
 *
 * Wake-ups. Nobody signals a loop that runs a unit: whoever leaves looks at the queues before it
 * sleeps.
 *     producer: add to queue;  read status           owner: leave (CAS);  read queues
 * The two are the store-load pairs of Dekker's protocol: the queue's add is an atomic exchange and
 * the CAS is a full fence, so at least one side sees the other. In IO the handler's own wakeup()
 * applies (one atomic exchange, and a write to its eventfd only if it sleeps in epoll_wait). Loops
 * that serve a stage tell its queue before they sleep: see StageQueue.
 *
 * Slices. The loop pushes its timer out at most every three quarters of a slice (SliceTimer); it
 * fires only when the loop is stuck, or idle, once.
 *
 * Pulling. A loop with more units than it runs soon gives some to peers that sleep (PullQueue), if
 * they take longer than a wake-up; itself one of those who pull, it takes back what nobody took. A
 * given channel is detached, as if the loop had been lost to a taker: what comes for it waits, and
 * whoever has run its unit gives it back. That thread calls the giver the loop it drives, but enters
 * and leaves by the word of its own (LoopThread.own), where the unit belongs to no channel: if it
 * blocks, its own loop is taken over.
 *
 * Handlers in the order of a policy. If the policy queues them, a request's first callback comes to
 * arrivals, its channel held. The owner takes one, asks the policy where it belongs, and adds it to
 * a queue that every loop of the enclave can reach (HandlerQueues). Policies are asked inside a unit
 * (deciding): one that does not answer loses the loop to a standby, which runs that handler as if
 * there were no policy. Whoever runs one is to it what the puller is to a given unit.
 *
 * Enclaves. A handler that runs in another enclave comes to the arrivals of one of its loops, which
 * puts it where its own policy says; one that comes to a loop which has left that enclave is sent on.
 * The loop itself moves between two units: see LoopMove.
 *
 * Holding back. When every standby is in use and no more may be started, new work waits in held, and
 * a stage's in its queue; what is under way goes on, for it may be what brings a worker back. See
 * StandbyPool.
 */
// google-java-format on
/** A Netty event loop whose ownership moves from thread to thread. */
public final class TransferableEventLoop extends UnitExecutor
    implements IoEventLoop, ContinuationLoop {
  private static final System.Logger LOGGER =
      System.getLogger(TransferableEventLoop.class.getName());

  private static final VarHandle LIFECYCLE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      LIFECYCLE = lookup.findVarHandle(TransferableEventLoop.class, "lifecycle", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Test only: who is inside a channel, broken on purpose, so that a test can show that it would be
   * seen. Whoever drives the loop, or has lost it, then counts as inside all of its channels.
   */
  static final boolean NAIVE_IN_EVENT_LOOP = Boolean.getBoolean("dev.baton.test.naiveInEventLoop");

  /** How many handlers of a foreign queue a loop asks its policy about in a row. */
  private static final int MAX_ASKED = 8;

  private static final int TASK_CHUNK = 1024;
  private static final int NEW_WORK_CHUNK = 256;
  private static final int MAX_UNITS_PER_TURN = 4096;

  /** Units between two looks at the clock, unless they are long. */
  private static final int CLOCK_EVERY = 8;

  /** What a long unit takes. */
  private static final long LONG_NANOS = 50_000;

  /** So many continuations take no time that would matter. */
  private static final int SHORT_QUEUE = 32;

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
    TERMINATED,
    /** It was passed to a worker of another enclave. */
    MOVED
  }

  private final TransferableEventLoopGroup parent;
  private final int index;
  private final ClassPlaces places;
  private final @Nullable SliceTimer timer;
  private final IoHandler handler;
  private final @Nullable StageQueue stage;
  private final long spinNanos;
  private final Promise<?> termination = new DefaultPromise<Void>(GlobalEventExecutor.INSTANCE);

  /** Tasks of Netty and Vert.x. Any thread adds. */
  private final MpscUnboundedVarHandleArrayQueue<Runnable> tasks =
      new MpscUnboundedVarHandleArrayQueue<>(TASK_CHUNK);

  /** Contexts with callbacks to run, and what the loop pulls from a stage. */
  private final RunQueue runQueue;

  /** New work, on its way to the run queue. Any thread adds. */
  private final MpscUnboundedVarHandleArrayQueue<Runnable> newWork =
      new MpscUnboundedVarHandleArrayQueue<>(NEW_WORK_CHUNK);

  /** New work that waits until there is a standby. Any thread adds. */
  private final MpscUnboundedVarHandleArrayQueue<Runnable> held =
      new MpscUnboundedVarHandleArrayQueue<>(TASK_CHUNK);

  /** Handlers whose place the policy has not decided yet. Any thread adds. */
  private final MpscUnboundedVarHandleArrayQueue<Errand> arrivals =
      new MpscUnboundedVarHandleArrayQueue<>(TASK_CHUNK);

  /** What was added too late, and not rejected yet. Guarded by itself. */
  private final Set<Runnable> leftOver = Collections.newSetFromMap(new IdentityHashMap<>());

  // Guarded by leftOver
  private boolean drained;

  private final WaitingRoom room;

  /** Units that run on, on workers that have lost this loop. Any thread. */
  private final AtomicInteger away = new AtomicInteger();

  /** Units that were given to peers and have not ended. Any thread. */
  private final AtomicInteger given = new AtomicInteger();

  /** Handlers that wait where a policy has put them, or run there. Any thread. */
  private final AtomicInteger queued = new AtomicInteger();

  private final LongAdder givenUnits = new LongAdder();

  private final OwnershipWord status = new OwnershipWord();
  private final RestartBackoff backoff = new RestartBackoff();
  private final LoopClock clock = new LoopClock();
  private final GivingRule giving = new GivingRule();

  // Written by owners
  private final Map<TakeoverCause, LongAdder> takeovers = new EnumMap<>(TakeoverCause.class);

  // Written by who makes the group
  private boolean hasOwner;

  // Written by any thread
  private volatile int lifecycle;
  private volatile long quietPeriodNanos;
  private volatile long shutdownTimeoutNanos;

  // Written by the owner in IO, when it passes the loop to another enclave: LoopMove. Read by any
  // thread: benign, but for standbys, who read the status word before
  private Enclave enclave;
  private StandbyPool pool;
  private @Nullable PullQueue<Errand> peers;
  private @Nullable HandlerQueues<Errand> handlers;

  // Written by the owner in IO only
  private @Nullable LoopMove move; // wanted
  private final ArrayDeque<ChannelLoop> ready = new ArrayDeque<>(256);
  private final ArrayDeque<Runnable> front = new ArrayDeque<>();
  private final LoopTimers timers = new LoopTimers();
  private @Nullable ChannelLoop current; // whose unit runs; who takes the loop reads it
  private @Nullable Errand deciding; // what the policy is asked about; who takes the loop reads it
  private @Nullable InstalledPolicy asked; // what the owner asks; who takes the loop reads it
  private long handlersSeen = -1;
  private boolean mayNotPull; // when it looked
  private boolean initialized;
  private long continuations;
  private long continuationsAtPoll;
  private long turns;
  private int clockEvery = CLOCK_EVERY; // continuations
  private int unitClockEvery = CLOCK_EVERY; // of channels, and tasks
  private long unitsRun;
  private long errandNanos;
  private long pulledUnits;
  private long shutdownStartNanos;
  private long lastTaskNanos;
  private @Nullable PendingTakeover pendingTakeover;
  private volatile boolean holding;
  private volatile boolean unasked; // sleeps, and for want of standbys no peer may wake it

  private final IoHandlerContext context =
      new IoHandlerContext() {
        @Override
        public boolean canBlock() {
          return tasks.isEmpty()
              && newWork.isEmpty()
              && ready.isEmpty()
              && front.isEmpty()
              && move == null
              && !timers.due()
              && lifecycle == STARTED
              && (holding
                  ? runQueue.isOwnEmpty() && pool.isExhausted()
                  : runQueue.isEmpty() && held.isEmpty() && (stage == null || stage.park(index)))
              && mayIdle()
              && mayIdleForHandlers();
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
          clock.idle(currentTimeNanos);
          return timers.delayNanos(MAX_POLL_NANOS);
        }

        @Override
        public long deadlineNanos() {
          clock.idle(System.nanoTime()); // the handler asks when it has found nothing to do
          return timers.deadline();
        }
      };

  /** What the handler knows of this loop: its executor is whoever is outside of units. */
  private final ThreadAwareExecutor outside =
      new ThreadAwareExecutor() {
        @Override
        public boolean isExecutorThread(Thread thread) {
          return isOutside(thread);
        }

        @Override
        public void execute(Runnable task) {
          outside(task);
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
    this.peers = enclave.peers();
    this.handlers = enclave.handlers();
    this.places = enclave.roster().places();
    this.spinNanos = enclave.options().getSpin().toNanos();
    this.runQueue = new RunQueue(stage, index);
    this.enclave = enclave;
    this.pool = enclave.poolOf(index);
    this.status.belongTo(pool);
    this.room = new WaitingRoom(enclave.options().getMaxHeldContinuations());
    this.timer = pool.newSliceTimer(index);
    this.handler = ioHandlerFactory.newHandler(outside);
    if (stage != null) {
      stage.attach(index, handler::wakeup);
    }
    attachToQueues();
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeovers.put(cause, new LongAdder());
    }
  }

  private void attachToQueues() {
    PullQueue<Errand> p = peers;
    if (p != null) {
      p.attach(index, handler::wakeup);
    }
    HandlerQueues<Errand> h = handlers;
    if (h != null) {
      h.attach(index, handler::wakeup);
    }
  }

  // ---------------------------------------------------------------- ownership

  /** The status word, {@link StatusWord}. Any thread. */
  long status() {
    return status.get();
  }

  /** This loop's timer has fired: {@link SliceTimer#fired}. A standby. */
  long fired(SliceTimer its) {
    return its.fired(status);
  }

  /** Makes {@code owner} the first owner, before its thread starts. */
  void assign(int owner) {
    status.assign(owner);
    hasOwner = true;
  }

  /** The first owner could not be started. */
  void unassign() {
    hasOwner = false;
  }

  /** As {@link OwnershipWord#tryTake}; on success the old owner is away. */
  boolean tryTakeOver(long seen, int newOwner) {
    if (!StatusWord.isTakeable(seen)) {
      return false;
    }
    // Before the CAS: the loser's decrement must not come first.
    away.getAndIncrement();
    if (!status.tryTake(seen, newOwner)) {
      away.getAndDecrement();
      return false;
    }
    if (StatusWord.state(seen) == StatusWord.SUSPENDED) {
      current = null; // given up by the old owner
    }
    return true;
  }

  /** As {@link OwnershipWord#pass}, between two units. Its owner in IO. */
  boolean passOn(int owner, int next) {
    return status.pass(owner, next, pool);
  }

  /** Whether it is for workers of this pool to take this loop. After {@link #status}. */
  boolean isFor(StandbyPool standbys) {
    return status.isFor(standbys);
  }

  /** As {@link OwnershipWord#inherit}. */
  boolean inherit(int dying, int next) {
    if (!status.inherit(dying, next)) {
      return false;
    }
    current = null; // nobody is left who would give the channel back
    asked = null;
    decideUnasked();
    return true;
  }

  // ---------------------------------------------------------------- moving

  /** Has the owner carry out {@code wanted} between two units. Any thread. */
  void request(LoopMove wanted) {
    outside(
        () -> {
          LoopMove before = move;
          move = wanted;
          if (before != null) {
            before.refuse();
          }
        });
  }

  /** Belongs to {@code to} from now on, and to the workers of {@code its}. The owner in IO. */
  void belongTo(Enclave to, StandbyPool its) {
    enclave = to;
    pool = its;
    peers = to.peers();
    handlers = to.handlers();
    attachToQueues();
    handlersSeen = -1;
    unasked = false;
  }

  /** Its enclave. Any thread; may be the one before for a moment. */
  public Enclave enclave() {
    return enclave;
  }

  /** Whether it runs what comes, and is not about to end. Any thread. */
  boolean isStarted() {
    return lifecycle == STARTED;
  }

  RestartBackoff backoff() {
    return backoff;
  }

  /** A unit that ran on after its worker lost this loop has ended. That worker. */
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
    ChannelLoop left = current;
    if (left != null) {
      current = null;
      left.detach();
    }
    InstalledPolicy unanswering = asked;
    if (unanswering != null) {
      asked = null;
      unanswering.overdue();
      decideUnasked();
    }
    pendingTakeover = new PendingTakeover(cause, from, to, atNanos, fromStint, work);
  }

  /** Loads what reports a takeover, see {@link StandbyPool#rehearse}. */
  static void rehearse() {
    var none = new PendingTakeover(TakeoverCause.BLOCKED, 0, 0, 0, 0, null);
    Object _ = new Takeover(0, none.cause(), 0, 0, 0, 0, 0, 0, Enclave.describe(none.work()));
  }

  // ---------------------------------------------------------------- driving

  /**
   * Drives this loop until it is lost or has ended. The owner.
   *
   * @param me the calling worker
   */
  End drive(Worker me) {
    EventExecutor previous = ThreadExecutorMap.setCurrentExecutor(this);
    LoopThread thread = me.thread();
    thread.unit = null;
    thread.drives = this;
    thread.own = this;
    try {
      if (!initialized) {
        initialized = true;
        clock.start();
        handler.initialize();
      }
      // After a takeover what waits in the queues comes before what waits in the sockets.
      clock.forget();
      if (pendingTakeover == null) {
        poll();
      }
      End end;
      while ((end = turn(me, thread)) == null) {
        poll();
      }
      return end;
    } finally {
      thread.drives = null;
      thread.unit = null;
      ThreadExecutorMap.setCurrentExecutor(previous);
    }
  }

  /** Looks at the sockets; sleeps there if there is nothing else to do. */
  private void poll() {
    clock.forget();
    StageQueue s = stage;
    if (s == null) {
      PullQueue<Errand> p = peers;
      try {
        handler.run(context);
      } finally {
        if (p != null) {
          p.unpark(index);
        }
        HandlerQueues<Errand> h = handlers;
        if (h != null) {
          h.unpark(index);
        }
      }
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
    return s.isEmpty()
        && tasks.isEmpty()
        && runQueue.isEmpty()
        && newWork.isEmpty()
        && held.isEmpty()
        && lifecycle == STARTED;
  }

  /** What follows a poll: units, in the order of the head of this class. Null to go on. */
  private @Nullable End turn(Worker me, LoopThread thread) {
    turns++;
    SliceTimer t = timer;
    if (t != null) {
      t.pushIfDue(clock.turnNanos());
    } else if (clock.wasIdle()) {
      clock.turnNanos();
    }
    if (peers != null) {
      if (!ready.isEmpty()) {
        peers.passOn(); // it may have been woken for what is there, and runs its own first
      }
      giving.turn(
          unitsRun,
          clock.busyAtTurnNanos() - errandNanos,
          lifecycle == STARTED && !holding && enclave.policy().isPulledFrom(index));
    }
    timers.expire(tasks::add);
    int ran = runUnits(me, thread);
    if (ran < 0) {
      return End.LOST;
    }
    if (lifecycle != STARTED && confirmShutdown(ran)) {
      terminate(thread);
      return End.TERMINATED;
    }
    LoopMove wanted = move;
    if (wanted != null) {
      move = null;
      if (wanted.carryOut(this, me)) {
        return End.MOVED;
      }
    }
    // Also while it holds back: what may not begin is counted, or refused.
    for (Runnable next; (next = newWork.poll()) != null; ) {
      runQueue.addNew(next);
    }
    // A loop that held back asks again even if peers have taken what waited: while it holds back
    // it sleeps without a word to its stage's queue.
    boolean heldBack =
        (holding || !held.isEmpty() || !runQueue.isEmpty() || hasHandlers()) && holdBack();
    if (!heldBack) {
      for (Runnable next; (next = held.poll()) != null; ) {
        runQueue.addNew(next);
      }
    } else if (stage != null) {
      stage.passOn();
    }
    if (!heldBack && giving.gives()) {
      giveContinuations();
    }
    if (!arrivals.isEmpty() && !place(me, thread)) {
      return End.LOST;
    }
    if (heldBack ? !runQueue.isOwnEmpty() : !runQueue.isEmpty()) {
      if (!runContinuations(me, thread, heldBack)) {
        return End.LOST;
      }
      // What continuations have written goes out before the next system call to poll.
      if (runUnits(me, thread) < 0) {
        return End.LOST;
      }
    } else if (pendingTakeover != null) {
      report(false);
    }
    if (handlers != null && !heldBack && !runHandlers(me, thread)) {
      return End.LOST;
    }
    return peers == null || runErrand(me, thread) ? null : End.LOST;
  }

  /**
   * Runs what is ready, then tasks.
   *
   * @return how many tasks, or -1 if the loop was lost: the caller must not touch it any more
   */
  private int runUnits(Worker me, LoopThread thread) {
    BlockProbe probe = me.probe();
    boolean armed = false;
    long beganNanos = 0;
    int ran = 0;
    int inside = 0;
    int look = timer == null ? Integer.MAX_VALUE : unitClockEvery;
    for (int units = 0; units < MAX_UNITS_PER_TURN; units++) {
      ChannelLoop channel = ready.poll();
      Runnable task = null;
      int events = 0;
      if (channel != null) {
        if (channel.isDetached() || channel.isHeld()) {
          channel.mask();
          continue;
        }
        events = channel.takeEvents();
        if (!ready.isEmpty() && giving.gives()) {
          giveReady();
        }
      } else {
        task = nextTask();
        if (task == null) {
          break;
        }
        ran++;
        if (task instanceof Outside) {
          safeExecute(task);
          continue;
        }
        if (task instanceof ChannelLoop.Task of) {
          channel = of.channel;
          task = of.task;
        } else if (task instanceof UnitTimer<?> due) {
          channel = due.channel;
        }
        if (channel != null && channel.mustWait(task)) {
          channel.park(task);
          continue;
        }
      }
      if (!armed) {
        armed = true;
        begin(thread);
        beganNanos = thread.turnNanos;
        probe.arm();
      }
      unitsRun++;
      enter(thread, channel);
      try {
        if (task == null) {
          Objects.requireNonNull(channel).runEvents(events);
        } else if (channel != null) {
          channel.inside(task);
        } else {
          task.run();
        }
      } catch (Throwable e) {
        failed(channel, e);
      }
      settle(thread, channel);
      if (!leave(thread, channel)) {
        return -1;
      }
      probe.rearm();
      if (++inside == look) {
        look += pushTimer(Objects.requireNonNull(timer), beganNanos, inside);
      }
    }
    if (armed) {
      probe.disarm();
      clock.forget(); // they may have taken long
    }
    return ran;
  }

  /**
   * Pushes the slice's timer out between two units: many of them are not one that is stuck.
   *
   * @param beganNanos when the first of {@code units} did
   * @return after how many more to do so again
   */
  private int pushTimer(SliceTimer t, long beganNanos, int units) {
    long now = System.nanoTime();
    t.pushIfDue(now);
    unitClockEvery = clockEvery(now - beganNanos, units);
    return unitClockEvery;
  }

  /** How many more are to run before the clock is read again. */
  private static int clockEvery(long tookNanos, int ran) {
    return tookNanos > ran * LONG_NANOS ? 1 : CLOCK_EVERY;
  }

  /** A connection of a client whose task has failed tells those who wait for its answers. */
  private void failed(@Nullable ChannelLoop view, Throwable e) {
    LOGGER.log(System.Logger.Level.ERROR, "A unit of event loop " + index + " failed", e);
    Channel channel = view == null ? null : view.channel();
    if (channel != null && channel.parent() == null && channel.isRegistered()) {
      channel.pipeline().fireExceptionCaught(e);
    }
  }

  private @Nullable Runnable nextTask() {
    Runnable task = front.poll();
    return task != null ? task : tasks.poll();
  }

  /** Before the first of several units. */
  private void begin(LoopThread thread) {
    thread.turnNanos = clock.turnNanos();
    if (pendingTakeover != null) {
      report(true); // now, not afterwards: this unit may block, too
    }
  }

  private void enter(LoopThread thread, @Nullable ChannelLoop channel) {
    current = channel;
    thread.unit = channel == null ? LoopThread.NO_CHANNEL : channel;
    thread.ran = 0;
    // From here on the loop may be lost at any instruction.
    SliceTimer t = timer;
    thread.word = t == null ? status.enter() : t.enter(status);
  }

  /**
   * @return false if the loop was lost: the caller must not touch it any more
   */
  private boolean leave(LoopThread thread, @Nullable ChannelLoop channel) {
    Object unit = thread.unit;
    boolean _ = Thread.interrupted(); // the flag ends with the unit that has set it
    boolean kept = status.leave(thread.word);
    thread.unit = null;
    if (kept) {
      current = null;
      continuations += thread.ran;
      return true;
    }
    thread.drives = null;
    if (channel != null && unit == channel) {
      giveBack(channel);
    }
    return false;
  }

  /**
   * Runs the callbacks that the unit has noted, and what the channel holds back until they have
   * run. Whoever runs the unit, also after the loop was lost.
   */
  private void settle(LoopThread thread, @Nullable ChannelLoop channel) {
    if (channel == null) {
      Runnable first = thread.callbacks.poll();
      if (first != null) {
        passOn(thread); // they are nobody's in particular: none waits for another
        callback(thread, first);
        passOn(thread);
      }
      return;
    }
    while (true) {
      Runnable callback = thread.callbacks.poll();
      if (callback != null) {
        callback(thread, callback);
      } else if (!goOn(channel)) {
        return;
      }
      if (thread.unit != channel) {
        return; // given up by a callback that waits
      }
    }
  }

  private boolean goOn(ChannelLoop channel) {
    try {
      return channel.goOn();
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.ERROR, "A unit of event loop " + index + " failed", e);
      return true; // what it had noted before is run all the same
    }
  }

  private static void callback(LoopThread thread, Runnable callback) {
    thread.inCallback = true;
    try {
      callback.run();
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.ERROR, "A callback failed outside of its context", e);
    } finally {
      thread.inCallback = false;
      thread.ran++;
    }
  }

  private void passOn(LoopThread thread) {
    for (Runnable next; (next = thread.callbacks.poll()) != null; ) {
      addShared(next);
    }
  }

  /**
   * Gives up the channel whose unit the calling thread runs, for a callback that is about to wait:
   * what it waits for may be an event of that very channel. Does nothing elsewhere.
   */
  @Override
  public void suspend() {
    if (Thread.currentThread() instanceof LoopThread thread
        && thread.unit instanceof ChannelLoop channel) {
      channel.loop.suspend(thread, channel);
    }
  }

  @Override
  public boolean maySuspend() {
    return timer != null
        && !(Thread.currentThread() instanceof LoopThread thread
            && thread.drives == this
            && own(thread).pool.isUsedUp()
            && own(thread).status.get() == thread.word);
  }

  @Override
  public boolean startAhead(Ahead ahead) {
    StandbyPool counts = pool;
    boolean isVirtual = ahead.isSeen();
    if (!(isVirtual ? counts.tryVirtual() : counts.tryAhead())) {
      return false;
    }
    away.getAndIncrement();
    if (!counts.enclave().ahead().start(this, counts, ahead, isVirtual)) {
      endAhead(counts, isVirtual);
      return false;
    }
    return true;
  }

  /** What was started ahead has run, counted by a pool that need not be this loop's any more. */
  void endAhead(StandbyPool counts, boolean isVirtual) {
    if (isVirtual) {
      counts.endVirtual();
    } else {
      counts.endAhead();
    }
    cameBack();
  }

  @Override
  public @Nullable Object source() {
    return Thread.currentThread() instanceof LoopThread thread
            && !thread.inCallback
            && thread.unit instanceof ChannelLoop channel
            && channel.runsCallbacks()
        ? channel
        : null;
  }

  @Override
  public boolean isHeld(Object source) {
    return ((ChannelLoop) source).isHolding();
  }

  @Override
  public void afterHold(Object source, Runnable next) {
    ((ChannelLoop) source).afterHold(next);
  }

  @Override
  public Runnable holdSource(Object source, Runnable callback) {
    ChannelLoop channel = (ChannelLoop) source;
    return ChannelLoop.current() == channel ? channel.holdFor(callback) : callback;
  }

  @Override
  public boolean runsInsideOnly(Object source) {
    return ((ChannelLoop) source).runsCallbacksInsideOnly();
  }

  @Override
  public boolean isInside(Object source) {
    return ChannelLoop.current() == source;
  }

  @Override
  public void continuationInside(Object source, Runnable continuation) {
    ((ChannelLoop) source).continuation(continuation);
  }

  /** Callbacks of a channel's events run in its unit; others of their context must not hold it. */
  @Override
  public boolean mayGoOn(long token, @Nullable Object source) {
    ChannelLoop channel = ChannelLoop.current();
    return channel == null ? isStillOwned(token) : channel == source;
  }

  /** Whether the calling thread runs a unit of {@code loop}, also after that was taken from it. */
  public static boolean isInUnitOf(TransferableEventLoop loop) {
    return Thread.currentThread() instanceof LoopThread thread
        && thread.drives == loop
        && thread.unit != null
        && thread.unit != LoopThread.SUSPENDED;
  }

  /**
   * How much of the last {@code nanos} the calling thread has slept, as far as that is known: what
   * runs is away from its loop. What never had one is taken to have slept all the time.
   */
  public static long asleepNanos(long nanos) {
    if (!(Thread.currentThread() instanceof LoopThread thread) || thread.own == null) {
      return nanos;
    }
    Enclave enclave = own(thread).enclave;
    int worker = StatusWord.owner(thread.word);
    if (enclave.awayNanos(worker, TakeoverCause.HOG) > 0) {
      return 0;
    }
    long asleep = enclave.awayNanos(worker, TakeoverCause.BLOCKED);
    return asleep == 0 ? nanos : Math.min(nanos, asleep);
  }

  /** Whether the calling thread runs a unit of a loop that was taken from it, or never had it. */
  public static boolean isAway() {
    return hasLostLoop() || Thread.currentThread().isVirtual();
  }

  /** Whether the calling thread runs a unit of a loop that was taken from it. */
  public static boolean hasLostLoop() {
    return Thread.currentThread() instanceof LoopThread thread
        && thread.drives != null
        && thread.unit != null
        && own(thread).status.get() != thread.word;
  }

  /** The loop whose word {@code thread} has entered, while it runs a unit of any loop. */
  private static TransferableEventLoop own(LoopThread thread) {
    return Objects.requireNonNull(thread.own, "own");
  }

  private void suspend(LoopThread thread, ChannelLoop channel) {
    enclave.policies().tell(Message.Kind.YIELDED, index, -1, thread.handlerClass, 0);
    passOn(thread);
    thread.unit = LoopThread.SUSPENDED;
    if (thread.own != this) { // a unit that this loop has given
      giveBack(channel);
      return;
    }
    long next = status.suspend(thread.word);
    if (next == OwnershipWord.LOST) {
      giveBack(channel);
    } else {
      thread.word = next;
      channel.execute(ChannelLoop.GO_ON);
    }
  }

  /** The unit of a channel has ended on a thread that has lost the loop. That thread. */
  private void giveBack(ChannelLoop channel) {
    tasks.add(
        new Outside(
            () -> {
              channel.attach();
              comeBack(channel);
            }));
    wakeUnlessInUnit();
  }

  /**
   * What has waited for a channel comes first: what it had read, events, then tasks. The owner in
   * IO.
   */
  void comeBack(ChannelLoop channel) {
    ChannelLoop.Inbound inbound = channel.inbound();
    if (inbound == null || inbound.isEmpty()) {
      channel.unmask();
    } else {
      front.add(new ChannelLoop.Task(channel, ChannelLoop.GO_ON));
      front.add(new Outside(channel::unmask));
    }
    for (Runnable task; (task = channel.unpark()) != null; ) {
      front.add(task instanceof UnitTimer<?> ? task : new ChannelLoop.Task(channel, task));
    }
  }

  /** Has {@code task} run in {@code channel} before all others. The owner in IO. */
  void first(ChannelLoop channel, Runnable task) {
    front.add(new ChannelLoop.Task(channel, task));
  }

  /** Notes that a channel has events. The owner in IO. */
  void ready(ChannelLoop channel) {
    ready.add(channel);
  }

  IoHandler handler() {
    return handler;
  }

  /** A view of this loop for one more channel. Any thread. */
  public ChannelLoop newView() {
    return new ChannelLoop(this);
  }

  /** During the shutdown, when the loop changes hands no more. */
  private int runTasks() {
    int ran = 0;
    Runnable task;
    while (ran < MAX_UNITS_PER_TURN && (task = nextTask()) != null) {
      ChannelLoop channel =
          task instanceof ChannelLoop.Task of
              ? of.channel
              : task instanceof UnitTimer<?> due ? due.channel : null;
      Runnable body = task instanceof ChannelLoop.Task of ? of.task : task;
      if (channel != null && channel.mustWait(body)) {
        channel.park(body);
      } else {
        safeExecute(body);
      }
      ran++;
    }
    return ran;
  }

  // ---------------------------------------------------------------- pulling

  /** Whether this loop may run units of its peers. The owner in IO. */
  private boolean mayPull() {
    return !pool.isExhausted();
  }

  /** The last look before this loop sleeps: whether nothing waits for it among its peers. */
  private boolean mayIdle() {
    PullQueue<Errand> p = peers;
    if (p == null) {
      return true;
    }
    if (!mayPull()) {
      unasked = true; // Dekker with StandbyPool.await, as holding
      if (!mayPull()) {
        return given.get() == 0 || p.isEmpty();
      }
    }
    if (unasked) {
      unasked = false;
    }
    return p.park(index);
  }

  /** Shares the channels that are ready with the peers that sleep. */
  private void giveReady() {
    PullQueue<Errand> p = Objects.requireNonNull(peers);
    int idle = p.idle();
    if (idle == 0) {
      return;
    }
    for (int share = share(ready.size(), idle); share > 0; share--) {
      ChannelLoop channel = ready.removeLast();
      // Where callbacks run outside of the channel its unit is short.
      if (channel.isDetached() || channel.isHeld() || !channel.runsCallbacks()) {
        ready.addLast(channel);
        return;
      }
      channel.detach();
      int events = channel.takeEvents();
      if (!give(new Errand(this, channel, events, null, clock.turnNanos()))) {
        channel.attach();
        channel.putBack(events);
        return;
      }
    }
  }

  private void giveContinuations() {
    int waiting = runQueue.size();
    int idle = waiting < 2 ? 0 : Objects.requireNonNull(peers).idle();
    for (int share = idle == 0 ? 0 : share(waiting - 1, idle); share > 0; share--) {
      Runnable continuation = runQueue.pollOwn();
      if (continuation == null) {
        return;
      }
      if (!give(new Errand(this, null, 0, continuation, clock.turnNanos()))) {
        runQueue.addLocal(continuation);
        return;
      }
    }
  }

  /** An equal part of one more than {@code waiting}, which this loop has in hand, for each. */
  private static int share(int waiting, int idle) {
    return (waiting * idle + idle) / (idle + 1);
  }

  private boolean give(Errand errand) {
    given.getAndIncrement();
    if (!Objects.requireNonNull(peers).offer(errand)) {
      given.getAndDecrement();
      return false;
    }
    givenUnits.increment();
    return true;
  }

  /**
   * Runs one unit that a loop has given away, after this loop's own.
   *
   * @return false if this loop was lost: the caller must not touch it any more
   */
  private boolean runErrand(Worker me, LoopThread thread) {
    PullQueue<Errand> p = Objects.requireNonNull(peers);
    if (p.isEmpty() || !(mayPull() || given.get() > 0)) {
      return true;
    }
    Errand errand = p.poll();
    return errand == null || run(me, thread, errand);
  }

  /**
   * Runs a unit of any loop, as this loop's owner.
   *
   * @return false if this loop was lost: the caller must not touch it any more
   */
  private boolean run(Worker me, LoopThread thread, Errand errand) {
    TransferableEventLoop home = errand.home();
    if (home != this) {
      pulledUnits++;
    }
    begin(thread);
    BlockProbe probe = me.probe();
    probe.arm();
    EventExecutor previous = ThreadExecutorMap.setCurrentExecutor(home);
    long beganNanos = System.nanoTime();
    long turnNanos = thread.turnNanos;
    enter(thread, null);
    thread.drives = home;
    thread.turnNanos = errand.turnNanos();
    thread.handlerClass = errand.handlerClass();
    thread.unit = errand.channel() == null ? LoopThread.NO_CHANNEL : errand.channel();
    home.runGiven(thread, errand);
    Object unit = thread.unit;
    boolean kept = status.leave(thread.word);
    thread.unit = null;
    thread.drives = kept ? this : null;
    thread.turnNanos = turnNanos;
    ThreadExecutorMap.setCurrentExecutor(previous);
    long nanos = System.nanoTime() - beganNanos;
    home.errandEnded(errand, unit, nanos, home != this);
    if (kept) {
      if (errand.isHandler()) {
        enclave.classes().ran(errand.handlerClass(), nanos);
        enclave.policies().tell(Message.Kind.DONE, index, me.id(), errand.handlerClass(), nanos);
      }
      thread.handlerClass = HandlerClasses.UNKNOWN;
      continuations += thread.ran;
      probe.disarm();
      clock.forget();
      errandNanos += nanos; // it is no unit of this loop's
    }
    return kept;
  }

  /** The unit itself, of this loop, on a thread that has another one, or may have lost it. */
  private void runGiven(LoopThread thread, Errand errand) {
    ChannelLoop channel = errand.channel();
    Runnable continuation = errand.continuation();
    if (continuation != null) {
      callback(thread, continuation);
      passOn(thread);
      return;
    }
    try {
      Objects.requireNonNull(channel).runEvents(errand.events());
    } catch (Throwable e) {
      failed(channel, e);
    }
    settle(thread, channel);
  }

  /** A unit that this loop has given has ended, at a peer's or back here. Its thread. */
  private void errandEnded(Errand errand, @Nullable Object unit, long nanos, boolean atPeer) {
    if (errand.isHandler()) {
      queued.getAndDecrement();
    } else {
      if (atPeer) {
        giving.ended(nanos);
      }
      ChannelLoop channel = errand.channel();
      if (channel != null && unit == channel) {
        giveBack(channel);
      }
      given.getAndDecrement();
    }
    if (lifecycle != STARTED) {
      handler.wakeup();
    }
  }

  // ---------------------------------------------------------------- handlers a policy orders

  @Override
  public boolean queuesHandlers() {
    return handlers != null
        && (enclave.policy().queuesHandlers() || places.isAny())
        && lifecycle == STARTED;
  }

  @Override
  public boolean queuesHandlers(int handlerClass) {
    return handlers != null
        && (enclave.policy().queuesHandlers() || placeOf(handlerClass) != null)
        && lifecycle == STARTED;
  }

  @Override
  public boolean isPlaced(int handlerClass) {
    return placeOf(handlerClass) != null;
  }

  /** The enclave that handlers of this class run in; null if that is this loop's. */
  private @Nullable Enclave placeOf(int handlerClass) {
    Enclave place = places.of(handlerClass);
    return place == enclave ? null : place;
  }

  @Override
  public void handler(Runnable continuation, int handlerClass, long deadlineNanos) {
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    handlerOf(placeOf(handlerClass), continuation, handlerClass, deadlineNanos);
  }

  /** Adds a handler that runs in {@code place}, null for this loop's enclave. Any thread. */
  void handlerOf(
      @Nullable Enclave place, Runnable continuation, int handlerClass, long deadlineNanos) {
    queued.getAndIncrement();
    Errand handler =
        Errand.handler(this, continuation, clockNanos(), handlerClass, deadlineNanos, place);
    if (place == null || !place.receive(handler)) {
      arrive(handler);
      rejectIfEnded(continuation);
    }
  }

  /**
   * Takes a handler that was sent to this loop's enclave. Any thread.
   *
   * @return false if this loop ends: nothing changed
   */
  boolean receive(Errand handler) {
    if (lifecycle != STARTED) {
      return false;
    }
    arrive(handler);
    try {
      rejectIfEnded(Objects.requireNonNull(handler.continuation()));
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Has the policy decide where a handler goes that has come here, also once more. Any thread. */
  void arrive(Errand handler) {
    arrivals.add(handler);
    wakeUnlessInUnit();
  }

  /** What a policy has been asked about in vain. The new owner in IO. */
  private void decideUnasked() {
    Errand undecided = deciding;
    if (undecided != null) {
      deciding = null;
      runUndecided(undecided);
    }
  }

  /**
   * Runs what no policy orders, as a continuation; what comes from another loop waits where the
   * loops of this enclave find it. The owner in IO.
   */
  private void runUndecided(Errand handler) {
    if (handler.home() == this) {
      queued.getAndDecrement();
      runQueue.addLocal(Objects.requireNonNull(handler.continuation()));
      return;
    }
    HandlerQueues<Errand> h = Objects.requireNonNull(handlers);
    InstalledPolicy policy = enclave.policy();
    boolean all = policy.isPulledFrom(index);
    int queue = all ? h.shared() : index;
    HandlerQueues.Entry<Errand> entry =
        h.add(queue, handler.turnNanos(), handler.handlerClass(), handler);
    if (enclave.policy() != policy && h.claim(queue, entry)) {
      arrivals.add(handler); // Dekker as in place: the next policy may never look there
    } else if (all && h.size(queue) > 1) { // one is this loop's
      h.wakeAny();
    }
  }

  /** Sends what belongs to another enclave there, or home if nobody is left. The owner in IO. */
  private boolean isSentOn(Errand handler) {
    Enclave target = handler.target();
    if (target == null || target == enclave) {
      return false;
    }
    if (target.receive(handler)) {
      return true;
    }
    if (handler.home() == this) {
      return false;
    }
    handler.home().arrive(handler);
    return true;
  }

  /**
   * Asks the policy where the handlers go that have come, and puts them there.
   *
   * @return false if the loop was lost: the caller must not touch it any more
   */
  private boolean place(Worker me, LoopThread thread) {
    HandlerQueues<Errand> h = Objects.requireNonNull(handlers);
    Errand handler;
    for (int placed = 0; placed < TASK_CHUNK && (handler = arrivals.poll()) != null; placed++) {
      if (isSentOn(handler)) {
        continue;
      }
      InstalledPolicy policy = enclave.policy();
      if (!policy.queuesHandlers()
          || lifecycle != STARTED
          || !policy.mayBeAsked()
          || !policy.knows(index)) {
        runUndecided(handler);
        continue;
      }
      deciding = handler;
      beginAsking(me, thread, policy);
      int handlerClass = handler.handlerClass();
      int queue =
          policy.queueOf(
              thread.policyCall, index, handlerClass, handler.deadlineNanos(), thread.turnNanos);
      long rank =
          policy.rank(
              thread.policyCall,
              queue == h.shared() ? index : queue,
              handlerClass,
              handler.turnNanos(),
              handler.deadlineNanos());
      if (!endAsking(me, thread, policy)) {
        return false;
      }
      deciding = null;
      HandlerQueues.Entry<Errand> entry = h.add(queue, rank, handlerClass, handler);
      // Dekker with PolicyHost, which stores the new policy, and then takes what is in the queues.
      if (enclave.policy() != policy && h.claim(queue, entry)) {
        arrivals.add(handler);
        continue;
      }
      enclave
          .policies()
          .tell(Message.Kind.RUNNABLE, queue == h.shared() ? -1 : queue, -1, handlerClass, 0);
      if (queue != h.shared()) {
        h.wake(queue);
      }
      if (h.isAnyIdle() && !wakeWhoMayPull(me, thread, policy, queue, handlerClass)) {
        return false;
      }
    }
    return true;
  }

  private boolean wakeWhoMayPull(
      Worker me, LoopThread thread, InstalledPolicy policy, int queue, int handlerClass) {
    HandlerQueues<Errand> h = Objects.requireNonNull(handlers);
    int woken = -1;
    if (!policy.mayBeAsked()) {
      return true; // the default policy follows, or those that are idle look again
    }
    beginAsking(me, thread, policy);
    for (int loop = 0; loop < enclave.loopCount() && woken < 0; loop++) {
      if (loop != index
          && loop != queue
          && h.isIdle(loop)
          && policy.mayPull(thread.policyCall, loop, queue, handlerClass)) {
        woken = loop;
      }
    }
    if (!endAsking(me, thread, policy)) {
      return false;
    }
    if (woken >= 0) {
      h.wake(woken);
    }
    return true;
  }

  /**
   * From here on until {@link #endAsking} the policy may be asked: if it hangs the loop is lost.
   */
  private void beginAsking(Worker me, LoopThread thread, InstalledPolicy policy) {
    begin(thread);
    asked = policy;
    me.probe().arm();
    enter(thread, null);
  }

  /**
   * @return false if the loop was lost: the caller must not touch it any more
   */
  private boolean endAsking(Worker me, LoopThread thread, InstalledPolicy policy) {
    if (!leave(thread, null)) {
      policy.answered();
      enclave.wakeAll(); // who had to do without it asks now
      return false;
    }
    asked = null;
    me.probe().disarm();
    return true;
  }

  /**
   * Runs handlers from this loop's queue, or one that it may pull.
   *
   * @return false if the loop was lost: the caller must not touch it any more
   */
  private boolean runHandlers(Worker me, LoopThread thread) {
    HandlerQueues<Errand> h = Objects.requireNonNull(handlers);
    long seen = h.added();
    if (h.isEmpty()) {
      handlersSeen = seen;
      mayNotPull = false;
      return true;
    }
    InstalledPolicy policy = enclave.policy();
    long beganNanos = clock.turnNanos();
    int ran = 0;
    HandlerQueues.Entry<Errand> next;
    while (ran < policy.batch() && (next = h.poll(index)) != null) {
      ran++;
      if (!run(me, thread, next.handler())) {
        return false;
      }
      if (System.nanoTime() - beganNanos > policy.batchNanos()) {
        break;
      }
    }
    mayNotPull = !mayPull();
    if (ran > 0 || mayNotPull) {
      handlersSeen = ran > 0 ? -1 : seen;
      return true;
    }
    for (int step = 0; step <= enclave.loopCount(); step++) {
      int queue = step == 0 ? h.shared() : (index + step) % enclave.loopCount();
      if (queue == index || h.size(queue) == 0) {
        continue;
      }
      while (true) {
        if (lifecycle == STARTED && !policy.queuesHandlers()) {
          // What comes from another enclave, or waits here from before: runUndecided
          next =
              queue == h.shared() || policy.isPulledFrom(queue)
                  ? h.find(queue, 1, _ -> true)
                  : null;
        } else if (lifecycle == STARTED) {
          if (!policy.mayBeAsked()) {
            handlersSeen = seen; // who asks now wakes this loop, or the default policy does
            return true;
          }
          beginAsking(me, thread, policy);
          next =
              h.find(
                  queue,
                  MAX_ASKED,
                  entry -> policy.mayPull(thread.policyCall, index, queue, entry.handlerClass()));
          if (!endAsking(me, thread, policy)) {
            return false;
          }
        } else {
          next = h.find(queue, 1, entry -> true); // no agent may be left to decide
        }
        if (next == null) {
          break;
        }
        if (h.claim(queue, next)) {
          pulledUnits++;
          handlersSeen = -1;
          return run(me, thread, next.handler());
        }
      }
    }
    handlersSeen = seen;
    return true;
  }

  private boolean hasHandlers() {
    HandlerQueues<Errand> h = handlers;
    return h != null && h.size(index) > 0;
  }

  /** The last look before this loop sleeps: whether nothing was added that it has not seen. */
  private boolean mayIdleForHandlers() {
    HandlerQueues<Errand> h = handlers;
    if (h == null) {
      return true;
    }
    if (!arrivals.isEmpty()) {
      return false;
    }
    boolean queues = enclave.policy().queuesHandlers();
    if (holding || (!queues && !enclave.isReceiving() && h.isEmpty())) {
      return true; // who installs a policy, or sends the first handler here, wakes all loops
    }
    // Dekker with StandbyPool.await: mayIdle has said that this loop is not to be asked.
    if (h.size(index) > 0 || (mayNotPull && mayPull()) || !h.park(index, handlersSeen)) {
      return false;
    }
    if (queues) {
      enclave.policies().tell(Message.Kind.IDLE, index, -1, HandlerClasses.UNKNOWN, 0);
    }
    return true;
  }

  /** Whether this loop sleeps, or is about to, with nothing to do. Any thread. */
  boolean isIdle() {
    HandlerQueues<Errand> h = handlers;
    return (h != null && h.isIdle(index)) || (peers != null && peers.isIdle(index));
  }

  /** How many handlers and continuations wait here; an estimate. Any thread. */
  int waitingUnits() {
    HandlerQueues<Errand> h = handlers;
    return runQueue.size() + (h == null ? 0 : h.size(index)) + arrivals.size();
  }

  /** As {@link dev.baton.scheduler.policy.Agent#run}. An agent. */
  TransactionResult run(long seen) {
    HandlerQueues<Errand> h = handlers;
    if (status.get() != seen) {
      return TransactionResult.STALE;
    }
    if (h == null || h.size(h.shared()) == 0) {
      return TransactionResult.NOT_RUNNABLE;
    }
    if (pool.isExhausted()) {
      return TransactionResult.CPU_UNAVAILABLE;
    }
    if (!h.claimIdle(index)) {
      return TransactionResult.STALE;
    }
    HandlerQueues.Entry<Errand> first = h.poll(h.shared());
    if (first != null) {
      h.add(index, Long.MIN_VALUE, first.handlerClass(), first.handler());
    }
    h.wakeClaimed(index);
    return first == null ? TransactionResult.NOT_RUNNABLE : TransactionResult.COMMITTED;
  }

  /** As {@link dev.baton.scheduler.policy.Agent#takeOver}, within so long. An agent. */
  TransactionResult requestTakeover(long seen, long nanos) {
    SliceTimer t = timer;
    if (status.get() != seen) {
      return TransactionResult.STALE;
    }
    if (!StatusWord.isTakeable(seen)) {
      return TransactionResult.NOT_RUNNABLE;
    }
    if (t == null || pool.isUsedUp()) {
      return TransactionResult.CPU_UNAVAILABLE;
    }
    var request = new TakeoverRequest(seen);
    pool.wakeFor(t, request);
    TransactionResult result = request.await(nanos);
    if (result != null) {
      return result;
    }
    return status.get() == seen ? TransactionResult.CPU_UNAVAILABLE : TransactionResult.STALE;
  }

  /** Another slice. Any thread. */
  void slice(long nanos) {
    SliceTimer t = timer;
    if (t != null) {
      t.slice(pool.slice(nanos));
    }
  }

  /** Whether the owner asks a policy. Any thread; right if that one is stuck there. */
  boolean isAsking() {
    return StatusWord.isTakeable(status.get()) && asked != null;
  }

  /** Wakes this loop if it sleeps: another policy decides. Any thread. */
  void wake() {
    wakeUnlessInUnit();
  }

  /**
   * Has a standby look at this loop in a while, whatever has become of the last one. Any thread.
   */
  void watchAgain() {
    SliceTimer t = timer;
    if (t != null) {
      t.watchAgain();
    }
  }

  // ---------------------------------------------------------------- continuations

  /**
   * @param ownOnly whether to leave the stage's alone
   * @return false if the loop was lost: the caller must not touch it any more
   */
  private boolean runContinuations(Worker me, LoopThread thread, boolean ownOnly) {
    BlockProbe probe = me.probe();
    begin(thread);
    long beganNanos = clock.turnNanos();
    InstalledPolicy policy = enclave.policy();
    int limit = policy.batch();
    int ran = 0;
    int look = clockEvery;
    Runnable continuation;
    probe.arm();
    while (ran < limit && (continuation = ownOnly ? runQueue.pollOwn() : runQueue.poll()) != null) {
      enter(thread, null);
      callback(thread, continuation);
      passOn(thread);
      if (!leave(thread, null)) {
        return false;
      }
      ran++;
      probe.rearm();
      if (ran == look) {
        long tookNanos = System.nanoTime() - beganNanos;
        clockEvery = clockEvery(tookNanos, ran);
        look += clockEvery;
        if (tookNanos > policy.batchNanos()) {
          break;
        }
      }
    }
    probe.disarm();
    unitsRun += ran;
    clock.forget(); // they may have taken long
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

  /**
   * Wakes this loop if it holds work back, or off its peers. A worker that has become a standby.
   */
  void wakeIfHolding(StandbyPool back) {
    if ((holding || unasked) && pool == back) { // in this order: see belongTo
      handler.wakeup();
    }
  }

  /** Also for what waits behind a callback that is away. */
  @Override
  public WaitingRoom room() {
    return room;
  }

  /** How long new work may wait, nanoseconds. */
  public long maxWaitNanos() {
    return pool.maxWaitNanos();
  }

  @Override
  public void later(Runnable look, long nanos) {
    Future<?> _ = schedule(look, nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public boolean isHoldingBack() {
    return pool.isExhausted();
  }

  // ---------------------------------------------------------------- time

  /**
   * When the turn began in which the calling thread runs a unit, {@link System#nanoTime}: the clock
   * is read once per poll, so this is also when the unit began to wait for those before it.
   */
  public static long turnNanos() {
    return Thread.currentThread() instanceof LoopThread thread && thread.unit != null
        ? thread.turnNanos
        : System.nanoTime();
  }

  @Override
  public long clockNanos() {
    return Thread.currentThread() instanceof LoopThread thread
            && thread.unit != null
            && !thread.inCallback
        ? thread.turnNanos
        : System.nanoTime();
  }

  // ---------------------------------------------------------------- outside of units

  /** A task of the loop itself: it runs in IO, and must not block. */
  private record Outside(Runnable task) implements Runnable {
    @Override
    public void run() {
      task.run();
    }
  }

  /** Whether {@code thread} owns this loop and runs no unit. The thread itself. */
  boolean isOutside(Thread thread) {
    return thread instanceof LoopThread t && t.drives == this && t.unit == null;
  }

  /** Runs {@code task} in IO. Any thread. */
  void outside(Runnable task) {
    if (isOutside(Thread.currentThread())) {
      task.run();
    } else {
      execute(new Outside(task));
    }
  }

  // ---------------------------------------------------------------- timers

  <V> UnitTimer<V> timer(
      @Nullable ChannelLoop channel,
      Callable<? extends @Nullable V> task,
      long delayNanos,
      long periodNanos) {
    var timer = new UnitTimer<V>(this, channel, task, delayNanos, periodNanos);
    addTimer(timer);
    return timer;
  }

  @Override
  <V> UnitTimer<V> timer(Callable<? extends @Nullable V> task, long delayNanos, long periodNanos) {
    return timer(null, task, delayNanos, periodNanos);
  }

  void addTimer(UnitTimer<?> timer) {
    outside(
        () -> {
          if (!timer.isDone()) {
            timers.add(timer);
          }
        });
  }

  void removeTimer(UnitTimer<?> timer) {
    if (lifecycle < SHUTDOWN) {
      outside(() -> timers.remove(timer));
    }
  }

  // ---------------------------------------------------------------- work from outside

  @Override
  public void continuation(Runnable continuation) {
    if (isOutside(Thread.currentThread())) {
      runQueue.addLocal(continuation); // moves with the loop
    } else if (!isNoted(continuation)) {
      addShared(continuation);
    }
  }

  /** While little waits it keeps its place, as in stock; else it does not hold others up. */
  @Override
  public void newWork(Runnable continuation) {
    if (runQueue.size() + newWork.size() + held.size() < SHORT_QUEUE) {
      continuation(continuation);
    } else if (!isNoted(continuation)) {
      add(continuation, newWork);
    }
  }

  /** Whether {@code continuation} runs at the end of the unit that the calling thread runs. */
  private boolean isNoted(Runnable continuation) {
    if (Thread.currentThread() instanceof LoopThread thread
        && thread.drives == this
        && !thread.inCallback
        && (thread.unit == LoopThread.NO_CHANNEL
            || (thread.unit instanceof ChannelLoop channel && channel.runsCallbacks()))) {
      thread.callbacks.add(continuation);
      return true;
    }
    return false;
  }

  private void addShared(Runnable continuation) {
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    if (giving.gives()
        && StatusWord.isTakeable(status.get())
        && Objects.requireNonNull(peers).idle() > 0
        && give(new Errand(this, null, 0, continuation, System.nanoTime()))) {
      return; // this loop is busy, and a peer is not
    }
    runQueue.addShared(continuation);
    rejectIfEnded(continuation);
    wakeUnlessInUnit();
  }

  @Override
  public void hold(Runnable continuation) {
    add(continuation, held);
  }

  private void add(Runnable continuation, Queue<Runnable> queue) {
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    queue.add(continuation);
    rejectIfEnded(continuation);
    wakeUnlessInUnit();
  }

  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    StackRoom.ensure();
    if (lifecycle >= SHUTDOWN) {
      throw new RejectedExecutionException("event loop " + index + " is shut down");
    }
    tasks.add(task);
    rejectIfEnded(task);
    if (!isOutside(Thread.currentThread())) {
      wakeUnlessInUnit();
    }
  }

  /**
   * Rejects what was added after the loop had looked for the last time. Dekker with {@link
   * #terminate}: add, read lifecycle; write lifecycle, look at the queues.
   */
  private void rejectIfEnded(Runnable added) {
    if (lifecycle != TERMINATED) {
      return;
    }
    synchronized (leftOver) {
      if (!drained) {
        return; // the owner will see it
      }
      collectLeftOver(); // no owner is left: whoever comes late is the queues' consumer
      if (leftOver.remove(added)) {
        throw new RejectedExecutionException("event loop " + index + " is shut down");
      }
    }
  }

  private void collectLeftOver() {
    for (Runnable late; (late = tasks.poll()) != null; ) {
      leftOver.add(late);
    }
    for (Runnable late; (late = pollLate()) != null; ) {
      leftOver.add(late);
    }
    for (Errand late; (late = arrivals.poll()) != null; ) {
      leftOver.add(Objects.requireNonNull(late.continuation()));
    }
  }

  private void wakeUnlessInUnit() {
    if (!StatusWord.isTakeable(status.get())) {
      handler.wakeup();
    }
  }

  /**
   * Whether {@code thread} runs a unit of this loop that belongs to no channel, also after the loop
   * was taken from it, or drives the loop outside of units. What belongs to a channel asks its own
   * {@link ChannelLoop}.
   */
  @Override
  public boolean inEventLoop(Thread thread) {
    return thread instanceof LoopThread t
        && t.drives == this
        && (t.unit == null || t.unit == LoopThread.NO_CHANNEL || NAIVE_IN_EVENT_LOOP);
  }

  /**
   * A promise whose listeners are told at once by who completes it inside one of this loop's
   * channels: in stock loop and channel are one, and what the channel brings next finds what they
   * have done.
   */
  @Override
  public <V> Promise<V> newPromise() {
    return new DefaultPromise<>(this) {
      @Override
      protected EventExecutor executor() {
        ChannelLoop channel = ChannelLoop.current();
        return channel != null && channel.loop == TransferableEventLoop.this
            ? channel
            : TransferableEventLoop.this;
      }
    };
  }

  @Override
  public boolean isStillOwned(long seen) {
    return token() == seen;
  }

  @Override
  public long token() {
    return Thread.currentThread() instanceof LoopThread thread && thread.drives == this
        ? own(thread).status.get()
        : status.get();
  }

  // ---------------------------------------------------------------- Netty

  /** The CPU whose standbys take this loop over; -1 without pinning. */
  public int cpu() {
    return pool.cpu();
  }

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

  /** For how long this loop has not slept, nanoseconds; may be a turn old. Any thread. */
  long busyNanos() {
    return clock.busyNanos();
  }

  @Override
  public Future<IoRegistration> register(IoHandle handle) {
    return newView().register(handle);
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel channel) {
    return newView().register(channel);
  }

  @Deprecated
  @Override
  public ChannelFuture register(ChannelPromise promise) {
    return newView().register(promise);
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel channel, ChannelPromise promise) {
    return newView().register(channel, promise);
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
    timers.cancelAll();
    handler.prepareToDestroy();
    boolean busy =
        ran + runTasks() > 0
            || !runQueue.isEmpty()
            || !newWork.isEmpty()
            || !held.isEmpty()
            || away.get() > 0
            || given.get() > 0
            || queued.get() > 0
            || hasOthersWork();
    if (now - shutdownStartNanos > shutdownTimeoutNanos) {
      return true;
    }
    if (lifecycle == SHUTDOWN) {
      return !busy;
    }
    if (busy) {
      lastTaskNanos = now;
      if (runQueue.isOwnEmpty()) {
        pause(1); // also when it holds back what its stage's queue has
      }
      return false;
    }
    if (now - lastTaskNanos < quietPeriodNanos) {
      pause(10);
      return false;
    }
    lifecycle = SHUTDOWN; // nothing is accepted from here on; what was, runs in one more turn
    return false;
  }

  /** Whether something waits here, or in this loop's enclave, that others count on. */
  private boolean hasOthersWork() {
    PullQueue<Errand> p = peers;
    HandlerQueues<Errand> h = handlers;
    return !arrivals.isEmpty() || (p != null && !p.isEmpty()) || (h != null && !h.isEmpty());
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      // A shutdown goes on; nobody waits for this thread's flag but the loop itself.
    }
  }

  private void terminate(LoopThread thread) {
    boolean inTime = System.nanoTime() - shutdownStartNanos <= shutdownTimeoutNanos;
    lifecycle = SHUTDOWN;
    // Tasks that slipped in before producers could see SHUTDOWN
    int dropped = 0;
    while (runTasks() > 0) {
      // run them all
    }
    lifecycle = TERMINATED;
    synchronized (leftOver) {
      // And those whose producers have not seen TERMINATED after they had added
      while (runTasks() > 0) {
        // run them all
      }
      for (Runnable late; (late = pollLate()) != null; ) {
        if (inTime) {
          callback(thread, late);
        } else {
          dropped++;
        }
      }
      for (Errand late; (late = arrivals.poll()) != null; ) {
        if (late.home() != this) {
          late.home().arrive(late);
        } else if (inTime) {
          callback(thread, Objects.requireNonNull(late.continuation()));
        } else {
          dropped++;
        }
      }
      drained = true;
    }
    if (dropped > 0) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Event loop {0} ended at its shutdown timeout with {1} continuations not run",
          index,
          dropped);
    }
    handler.destroy();
    enclave.policies().tell(Message.Kind.LOOP_DEAD, index, -1, HandlerClasses.UNKNOWN, 0);
    termination.setSuccess(null);
  }

  /** What waits here; not the stage's: that is for its other loops, too. */
  private @Nullable Runnable pollLate() {
    Runnable late = runQueue.pollOwn();
    if (late == null) {
      late = newWork.poll();
    }
    return late != null ? late : held.poll();
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
    long word = status.get();
    Map<TakeoverCause, Long> byCause = new EnumMap<>(TakeoverCause.class);
    takeovers.forEach((cause, count) -> byCause.put(cause, count.sum()));
    return new LoopSnapshot(
        index,
        pool.cpu(),
        StatusWord.owner(word),
        StatusWord.isTakeable(word),
        StatusWord.sequence(word),
        turns,
        runQueue.size() + newWork.size() + held.size(),
        tasks.size(),
        away.get(),
        holding,
        continuations,
        byCause.values().stream().mapToLong(Long::longValue).sum(),
        byCause,
        busyNanos(),
        givenUnits.sum(),
        pulledUnits,
        enclave.name());
  }

  StandbyPool pool() {
    return pool;
  }

  @Nullable SliceTimer timer() {
    return timer;
  }

  @Override
  public String toString() {
    return "TransferableEventLoop[" + index + ", owner " + StatusWord.owner(status.get()) + "]";
  }
}
