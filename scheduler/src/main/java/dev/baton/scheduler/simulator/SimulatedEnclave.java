package dev.baton.scheduler.simulator;

import dev.baton.scheduler.loop.SliceRule;
import dev.baton.scheduler.policy.Agent;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.scheduler.simulator.SimulatedWorker.Doing;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The second driver of policies, beside the enclave of a running server; what it does follows
 * TransferableEventLoop and StandbyPool, a burst of CPU time for each step:
 *
 *   arrival ─▶ sockets of its connection's loop ─(poll)─▶ ready ─▶ run, or read and queued
 *   owner   ─▶ sleeps inside the handler ─(notification, grace)─▶ a standby decides ─▶ takes the loop
 *   timer   ─▶ a standby looks: at an idle loop once; at a handler until it has used up its slice ─▶
 *              takes the loop
 *   worker that has lost its loop ─▶ finishes on whichever CPU is free ─▶ returns ─▶ standby
 *   busy loop ─▶ gives what it will not run soon, if that pays (GivingRule) ─▶ an idle loop pulls it
 *
 * Left out: standbys are started in time; nothing is shed; nothing is started ahead; no collections.
 */
// google-java-format on
/** An enclave in virtual time: loops, workers and standbys of a machine, under one policy. */
final class SimulatedEnclave implements Agent {
  private static final int SAMPLE_EVERY = 32;

  private final Machine machine;
  private final VirtualTime time;
  private final Costs costs;
  private final SimulationOptions options;
  private final SchedulingPolicy policy;
  private final Listener listener;
  private final boolean queues;
  private final Set<Message.Kind> hears = EnumSet.noneOf(Message.Kind.class);
  private final HandlerClasses classes = new HandlerClasses();
  private final int[] classOf;
  private final SimulatedLoop[] loops;
  private final StandbyPoolModel[] pools;
  private final BitSet idle = new BitSet();
  private final HandlerQueue[] shared; // by class
  private final ArrayDeque<Request> given = new ArrayDeque<>();
  private final @Nullable AgentThread agent;
  private final ArrayDeque<Message> untold = new ArrayDeque<>();
  private boolean telling;
  private int workers;
  private int sharedSize;
  private long queued;
  private long messages;
  private long samples;

  // What happened
  private long blockedTakeovers;
  private long hogTakeovers;
  private long pulled;

  /** Who is told of requests that are done. */
  interface Listener {
    /** It has been answered. */
    void answered(Request request);
  }

  SimulatedEnclave(
      Machine machine,
      SimulationOptions options,
      SchedulingPolicy policy,
      List<String> kinds,
      Listener listener) {
    this.machine = machine;
    this.time = machine.time;
    this.costs = machine.costs;
    this.options = options;
    this.policy = policy;
    this.listener = listener;
    for (Message.Kind kind : Message.Kind.values()) {
      if (policy.hears(kind)) {
        hears.add(kind);
      }
    }
    queues = policy.queuesHandlers();
    classOf = kinds.stream().mapToInt(classes::of).toArray();
    shared = new HandlerQueue[classes.size()];
    for (int i = 0; i < shared.length; i++) {
      shared[i] = new HandlerQueue();
    }
    pools = new StandbyPoolModel[options.cpus()];
    for (int i = 0; i < pools.length; i++) {
      pools[i] = new StandbyPoolModel(this, machine.cpus[i], options.maxStandbys());
    }
    loops = new SimulatedLoop[options.loops()];
    for (int i = 0; i < loops.length; i++) {
      int cpu = policy.cpuOf(i, pools.length);
      if (cpu < 0 || cpu >= pools.length) {
        throw wrong("cpuOf(" + i + ", " + pools.length + ")", cpu);
      }
      StandbyPoolModel pool = pools[cpu];
      var loop = new SimulatedLoop(i, newWorker(pool), this::timerFired, this::noticed);
      pool.loops.add(loop);
      loops[i] = loop;
      loop.idle = true;
      idle.set(i);
    }
    agent = costs.message() > 0 ? new AgentThread(machine, this) : null;
    policy.installed(this, time.now());
    long tick = policy.tickNanos();
    if (tick > 0 && hears.contains(Message.Kind.TICK)) {
      time.after(tick, new Tick(tick));
    }
  }

  private final class Tick extends VirtualTime.Event {
    private final long everyNanos;

    Tick(long everyNanos) {
      this.everyNanos = everyNanos;
    }

    @Override
    void happen() {
      tell(Message.Kind.TICK, -1, -1, HandlerClasses.UNKNOWN, 0);
      time.after(everyNanos, this);
    }
  }

  SimulatedWorker newWorker(StandbyPoolModel pool) {
    if (workers > StatusWord.MAX_OWNER) {
      throw new IllegalStateException("more than " + workers + " workers: lower maxStandbys");
    }
    return new SimulatedWorker(this, pool, workers++);
  }

  // ---------------------------------------------------------------- arrivals

  /** A request has come. */
  void arrived(Request request) {
    request.handlerClass = classOf[request.kind];
    SimulatedLoop home = loops[request.connection % loops.length];
    home.sockets.add(request);
    wakeUp(home);
  }

  /** The loop comes out of its poll, if it sleeps there. */
  private void wakeUp(SimulatedLoop loop) {
    if (!loop.idle || loop.holding) {
      return;
    }
    loop.idle = false;
    idle.clear(loop.index);
    SimulatedWorker owner = loop.owner;
    Cpu cpu = loop.pool.cpu;
    owner.doing = Doing.POLLING;
    owner.left = costs.poll() + (cpu.isIdle() ? costs.wakeUp() : 0);
    cpu.add(owner);
  }

  /** The same, by a thread that pays for it. */
  private void wake(SimulatedThread by, SimulatedLoop loop) {
    if (loop.idle && !loop.holding) {
      by.left += costs.wake();
      wakeUp(loop);
    }
  }

  // ---------------------------------------------------------------- bursts

  /** {@code worker} has done what it was at. */
  void done(SimulatedWorker worker) {
    worker.left = 0;
    switch (worker.doing) {
      case POLLING -> next(worker, owned(worker));
      case READING -> {
        Request request = Objects.requireNonNull(worker.request);
        worker.request = null;
        SimulatedLoop loop = owned(worker);
        loop.unitsRun++;
        loop.unitNanos += worker.unitNanos;
        queue(worker, loop, request);
        next(worker, loop);
      }
      case RUNNING -> ran(worker);
      case LOOKING -> looked(worker);
      case DECIDING -> decided(worker);
      case RETURNING -> {
        worker.widened = false;
        waitAgain(worker);
      }
      case WAITING, BLOCKED -> throw new IllegalStateException("it sleeps");
    }
  }

  private static SimulatedLoop owned(SimulatedWorker worker) {
    return Objects.requireNonNull(worker.loop, "loop");
  }

  /** The owner, in IO, goes on with what comes next; or sleeps. */
  private void next(SimulatedWorker worker, SimulatedLoop loop) {
    if (loop.pool.isExhausted()) {
      loop.holding = true;
      sleep(worker, loop);
      return;
    }
    while (true) {
      Request next = loop.ready.poll();
      if (next != null) {
        if (queues) {
          read(worker, next);
        } else {
          if (!loop.ready.isEmpty() && loop.giving.gives()) {
            give(worker, loop);
          }
          run(worker, loop, next, costs.request());
        }
        return;
      }
      if (queues && mayGoOn(loop)) {
        next = pick(loop);
        if (next != null) {
          loop.row++;
          run(worker, loop, next, 0);
          return;
        }
      }
      if (!loop.ranErrand) {
        loop.ranErrand = true;
        next = pull(worker, loop);
        if (next != null) {
          run(worker, loop, next, queues ? 0 : costs.request());
          return;
        }
      }
      if (loop.sockets.isEmpty() && !hasWork(loop)) {
        sleep(worker, loop);
        return;
      }
      turn(worker, loop);
    }
  }

  /** Whether one more handler runs before the loop looks at its sockets. */
  private boolean mayGoOn(SimulatedLoop loop) {
    return loop.row == 0
        || (loop.row < policy.batch() && time.now() - loop.rowBeganNanos <= policy.batchNanos());
  }

  private boolean hasWork(SimulatedLoop loop) {
    return !loop.assigned.isEmpty()
        || !loop.queue.isEmpty()
        || (sharedSize > 0 && sharedHead(loop) >= 0)
        || (!given.isEmpty() && mayPullGiven(loop));
  }

  /** Looks at its sockets, and begins another turn. */
  private void turn(SimulatedWorker worker, SimulatedLoop loop) {
    ArrayDeque<Request> seen = loop.sockets;
    loop.sockets = loop.ready;
    loop.ready = seen;
    loop.row = 0;
    loop.rowBeganNanos = time.now();
    loop.ranErrand = false;
    loop.giving.turn(loop.unitsRun, loop.unitNanos, true);
    if (queues && loop.giving.gives()) {
      giveQueued(worker, loop);
    }
    pushIfDue(loop);
  }

  private void sleep(SimulatedWorker worker, SimulatedLoop loop) {
    loop.idle = true;
    worker.doing = Doing.WAITING;
    worker.cpu.remove(worker);
    if (!loop.holding) {
      idle.set(loop.index);
      if (queues) {
        tell(Message.Kind.IDLE, loop.index, worker.id, HandlerClasses.UNKNOWN, 0);
      }
    }
  }

  private void read(SimulatedWorker worker, Request request) {
    worker.doing = Doing.READING;
    worker.request = request;
    worker.left += costs.request();
    worker.unitNanos = costs.request();
  }

  private void run(
      SimulatedWorker worker, SimulatedLoop loop, Request request, long overheadNanos) {
    loop.enter();
    worker.doing = Doing.RUNNING;
    worker.request = request;
    request.servedNanos = 0;
    long nanos = overheadNanos + request.cpuNanos;
    if (request.from >= 0 && request.from != loop.index) {
      nanos += costs.pull();
      pulled++;
    }
    worker.unitNanos = nanos;
    worker.left += nanos;
    pushIfDue(loop);
  }

  private void ran(SimulatedWorker worker) {
    Request request = Objects.requireNonNull(worker.request);
    request.servedNanos += request.cpuNanos;
    if (request.blockNanos > 0) {
      worker.doing = Doing.BLOCKED;
      worker.cpu.remove(worker);
      time.after(request.blockNanos, worker.alarm);
      SimulatedLoop loop = worker.loop;
      if (loop != null) {
        blocked(loop, request);
      }
      return;
    }
    worker.request = null;
    SimulatedLoop loop = worker.loop;
    ended(request);
    if (loop == null) {
      tell(
          Message.Kind.WOKEN,
          -1,
          worker.id,
          request.handlerClass,
          time.now() - worker.awaySinceNanos);
      tell(Message.Kind.DONE, -1, worker.id, request.handlerClass, request.servedNanos);
      worker.doing = Doing.RETURNING;
      worker.left += costs.comeback();
      return;
    }
    loop.leave();
    if (request.from < 0) {
      loop.unitsRun++;
      loop.unitNanos += worker.unitNanos;
    } else if (request.from != loop.index) {
      loops[request.from].giving.ended(worker.unitNanos);
    }
    tell(Message.Kind.DONE, loop.index, worker.id, request.handlerClass, request.servedNanos);
    next(worker, loop);
  }

  private void ended(Request request) {
    if (request.blocked) {
      classes.blocked(request.handlerClass, time.now() - request.blockedAtNanos);
    } else if (queues || ++samples % SAMPLE_EVERY == 0) {
      classes.ran(request.handlerClass, request.servedNanos);
    }
    listener.answered(request);
  }

  // ---------------------------------------------------------------- takeovers

  private long slice(SimulatedLoop loop) {
    long nanos = policy.sliceNanos(loop.index);
    return nanos == SchedulingPolicy.AS_SET ? options.sliceNanos() : nanos;
  }

  private void pushIfDue(SimulatedLoop loop) {
    if (loop.forgotten || time.now() - loop.pushedAtNanos >= SliceRule.nextPushNanos(slice(loop))) {
      push(loop);
    }
  }

  private void push(SimulatedLoop loop) {
    loop.forgotten = false;
    loop.pushedAtNanos = time.now();
    time.after(SliceRule.firesNanos(slice(loop)), loop.timer);
  }

  /** Wakes a standby, which looks at what the loop is at. */
  private void timerFired(SimulatedLoop loop) {
    SimulatedWorker standby = loop.pool.take();
    if (standby == null) {
      time.after(slice(loop), loop.timer); // looks again
      return;
    }
    standby.doing = Doing.LOOKING;
    standby.target = loop;
    standby.left += costs.look();
    loop.pool.cpu.add(standby);
  }

  private void looked(SimulatedWorker standby) {
    SimulatedLoop loop = Objects.requireNonNull(standby.target);
    if (!StatusWord.isTakeable(loop.status)) {
      loop.forgotten = true;
      waitAgain(standby);
      return;
    }
    SimulatedWorker owner = loop.owner;
    if (owner.doing == Doing.BLOCKED) {
      if (!loop.notice.isScheduled()
          && grace(loop, TakeoverCause.BLOCKED) != SchedulingPolicy.NEVER) {
        decide(standby, loop, loop.status, TakeoverCause.BLOCKED); // its notice woke nobody
        return;
      }
    } else if (loop.seenStatus == loop.status) {
      long more = grace(loop, TakeoverCause.HOG);
      if (more != SchedulingPolicy.NEVER
          && SliceRule.isUsedUp(slice(loop), owner.ran - loop.seenRanNanos, more)) {
        decide(standby, loop, loop.status, TakeoverCause.HOG);
        return;
      }
    } else {
      loop.seenStatus = loop.status;
      loop.seenRanNanos = owner.ran;
    }
    time.after(slice(loop), loop.timer);
    waitAgain(standby);
  }

  private long grace(SimulatedLoop loop, TakeoverCause cause) {
    Request request = loop.owner.request;
    int handlerClass = request == null ? HandlerClasses.UNKNOWN : request.handlerClass;
    long nanos = policy.graceNanos(loop.index, handlerClass, cause);
    return nanos != SchedulingPolicy.AS_SET
        ? nanos
        : cause == TakeoverCause.BLOCKED ? options.graceNanos() : 0;
  }

  private void blocked(SimulatedLoop loop, Request request) {
    long grace = grace(loop, TakeoverCause.BLOCKED);
    if (grace == SchedulingPolicy.NEVER || costs.notification() + grace >= request.blockNanos) {
      return; // left alone, or awake before anybody would take the loop
    }
    loop.noticeStatus = loop.status;
    time.after(costs.notification() + grace, loop.notice);
  }

  private void noticed(SimulatedLoop loop) {
    boolean _ = decide(loop, loop.noticeStatus, TakeoverCause.BLOCKED);
  }

  /** Wakes a standby, which takes the loop if nothing has changed by then. */
  private boolean decide(SimulatedLoop loop, long seen, TakeoverCause cause) {
    SimulatedWorker standby = loop.pool.take();
    if (standby == null) {
      time.after(slice(loop), loop.timer); // looks again
      return false;
    }
    decide(standby, loop, seen, cause);
    loop.pool.cpu.add(standby);
    return true;
  }

  private void decide(SimulatedWorker standby, SimulatedLoop loop, long seen, TakeoverCause cause) {
    standby.doing = Doing.DECIDING;
    standby.target = loop;
    standby.targetStatus = seen;
    standby.cause = cause;
    standby.left += costs.takeover();
  }

  private void decided(SimulatedWorker standby) {
    SimulatedLoop loop = Objects.requireNonNull(standby.target);
    SimulatedWorker owner = loop.owner;
    boolean may =
        loop.status == standby.targetStatus
            && (standby.cause == TakeoverCause.HOG || owner.doing == Doing.BLOCKED);
    if (!may) {
      waitAgain(standby);
      return;
    }
    Request request = Objects.requireNonNull(owner.request);
    owner.loop = null;
    owner.widened = true;
    owner.awaySinceNanos = time.now();
    loop.owner = standby;
    loop.status = StatusWord.ownedBy(standby.id, loop.status);
    standby.loop = loop;
    if (standby.cause == TakeoverCause.HOG) {
      hogTakeovers++;
      if (owner.cpu.isWaiting(owner)) {
        machine.strays.add(owner);
      }
    } else {
      blockedTakeovers++;
      request.blocked = true;
      request.blockedAtNanos = time.now();
    }
    tell(
        standby.cause == TakeoverCause.HOG ? Message.Kind.PREEMPTED : Message.Kind.BLOCKED,
        loop.index,
        owner.id,
        request.handlerClass,
        0);
    tell(Message.Kind.ON_CPU, loop.index, standby.id, HandlerClasses.UNKNOWN, 0);
    next(standby, loop);
  }

  private void waitAgain(SimulatedWorker standby) {
    standby.target = null;
    standby.doing = Doing.WAITING;
    standby.cpu.remove(standby);
    standby.pool.add(standby);
    for (SimulatedLoop loop : standby.pool.loops) {
      if (loop.holding && !standby.pool.isExhausted()) {
        loop.holding = false;
        wakeUp(loop);
      }
    }
  }

  /** A worker that slept inside a handler goes on. */
  void awake(SimulatedWorker worker) {
    Request request = Objects.requireNonNull(worker.request);
    request.blockNanos = 0;
    request.cpuNanos = request.cpuAfterNanos;
    request.cpuAfterNanos = 0;
    worker.doing = Doing.RUNNING;
    worker.unitNanos += request.cpuNanos;
    Cpu cpu = worker.widened ? machine.wakeUpCpu(worker.cpu) : worker.cpu;
    worker.left = request.cpuNanos + (cpu.isIdle() ? costs.wakeUp() : 0);
    SimulatedLoop loop = worker.loop;
    if (loop != null) {
      time.cancel(loop.notice);
    }
    cpu.add(worker);
  }

  // ---------------------------------------------------------------- queues

  private void queue(SimulatedWorker worker, SimulatedLoop home, Request request) {
    long now = time.now();
    int handlerClass = request.handlerClass;
    int to = policy.queueOf(home.index, handlerClass, request.deadlineNanos, now);
    request.order = queued++;
    request.rank =
        policy.rank(
            to == SchedulingPolicy.SHARED ? home.index : to,
            handlerClass,
            request.arrivedNanos,
            request.deadlineNanos);
    if (to == SchedulingPolicy.SHARED) {
      shared[handlerClass].add(request);
      sharedSize++;
      SimulatedLoop puller = idlePuller(SchedulingPolicy.SHARED, handlerClass);
      if (puller != null) {
        wake(worker, puller);
      }
    } else if (to < 0 || to >= loops.length) {
      throw wrong("queueOf", to);
    } else {
      SimulatedLoop target = loops[to];
      if (target == home || target.idle || !offer(worker, target, request)) {
        target.queue.add(request);
        wake(worker, target);
      }
    }
    tell(Message.Kind.RUNNABLE, to, -1, handlerClass, 0);
  }

  /** The agent's, then the loop's own first, then the first of the shared ones that it may pull. */
  private @Nullable Request pick(SimulatedLoop loop) {
    Request next = loop.assigned.poll();
    if (next == null) {
      next = loop.queue.poll();
    }
    if (next == null && sharedSize > 0) {
      int handlerClass = sharedHead(loop);
      if (handlerClass >= 0) {
        sharedSize--;
        next = shared[handlerClass].poll();
      }
    }
    return next;
  }

  /** The class whose first handler is the first that the loop may pull, or -1. */
  private int sharedHead(SimulatedLoop loop) {
    int best = -1;
    Request first = null;
    for (int c = 0; c < shared.length; c++) {
      Request head = shared[c].peek();
      if (head != null
          && (first == null || HandlerQueue.isBefore(head, first))
          && policy.mayPull(loop.index, SchedulingPolicy.SHARED, c)) {
        first = head;
        best = c;
      }
    }
    return best;
  }

  // ---------------------------------------------------------------- pulling

  private @Nullable SimulatedLoop idlePuller(int from, int handlerClass) {
    for (int i = idle.nextSetBit(0); i >= 0; i = idle.nextSetBit(i + 1)) {
      if (policy.mayPull(i, from, handlerClass)) {
        return loops[i];
      }
    }
    return null;
  }

  /** Leaves an equal part of what is ready to each of those who idle. */
  private void give(SimulatedWorker worker, SimulatedLoop loop) {
    int sleeping = idle.cardinality();
    if (sleeping == 0) {
      return;
    }
    int waiting = loop.ready.size();
    for (int share = (waiting * sleeping + sleeping) / (sleeping + 1); share > 0; share--) {
      Request last = loop.ready.peekLast();
      if (last == null || !offer(worker, loop, last)) {
        return;
      }
      loop.ready.pollLast();
    }
  }

  private void giveQueued(SimulatedWorker worker, SimulatedLoop loop) {
    int sleeping = idle.cardinality();
    int waiting = loop.queue.size();
    if (sleeping == 0 || waiting < 2) {
      return;
    }
    for (int share = (waiting * sleeping) / (sleeping + 1); share > 0; share--) {
      Request next = loop.queue.peek();
      if (next == null || !offer(worker, loop, next)) {
        return;
      }
      Request _ = loop.queue.poll();
    }
  }

  /** Leaves one to an idle loop that may pull it. */
  private boolean offer(SimulatedWorker worker, SimulatedLoop from, Request request) {
    if (!from.giving.gives()) {
      return false;
    }
    SimulatedLoop puller =
        idlePuller(from.index, queues ? request.handlerClass : HandlerClasses.UNKNOWN);
    if (puller == null) {
      return false;
    }
    request.from = from.index;
    given.add(request);
    worker.left += costs.pull();
    wake(worker, puller);
    return true;
  }

  private boolean mayPull(SimulatedLoop loop, Request request) {
    return request.from == loop.index
        || policy.mayPull(
            loop.index, request.from, queues ? request.handlerClass : HandlerClasses.UNKNOWN);
  }

  private boolean mayPullGiven(SimulatedLoop loop) {
    for (Request request : given) {
      if (mayPull(loop, request)) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Request pull(SimulatedWorker worker, SimulatedLoop loop) {
    if (given.isEmpty()) {
      return null;
    }
    for (var all = given.iterator(); all.hasNext(); ) {
      Request request = all.next();
      if (mayPull(loop, request)) {
        all.remove();
        if (!given.isEmpty()) { // one more may be wanted
          Request next = given.getFirst();
          SimulatedLoop puller =
              idlePuller(next.from, queues ? next.handlerClass : HandlerClasses.UNKNOWN);
          if (puller != null) {
            wake(worker, puller);
          }
        }
        return request;
      }
    }
    return null;
  }

  // ---------------------------------------------------------------- messages

  private void tell(Message.Kind kind, int loop, int worker, int handlerClass, long nanos) {
    if (!hears.contains(kind)) {
      return;
    }
    var message = new Message(messages++, time.now(), kind, loop, worker, handlerClass, nanos);
    if (agent != null) {
      agent.hear(message);
      return;
    }
    untold.add(message);
    if (telling) {
      return; // a message that a transaction caused comes after the one it answers
    }
    telling = true;
    for (Message next; (next = untold.poll()) != null; ) {
      policy.message(next);
    }
    telling = false;
  }

  /** The agent's thread has got to {@code message}. */
  void told(Message message) {
    policy.message(message);
  }

  private IllegalStateException wrong(String question, long answer) {
    return new IllegalStateException(
        "policy " + policy.name() + " answers " + answer + " to " + question);
  }

  // ---------------------------------------------------------------- the policy's view

  @Override
  public int loops() {
    return loops.length;
  }

  @Override
  public int cpus() {
    return pools.length;
  }

  @Override
  public int cpuOf(int loop) {
    return loops[loop].pool.cpu.index;
  }

  @Override
  public long status(int loop) {
    return loops[loop].status;
  }

  @Override
  public boolean isIdle(int loop) {
    return idle.get(loop);
  }

  @Override
  public int waiting(int queue) {
    return queue == SchedulingPolicy.SHARED ? sharedSize : loops[queue].waiting();
  }

  @Override
  public HandlerClasses classes() {
    return classes;
  }

  @Override
  public long lostMessages() {
    return 0;
  }

  @Override
  public TransactionResult run(int loop, long seen) {
    SimulatedLoop target = loops[loop];
    if (target.status != seen || !idle.get(loop)) {
      return TransactionResult.STALE;
    }
    Request first = null;
    for (HandlerQueue queue : shared) {
      Request head = queue.peek();
      if (head != null && (first == null || HandlerQueue.isBefore(head, first))) {
        first = head;
      }
    }
    if (first == null) {
      return TransactionResult.NOT_RUNNABLE;
    }
    if (target.pool.isExhausted()) {
      return TransactionResult.CPU_UNAVAILABLE;
    }
    Request _ = shared[first.handlerClass].poll();
    sharedSize--;
    target.assigned.add(first);
    if (agent != null) {
      wake(agent, target);
    } else {
      wakeUp(target);
    }
    return TransactionResult.COMMITTED;
  }

  @Override
  public TransactionResult takeOver(int loop, long seen) {
    SimulatedLoop target = loops[loop];
    if (target.status != seen) {
      return TransactionResult.STALE;
    }
    if (!StatusWord.isTakeable(seen)) {
      return TransactionResult.NOT_RUNNABLE;
    }
    return decide(target, seen, TakeoverCause.HOG)
        ? TransactionResult.COMMITTED
        : TransactionResult.CPU_UNAVAILABLE;
  }

  // ---------------------------------------------------------------- readers

  long blockedTakeovers() {
    return blockedTakeovers;
  }

  long hogTakeovers() {
    return hogTakeovers;
  }

  long pulled() {
    return pulled;
  }
}
