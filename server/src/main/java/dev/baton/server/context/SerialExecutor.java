package dev.baton.server.context;

import dev.baton.scheduler.loop.Ahead;
import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.ContinuationLoop;
import dev.baton.scheduler.loop.LoopThread;
import dev.baton.scheduler.loop.RunningCallbacks;
import dev.baton.scheduler.loop.StackRoom;
import dev.baton.stages.RequestContext;
import io.vertx.core.Handler;
import io.vertx.core.impl.WorkerExecutor;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.EventExecutor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * An actor's mailbox: callbacks run one at a time, in order, as continuations of one loop.
 *
 * The queue is a chain of nodes, and who may run is decided by its tail, as in an MCS lock [1]:
 *
 *   tail = null        idle: nobody runs, nothing waits
 *   execute            exchanges the tail for its node. It found null: the right to run was free;
 *                      it becomes head and this executor is scheduled on the loop. It found a node:
 *                      it is linked behind that one, whose runner will see it.
 *                      Idle, it tries a compare-and-set (tail: null -> this) first.
 *   after a callback   no next node and compare-and-set (tail: mine -> null): idle again. Otherwise
 *                      a next node is there or about to be linked: the right passes on to it, on
 *                      this thread or, if the budget is used or the loop is lost, by scheduling this
 *                      executor again.
 *
 * The executor is a node itself, which serves whoever finds it idle, again and again. Nobody else
 * knows it then: who has got it from the tail links another node to it, and its runner waits for that
 * link before it ends the turn. So it is filled only after that compare-and-set, by who has the right to
 * run, and its link is null whenever the right is given up.
 *
 * So at most one thread has the right to run. It passes by the exchange of the tail, the link of a
 * node (release / acquire) or the loop's queue, each with everything written before: callbacks see
 * what the ones before them wrote. An uncontended callback costs two CAS.
 *
 * A callback that outlives its loop (it blocked, the loop was taken) keeps the right until it ends;
 * what waits behind it is then scheduled on the loop, that is on its new owner.
 *
 * Suspension (Future.await). The running callback gives up the right as if it had ended and sleeps.
 * The resumption is queued like a callback; who finds it at the head passes the right to the
 * sleeping thread, with its place in the chain, and returns.
 *
 * A callback that must wait, and that an event of a channel has brought, holds back what comes next
 * of that channel until it has run, or waits for a future: stock Vert.x would have run it below that
 * event.
 *
 * New work (fresh) begins only while the loop has standbys, and fewer of its kind have begun than may;
 * else it is put aside until then, and callbacks behind it go first: one of them may be what brings a
 * standby back. In the loop's queue it comes after work that is under way. What comes while a callback
 * is away is told so (runsElsewhere); what was queued behind that one before it left, by a look at the
 * queue a moment later (look).
 *
 * Queued. Where the loop's policy orders handlers, new work that finds the context free waits in the
 * policy's queues, with the right to run, and the channel that has brought it is held. So does new
 * work that runs in another enclave, also if it has waited in this context before.
 *
 * Ahead. New work that is expected to block passes to a thread of its own, with the right to run, as
 * soon as it is at the head; the channel that has brought it is held as for any callback that waits.
 *
 * Inside. A callback that may run only inside the channel that has brought it, as while Vert.x makes a
 * client's connection in it, is sent there when it is at the head, with the right to run.
 *
 * Hand-off. A callback may ask that the right pass to the worker of a stage. That happens once the
 * callback has returned or is suspended: the runner is cleared, the rest is offered to the stage's
 * queue, and whoever pulls it from there enters, with the callback's place in the chain. When that
 * worker leaves, the turn of the callback ends there.
 *
 * Closing. A stock loop that a callback blocks closes no connection. Here a channel stays with the unit
 * that runs in it; callbacks of a request that run elsewhere are counted (RunningCallbacks), until they
 * end or wait for a future: it may be that close. CloseLater waits for them.
 *
 * Errors. Where a caller's recursion may be below, the stack is tried before the first step
 * (StackRoom). A loop that has no memory to take this executor leaves it stranded, with the right to
 * run; the next one who adds a callback behind has it scheduled.
 *
 * runner tells inThread(). Only a thread's own writes matter to its own question, so release is
 * enough; it is cleared before the right is given up, so that a thread is never taken for a runner
 * it no longer is.
 *
 * [1] Mellor-Crummey, Scott: Algorithms for scalable synchronization, TOCS 1991
 */
// google-java-format on
/** Runs callbacks one at a time and in order on a {@link ContinuationLoop}. Any thread. */
public final class SerialExecutor extends CallbackNode implements EventExecutor, Runnable {
  private static final System.Logger LOGGER = System.getLogger(SerialExecutor.class.getName());

  /** Short callbacks in a row between two looks at the clock. */
  private static final int CLOCK_EVERY = 16;

  /** How long callbacks run in a row before others of the loop get their turn. */
  private static final long BUDGET_NANOS = 200_000;

  /** What a short callback takes. */
  private static final long SHORT_NANOS = BUDGET_NANOS / CLOCK_EVERY;

  /** How long new work is behind others before it is looked at what those do. */
  private static final long LOOK_NANOS = 1_000_000;

  private static final int SPINS_BEFORE_YIELD = 100;
  private static final int MAX_COUNTED = 10_000;

  /** No token of a loop. */
  private static final long LOST = -1;

  private static final VarHandle TAIL;
  private static final VarHandle RUNNER;
  private static final VarHandle NEXT;
  private static final VarHandle STRANDED;
  private static final VarHandle LOOKING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(SerialExecutor.class, "tail", CallbackNode.class);
      RUNNER = lookup.findVarHandle(SerialExecutor.class, "runner", Thread.class);
      STRANDED = lookup.findVarHandle(SerialExecutor.class, "stranded", boolean.class);
      LOOKING = lookup.findVarHandle(SerialExecutor.class, "looking", boolean.class);
      NEXT = lookup.findVarHandle(CallbackNode.class, "next", CallbackNode.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ContinuationLoop loop;

  // Written by producers, and by who gives up the right to run; through TAIL
  private volatile @Nullable CallbackNode tail;

  // Written by who has the right to run: the node that runs or runs next
  private @Nullable CallbackNode head;
  private volatile @Nullable Thread runner;
  private RequestContext.@Nullable HandOff handOff;
  private long queuedNanos;
  private long token;
  private volatile boolean inStage;
  private @Nullable RunningCallbacks callbacks;
  private boolean isCounted;

  // Whether the loop had no memory to take this executor; through STRANDED
  private volatile boolean stranded;

  // Whether what waits will be looked at; through LOOKING
  private volatile boolean looking;

  /** An executor with an empty queue. */
  public SerialExecutor(ContinuationLoop loop) {
    this.loop = loop;
  }

  @Override
  public boolean inThread() {
    return runner == Thread.currentThread();
  }

  @Override
  public void execute(Runnable callback) {
    pass(callback, null, null, null, false, null);
  }

  /** As {@link #execute(Runnable)}, for a handler. Any thread. */
  public <T> void execute(T argument, Handler<T> handler) {
    pass(null, null, argument, handler, false, null);
  }

  /**
   * As {@link #execute(Runnable)}, for new work: it begins while the loop has standbys, and not too
   * many of its kind have begun.
   *
   * @param start not null to have it started ahead, and told how it went
   */
  public void executeFresh(NewWork work, @Nullable RouteStart start) {
    pass(work, null, null, null, true, start);
  }

  /**
   * As {@link #executeFresh}, for a handler that {@code context} dispatches.
   *
   * @param context a {@link NewWork.Maker}; null calls the handler, which then never waits
   * @param start as above
   */
  public <T> void dispatchFresh(
      @Nullable ContextInternal context,
      T argument,
      Handler<T> handler,
      @Nullable RouteStart start) {
    pass(null, context, argument, handler, true, start);
  }

  /**
   * Has callbacks from now on counted as {@code channel}'s, which has brought their request. Inside
   * that, before the first one.
   */
  public void broughtBy(ChannelLoop channel) {
    callbacks = channel.callbacks();
  }

  /** Whether what is added now waits for a callback of another thread. Any thread. */
  public boolean runsElsewhere() {
    Thread thread = runner;
    return thread != null && thread != Thread.currentThread();
  }

  private void pass(
      @Nullable Runnable callback,
      @Nullable ContextInternal context,
      @Nullable Object argument,
      @Nullable Handler<?> handler,
      boolean fresh,
      @Nullable RouteStart start) {
    StackRoom.ensure(); // from here on half of it would be worse than nothing
    Object source = loop.source();
    Object holder =
        source != null && loop.isHeld(source) && !(callback instanceof Suspension) ? source : null;
    CallbackNode begun = holder == null ? tryBegin() : null;
    CallbackNode node = begun == null ? new CallbackNode() : begun;
    node.set(callback, context, argument, handler, source, fresh, start);
    node.insideOnly = source != null && loop.runsInsideOnly(source);
    if (holder != null) {
      loop.afterHold(holder, () -> add(node));
    } else if (begun != null) {
      begin(node);
    } else {
      add(node);
    }
  }

  /** Takes the right to run if it is free, with the executor's own node; else null. */
  private @Nullable CallbackNode tryBegin() {
    return tail == null && TAIL.compareAndSet(this, null, this) ? this : null;
  }

  private void add(CallbackNode node) {
    CallbackNode previous = (CallbackNode) TAIL.getAndSet(this, node);
    if (previous == null) {
      begin(node);
    } else {
      try {
        holdSource(node);
      } finally {
        NEXT.setRelease(previous, node); // or its runner would wait for the link for ever
      }
      if (node.fresh && node.isWork()) {
        lookLater();
      }
      if (stranded && STRANDED.compareAndSet(this, true, false)) {
        schedule();
      }
    }
  }

  private void lookLater() {
    if (!looking && LOOKING.compareAndSet(this, false, true)) {
      loop.later(this::look, LOOK_NANOS);
    }
  }

  /** Has new work that waits behind a callback that is away counted, as what comes then is. */
  private void look() {
    looking = false; // what is added from here on is looked at again
    boolean away = runsElsewhere();
    boolean again = false;
    CallbackNode node = tail == null ? null : head;
    while (node != null && (node = node.next) != null) {
      if (node.callback instanceof NewWork work) {
        if (away) {
          work.waitsBehind();
        } else {
          again = true;
        }
      }
    }
    if (again) {
      lookLater();
    }
  }

  private void begin(CallbackNode node) {
    head = node;
    if (!mustWait(node, false)) {
      if (node.fresh && node.isWork() && loop.queuesHandlers() && isQueued(node)) {
        return;
      }
      if (node.start != null) {
        holdSource(node);
      }
      schedule(node.fresh);
    }
  }

  /**
   * Has a policy decide where and when new work begins, if there is one that does. With the right
   * to run.
   */
  private boolean isQueued(CallbackNode node) {
    int handlerClass = node.work().handlerClass();
    if (!loop.queuesHandlers(handlerClass)) {
      return false;
    }
    queue(node, handlerClass);
    return true;
  }

  /** Sends new work that has waited in this context to the enclave that it runs in, if any. */
  private boolean isSentOn(CallbackNode node) {
    if (!node.fresh || !node.isWork() || !loop.queuesHandlers()) {
      return false;
    }
    int handlerClass = node.work().handlerClass();
    if (!loop.isPlaced(handlerClass)) {
      return false;
    }
    queue(node, handlerClass);
    return true;
  }

  private void queue(CallbackNode node, int handlerClass) {
    NewWork work = node.work();
    holdSource(node);
    if (work.mayWait()) {
      queuedNanos = loop.clockNanos();
      loop.handler(this, handlerClass, work.deadlineNanos());
    } else {
      schedule(); // to be refused
    }
  }

  /**
   * What comes next of the same channel waits for a callback that waits; not for one that waits for
   * a stage: whoever hands a request on wants to hear meanwhile that its client has gone.
   */
  private void holdSource(CallbackNode node) {
    Object source = node.source;
    if (source == null || inStage || node.callback instanceof Suspension) {
      return;
    }
    if (node.fresh) {
      node.work().holdSource(body -> loop.holdSource(source, body));
    } else {
      node.callback = loop.holdSource(source, node.callback());
    }
  }

  private static void releaseSource(CallbackNode running) {
    if (running.callback instanceof ContinuationLoop.Hold hold) {
      hold.release();
    } else if (running.callback instanceof NewWork work) {
      work.releaseSource();
    }
  }

  private void schedule() {
    schedule(false);
  }

  private void schedule(boolean fresh) {
    queuedNanos = loop.clockNanos();
    try {
      if (fresh) {
        loop.newWork(this);
      } else {
        loop.continuation(this);
      }
    } catch (OutOfMemoryError e) {
      stranded = true; // nothing was added
      throw e;
    }
  }

  /**
   * Whether new work at the head waits for a standby, or until fewer of its kind have begun. With
   * the right to run, which is given up if so: what is under way in this context goes on. Where
   * events of the new work may follow, whoever keeps it keeps this executor instead.
   *
   * @param begins whether it begins now, and is counted
   */
  private boolean mustWait(CallbackNode node, boolean begins) {
    if (!node.fresh) {
      return false;
    }
    AwayBound bound = node.bound();
    AwayBound full = bound != null && bound.isFull() ? bound : null;
    if (full == null && !loop.isHoldingBack()) {
      if (bound == null || !begins || bound.tryBegin()) {
        node.counted = bound != null && begins;
        return false;
      }
      full = bound;
    }
    NewWork work = node.work();
    if (!work.mayBePutAside(full == null ? loop.room() : full.room())) {
      return false;
    }
    queuedNanos = loop.clockNanos();
    holdSource(node);
    if (work.standsAlone()) {
      CallbackNode next = next();
      keep(full, work, () -> executeFresh(work, null));
      if (next != null) {
        schedule();
      }
    } else {
      keep(full, work, this);
    }
    return true;
  }

  private void keep(@Nullable AwayBound full, NewWork work, Runnable begin) {
    if (full == null) {
      loop.hold(begin);
    } else {
      full.hold(loop, begin, work::isOver);
    }
  }

  /**
   * Takes the right to run if it is free, for a callback that runs right here; then {@link #leave}.
   */
  public boolean tryEnter() {
    StackRoom.ensure(); // also for leave
    CallbackNode node = tryBegin();
    if (node == null) {
      return false;
    }
    head = node;
    token = Thread.currentThread() instanceof LoopThread ? loop.token() : LOST;
    RUNNER.setRelease(this, Thread.currentThread());
    return true;
  }

  /** Since when the callback that runs has waited for the loop, nanoseconds. In a callback. */
  public long queuedNanos() {
    return queuedNanos;
  }

  /**
   * How many callbacks wait behind the one that runs, counted up to {@value #MAX_COUNTED}. Any
   * thread: right if that one has run for a while, as onlookers ask when it is stuck.
   */
  public int waiting() {
    CallbackNode node = tail == null ? null : head;
    int count = 0;
    while (node != null && (node = node.next) != null && count < MAX_COUNTED) {
      count++;
    }
    return count;
  }

  /** One continuation of the loop. */
  @Override
  public void run() {
    long mine = loop.token();
    token = mine;
    CallbackNode node = Objects.requireNonNull(head);
    long begin = 0;
    long looked = 0;
    int look = 1;
    for (int ran = 1; ; ran++) {
      if (node.callback instanceof Suspension suspension) {
        suspension.wake();
        return;
      }
      if (mustWait(node, true) || isSentInside(node)) {
        return;
      }
      AwayBound bound = node.fresh ? node.bound() : null;
      boolean counted = node.counted; // it may pass the node on before it ends
      if (node.start != null && loop.startAhead(new Started(node, node.start, bound))) {
        return;
      }
      RUNNER.setRelease(this, Thread.currentThread());
      runHead(node);
      ended(bound, counted);
      boolean _ = Thread.interrupted(); // it ends with who has set it
      if (handOff != null && passOn()) {
        return;
      }
      CallbackNode next = next();
      if (next == null || isSentOn(next)) {
        return;
      }
      if (!loop.mayGoOn(mine, next.source)) {
        schedule();
        return;
      }
      if (ran >= look) {
        long now = loop.clockNanos();
        begin = begin == 0 ? now : begin;
        if (now - begin > BUDGET_NANOS) {
          schedule();
          return;
        }
        look += now - looked > SHORT_NANOS ? 1 : CLOCK_EVERY;
        looked = now;
      }
      node = next;
    }
  }

  /**
   * Sends a callback that may run only inside the channel that has brought it there, if need be.
   */
  private boolean isSentInside(CallbackNode node) {
    Object source = node.source;
    if (!node.insideOnly || source == null || loop.isInside(source)) {
      return false;
    }
    loop.continuationInside(source, this);
    return true;
  }

  private void runHead(CallbackNode node) {
    RunningCallbacks all = callbacks;
    if (all != null) {
      isCounted = true;
      all.begin();
    }
    try {
      node.call();
    } catch (Throwable t) {
      LOGGER.log(System.Logger.Level.ERROR, "A callback failed outside its context", t);
    }
    endCount();
  }

  /** Nothing that waits for the callbacks of the channel waits for this one any more. In it. */
  private void endCount() {
    RunningCallbacks all = callbacks;
    if (isCounted && all != null) {
      isCounted = false;
      all.end();
    }
  }

  private static void ended(@Nullable AwayBound bound, boolean counted) {
    if (counted) {
      Objects.requireNonNull(bound).returned();
    } else if (bound != null) {
      bound.passOn();
    }
  }

  /**
   * Ends the turn of the callback at the head.
   *
   * @return the next one, now at the head; null if there is none and the right to run is given up
   */
  @SuppressWarnings("ThreadPriorityCheck")
  private @Nullable CallbackNode next() {
    CallbackNode ended =
        Objects.requireNonNull(head); // not what it began with, if it was suspended
    ended.clear();
    RUNNER.setRelease(this, (Thread) null);
    CallbackNode next = ended.next;
    if (next == null) {
      if (TAIL.compareAndSet(this, ended, null)) {
        return null; // not one more access: the next execute owns head from here on
      }
      for (int spins = 0; (next = ended.next) == null; spins++) {
        if (spins < SPINS_BEFORE_YIELD) {
          Thread.onSpinWait();
        } else {
          Thread.yield(); // the producer may wait for this very CPU
        }
      }
    }
    NEXT.set(ended, (CallbackNode) null);
    head = next;
    return next;
  }

  // ---------------------------------------------------------------- stages

  /** See {@link RequestContext#handOff}. */
  public void handOff(RequestContext.HandOff next) {
    if (handOff == null) {
      handOff = next;
    } else {
      execute(() -> handOff(next)); // one callback, one hand-off
    }
  }

  /**
   * @return true if the right to run is gone
   */
  private boolean passOn() {
    RequestContext.HandOff next = Objects.requireNonNull(handOff);
    handOff = null;
    RUNNER.setRelease(this, (Thread) null);
    inStage = true;
    if (next.offer()) {
      return true;
    }
    inStage = false;
    RUNNER.setRelease(this, Thread.currentThread());
    try {
      next.refused();
    } catch (Throwable t) {
      LOGGER.log(System.Logger.Level.ERROR, "A continuation that was refused failed", t);
    }
    return false;
  }

  /** See {@link RequestContext#enter}. */
  public void enter() {
    RUNNER.setRelease(this, Thread.currentThread());
  }

  /** See {@link RequestContext#leave}. */
  public void leave() {
    inStage = false;
    if (handOff != null && passOn()) {
      return;
    }
    CallbackNode next = next();
    if (next != null && !isSentOn(next)) {
      schedule();
    }
  }

  /** Whether the callback that runs has kept its loop. In a callback. */
  public boolean keepsLoop() {
    return loop.isStillOwned(token);
  }

  // ---------------------------------------------------------------- ahead

  /** The callback at the head, away from its loop from the start. */
  private final class Started implements Ahead {
    private final CallbackNode node;
    private final @Nullable Supplier<?> work;
    private final RouteStart start;
    private final @Nullable AwayBound bound;
    private final boolean counted;

    Started(CallbackNode node, RouteStart start, @Nullable AwayBound bound) {
      this.node = node;
      this.work = node.described();
      this.start = start;
      this.bound = bound;
      this.counted = node.counted;
    }

    @Override
    public void run() {
      token = LOST;
      RUNNER.setRelease(SerialExecutor.this, Thread.currentThread());
      runHead(node);
      ended(bound, counted);
      leave();
    }

    @Override
    public boolean isSeen() {
      return start.isSeen();
    }

    @Override
    public @Nullable Supplier<?> work() {
      return work;
    }

    @Override
    public void ran(long nanos) {
      start.ran(nanos);
    }
  }

  // ---------------------------------------------------------------- Future.await

  /** This executor as {@code Future.await} asks for it. */
  public WorkerExecutor worker() {
    return new Worker();
  }

  private final class Worker extends WorkerExecutor {
    Worker() {
      super(null, null); // its pool and queue: every use of them is overridden
    }

    @Override
    public boolean inThread() {
      return SerialExecutor.this.inThread();
    }

    @Override
    public void execute(Runnable callback) {
      SerialExecutor.this.execute(callback);
    }

    @Override
    public Execution currentExecution() {
      return SerialExecutor.this.currentExecution();
    }
  }

  /**
   * The callback that runs, as one that may wait for a future. In it.
   *
   * @throws IllegalStateException if it may not
   */
  public WorkerExecutor.Execution currentExecution() {
    if (!inThread()) {
      throw new IllegalStateException("not inside a callback of this context");
    }
    if (!loop.maySuspend()) {
      throw new IllegalStateException(
          "Future.await would stop the event loop: no standby can take it, since loops do not"
              + " change hands here or all of maxStandbys are in use; use compose or onComplete, or"
              + " raise maxStandbys");
    }
    return new Suspension(Thread.currentThread());
  }

  /** A callback that waits for a future. Its own place in the queue when it may go on. */
  private final class Suspension extends CountDownLatch
      implements WorkerExecutor.Execution, Runnable {
    private final Thread thread;
    private boolean suspended;
    private boolean resumed;

    Suspension(Thread thread) {
      super(1);
      this.thread = thread;
    }

    @Override
    public @Nullable CountDownLatch trySuspend() {
      StackRoom.ensure();
      synchronized (this) {
        if (resumed) {
          return null;
        }
        suspended = true;
      }
      releaseSource(Objects.requireNonNull(head)); // it may wait for just that
      endCount(); // or for the close
      leave(); // with what is to be handed off: the callback may wait for just that
      loop.suspend(); // and the channel: it may wait for its next event
      return this;
    }

    @Override
    public boolean resume() {
      return resume(() -> {});
    }

    @Override
    public boolean resume(Runnable callback) {
      boolean queue;
      StackRoom.ensure();
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

    /** Passes the right to run to the sleeping thread, which has lost the loop. */
    void wake() {
      token = LOST;
      RUNNER.setRelease(SerialExecutor.this, thread);
      countDown();
    }

    @Override
    public void run() {
      throw new AssertionError("taken from the queue, never run");
    }
  }
}
