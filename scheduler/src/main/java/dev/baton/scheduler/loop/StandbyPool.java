package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.BlockProbe;
import dev.baton.scheduler.notify.Sighting;
import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.policy.TransactionResult;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The standbys of one CPU: Leader/Followers without promotion [1]. They all sleep in one epoll set
 * that holds the block notifications of this CPU's workers and the timers of its loops, edge
 * triggered, one event per wait: the kernel wakes exactly one standby per event, the one that went
 * to sleep last.
 *
 * The woken standby decides on what it reads then, not on what the event says: the loop's status
 * word, and the worker as the notifier sees it. It waits out the policy's grace if there is one, else
 * what Patience says, looks again, and takes the loop by compare-and-set.
 *
 * Bounds. total counts the workers of this CPU beside the owners of its loops; idle those that
 * wait; ahead what runs on another thread in place of a worker. Fewer than min idle ones ask the
 * spawner for one more, as long as total and ahead are less than max. virtual = what runs on virtual
 * threads: they take the place of none, and have a bound of their own. exhausted = fewer of them may be
 * away than there are loops, each of which may be inside a unit that blocks: loops then hold new work
 * back (see TransferableEventLoop.holdBack) until somebody comes back, or one more has started. So it
 * is at the start. What is under way goes on, and may use up the rest.
 *
 * [1] POSA2, Leader/Followers; epoll(7) on EPOLLET and several waiters
 */
// google-java-format on
/** The workers of one CPU that wait to take a loop over, and how they are woken. */
final class StandbyPool {
  private static final long TIMER = 1L << 32;
  private static final long STOP = 1L << 33;

  private final Enclave enclave;
  private final int cpu;
  private final @Nullable LinuxCalls calls;
  private final int epollFd;
  private final int stopFd;
  private final int min;
  private final int maxSet;
  private final int keepAliveMillis;

  // Written while the group is built, and by owners of loops that come and go
  private final List<SliceTimer> timers = new CopyOnWriteArrayList<>();

  private final Map<Long, SliceTimer.Slice> slices = new ConcurrentHashMap<>();

  // Written by any worker of this pool
  private final AtomicInteger idle = new AtomicInteger();
  private final AtomicInteger total = new AtomicInteger();
  private final AtomicInteger ahead = new AtomicInteger();
  private final AtomicInteger virtual = new AtomicInteger();
  private volatile boolean exhausted;
  private volatile boolean stopped;

  // Written by the spawner
  private volatile boolean startFailed;

  private final LongAdder wakeups = new LongAdder();
  private final LongAdder stale = new LongAdder();
  private final LongAdder forgiven = new LongAdder();
  private final LongAdder exhaustions = new LongAdder();
  private final LongAdder lost = new LongAdder();

  /**
   * Opens the epoll set; starts no thread.
   *
   * @param cpu the CPU to pin to, or -1
   * @param takeover whether loops of this pool change hands
   */
  StandbyPool(Enclave enclave, int cpu, boolean takeover) {
    this.enclave = enclave;
    this.cpu = cpu;
    this.calls = takeover ? enclave.calls() : null;
    this.maxSet = enclave.options().getMaxStandbys();
    this.min = Math.min(maxSet, enclave.options().getMinStandbys()); // the cap is the stronger wish
    this.keepAliveMillis =
        (int) Math.min(Integer.MAX_VALUE, enclave.options().getStandbyKeepAlive().toMillis());
    LinuxCalls c = calls;
    if (c == null) {
      epollFd = -1;
      stopFd = -1;
    } else {
      epollFd = c.epollCreate();
      try {
        stopFd = c.eventfd();
      } catch (RuntimeException e) {
        c.close(epollFd);
        throw e;
      }
      c.epollAdd(epollFd, stopFd, LinuxCalls.EPOLLIN, STOP); // level: wakes every waiter
      exhausted = true; // until the first standby waits
    }
  }

  Enclave enclave() {
    return enclave;
  }

  /** The CPU this pool is pinned to, or -1. */
  int cpu() {
    return cpu;
  }

  long maxWaitNanos() {
    return enclave.options().getMaxWait().toNanos();
  }

  /** Whether too few wait for the loops to begin new work. Any thread. */
  boolean isExhausted() {
    return exhausted;
  }

  /** Whether it is so, and not for the moment only: nobody more may be started. Any thread. */
  boolean isExhaustedForGood() {
    return exhausted && !mayGrow();
  }

  /** Whether nobody waits and nobody more may be started. Any thread. */
  boolean isUsedUp() {
    return calls != null && idle.get() <= 0 && !mayGrow();
  }

  private boolean mayGrow() {
    return isBelowMax() && !startFailed;
  }

  private boolean isBelowMax() {
    return total.get() + ahead.get() < max();
  }

  /** As set, but at least one for each loop. */
  private int max() {
    return Math.max(maxSet, timers.size());
  }

  /** One for each loop: all of them may be inside a unit. */
  private int reserve() {
    return timers.size();
  }

  private int inUse() {
    return total.get() - idle.get();
  }

  /** How many more may be away. */
  private int available() {
    return Math.min(idle.get(), max() - ahead.get() - inUse());
  }

  /** How many are to wait. */
  private int least() {
    return Math.max(min, reserve());
  }

  /** The timer of a loop of this pool, null without takeover. While the group is built. */
  @Nullable SliceTimer newSliceTimer(int loop) {
    LinuxCalls c = calls;
    if (c == null) {
      return null;
    }
    SliceTimer timer =
        new SliceTimer(c, epollFd, TIMER | loop, slice(enclave.policy().sliceNanos(loop)));
    timers.add(timer);
    return timer;
  }

  /**
   * Watches one more loop, which comes from another pool; that one watches it, too, until it has
   * {@link #release}d it. The loop's owner in IO.
   *
   * @param timer null without takeover
   */
  void adopt(int loop, @Nullable SliceTimer timer) {
    if (timer != null) {
      timer.watchIn(epollFd, TIMER | loop);
      timers.add(timer);
      noteExhaustion();
      enclave.requestStandby();
    }
  }

  /** Watches a loop no more. Its owner in IO. */
  void release(@Nullable SliceTimer timer) {
    if (timer != null) {
      timers.remove(timer);
      timer.unwatchIn(epollFd);
      endExhaustion();
    }
  }

  /** A slice for timers of this pool. Any thread. */
  SliceTimer.Slice slice(long nanos) {
    return slices.computeIfAbsent(
        nanos, n -> SliceTimer.Slice.of(Objects.requireNonNull(calls), n));
  }

  /** Wakes a standby to carry out a takeover. An agent. */
  void wakeFor(SliceTimer timer, TakeoverRequest request) {
    timer.request(request, slice(1).sliceSpec());
  }

  /** Starts to watch the calling worker. */
  BlockProbe attach(int tid, int worker) {
    return enclave.attach(calls == null ? null : this, tid, epollFd, worker);
  }

  // ---------------------------------------------------------------- affinity

  /** Pins the calling thread, a worker that starts. */
  void pin() {
    enclave.affinity().pin(cpu);
  }

  /** Pins the calling thread again after it was widened. */
  void repin() {
    enclave.affinity().repin(cpu);
  }

  /** Lets a sleeping worker wake up anywhere in the enclave; whether that changed anything. */
  boolean widen(int tid) {
    return cpu >= 0 && enclave.affinity().widen(tid);
  }

  // ---------------------------------------------------------------- bounds

  /**
   * Whether one more standby is wanted and allowed; if so it counts as idle from now on. The
   * spawner.
   */
  boolean admit() {
    if (calls == null || stopped || idle.get() >= least()) {
      return false;
    }
    while (true) {
      int now = total.get();
      if (now + ahead.get() >= max()) {
        return false;
      }
      if (total.compareAndSet(now, now + 1)) {
        idle.getAndIncrement(); // from now on, so that the spawner does not ask twice
        return true;
      }
    }
  }

  /**
   * A standby was started, or the machine has refused to. The spawner.
   *
   * @return whether that has changed
   */
  boolean started(boolean success) {
    boolean isNews = startFailed == success;
    if (isNews) {
      startFailed = !success;
    }
    if (!success) {
      retired();
    }
    return isNews;
  }

  /** An idle standby has ended. */
  void retired() {
    idle.getAndDecrement();
    total.getAndDecrement();
    noteExhaustion();
  }

  /** A worker has died while it was away: another one may be started. */
  void died() {
    total.getAndDecrement();
    enclave.requestStandby();
    endExhaustion();
  }

  /** A worker that was away is about to {@link #await}. That worker. */
  void cameBack() {
    idle.getAndIncrement();
    endExhaustion();
  }

  // Whoever writes exhausted looks once more: what it was written for may have changed in between,
  // and whoever has changed that may have found nothing to write.

  private void endExhaustion() {
    while (exhausted && available() >= reserve()) {
      exhausted = false;
      if (available() >= reserve()) {
        enclave.wakeHoldingLoops(this);
        return;
      }
      exhausted = true;
    }
  }

  private void noteExhaustion() {
    if (available() < reserve()) {
      exhausted = true;
      endExhaustion();
    }
  }

  /** One that waited has taken a loop. That worker. */
  void leaveIdle() {
    int left = idle.decrementAndGet();
    if (available() < reserve() && !mayGrow()) {
      exhaustions.increment();
    }
    noteExhaustion();
    if (isBelowMax() && left < least()) {
      enclave.requestStandby();
    }
  }

  /**
   * Counts one more that runs on a thread of its own, unless as many as are allowed are away.
   * Whoever runs a unit of one of this pool's loops; then {@link #endAhead}.
   */
  boolean tryAhead() {
    while (true) {
      int now = ahead.get();
      int waiting = Math.max(reserve(), idle.get());
      if (calls == null || stopped || now + inUse() >= max() - waiting) {
        return false;
      }
      if (ahead.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  /** It has run. Its thread. */
  void endAhead() {
    ahead.getAndDecrement();
    endExhaustion();
    if (idle.get() < least()) {
      enclave.requestStandby();
    }
  }

  /** As {@link #tryAhead}, for a virtual thread; then {@link #endVirtual}. */
  boolean tryVirtual() {
    while (true) {
      int now = virtual.get();
      if (calls == null || stopped || now >= SchedulerOptions.VIRTUAL_PER_STANDBY * max()) {
        return false;
      }
      if (virtual.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  /** It has run. Its thread. */
  void endVirtual() {
    virtual.getAndDecrement();
  }

  // ---------------------------------------------------------------- waiting

  /**
   * Does on the calling worker what a standby does to another one, so that everything is loaded and
   * linked when the first of them blocks. Before it waits for the first time.
   */
  void rehearse(Worker me) {
    LinuxCalls c = calls;
    if (c != null) {
      boolean _ = me.probe().look() == Sighting.BLOCKED || Patience.isAtLock(me.thread());
      long _ = me.cpuNanos(c);
      me.probe().mute();
      c.nanosleep(1);
      if (widen(me.tid())) {
        repin();
      }
      TransferableEventLoop.rehearse();
    }
  }

  /**
   * Waits until this worker, counted as idle, has taken a loop.
   *
   * @param me the calling worker
   * @return the loop it now owns, or null if its thread shall end
   */
  @Nullable TransferableEventLoop await(Worker me) {
    LinuxCalls c = calls;
    if (c == null || stopped) {
      return null;
    }
    endExhaustion();
    while (true) {
      int timeout = total.get() > least() ? keepAliveMillis : -1;
      int events = c.epollWait(epollFd, me.event(), timeout);
      if (stopped) {
        retired();
        return null;
      }
      if (events == 0 && tryRetire()) {
        return null;
      }
      if (events <= 0) {
        continue;
      }
      wakeups.increment();
      long data = c.epollData(me.event());
      TransferableEventLoop taken =
          (data & TIMER) != 0
              ? timerFired(c, me, enclave.loop((int) (data & ~TIMER)))
              : workerSwitched(me, enclave.worker((int) data));
      if (taken != null) {
        leaveIdle();
        return taken;
      }
    }
  }

  private boolean tryRetire() {
    for (int now; (now = idle.get()) > least(); ) {
      if (idle.compareAndSet(now, now - 1)) {
        total.getAndDecrement();
        return true;
      }
    }
    return false;
  }

  private @Nullable TransferableEventLoop workerSwitched(Worker me, @Nullable Worker other) {
    TransferableEventLoop loop = other == null ? null : other.loop();
    if (other == null || loop == null) {
      stale.increment();
      return null;
    }
    long status = loop.status();
    if (!StatusWord.isTakeable(status) || StatusWord.owner(status) != other.id()) {
      stale.increment();
      return null;
    }
    return other.probe().look() == Sighting.BLOCKED ? blocked(me, other, loop, status) : null;
  }

  private @Nullable TransferableEventLoop timerFired(
      LinuxCalls c, Worker me, TransferableEventLoop loop) {
    SliceTimer timer = loop.timer();
    if (timer == null) {
      return null;
    }
    TakeoverRequest request = timer.takeRequest();
    if (request != null && request.claim()) {
      return requested(me, loop, timer, request);
    }
    long status = loop.fired(timer);
    if (!StatusWord.isTakeable(status)) {
      return null;
    }
    if (!loop.isFor(this)) { // it has moved
      stale.increment();
      return null;
    }
    Worker owner = enclave.worker(StatusWord.owner(status));
    BlockProbe probe = owner == null ? null : owner.probeOrNull();
    if (owner == null || probe == null) {
      return null;
    }
    Sighting sighting = probe.look();
    // Where nobody can tell a thread that waits for its CPU from one that is asleep, time counts.
    long cpuNanos = sighting == Sighting.UNKNOWN ? System.nanoTime() : owner.cpuNanos(c);
    if (sighting == Sighting.BLOCKED || isWaiting(owner)) {
      // The notification was lost, or this notifier sends none.
      TransferableEventLoop taken = blocked(me, owner, loop, status);
      if (taken == null) {
        timer.lookAgain(status, cpuNanos);
      } else if (enclave.notifierWakes()) {
        lost.increment();
      }
      return taken;
    }
    long grace = grace(me, owner, loop, TakeoverCause.HOG);
    if (grace != SchedulingPolicy.NEVER && timer.isUsedUp(status, cpuNanos, grace)) {
      TransferableEventLoop taken = take(me, owner, loop, status, TakeoverCause.HOG, 0);
      if (taken != null) {
        return taken;
      }
      // It has got to another unit of its turn: that may block, too, and nobody else sets the
      // timer.
    }
    timer.lookAgain(status, cpuNanos);
    return null;
  }

  private @Nullable TransferableEventLoop requested(
      Worker me, TransferableEventLoop loop, SliceTimer timer, TakeoverRequest request) {
    long status = loop.status();
    Worker owner = enclave.worker(StatusWord.owner(status));
    TransferableEventLoop taken = null;
    try {
      if (status == request.seen() && owner != null && loop.isFor(this)) {
        taken = take(me, owner, loop, status, TakeoverCause.HOG, 0);
      }
    } finally {
      request.answer(taken == null ? TransactionResult.STALE : TransactionResult.COMMITTED);
      if (taken == null) {
        timer.lookAgain(status, 0); // what it was set to before
      }
    }
    return taken;
  }

  /**
   * How long the owner may go on. One of ours answers at once; while another one is asked, this
   * standby does not count as waiting: it may not come back.
   */
  private long grace(Worker me, Worker owner, TransferableEventLoop loop, TakeoverCause cause) {
    InstalledPolicy policy = enclave.policy();
    int handlerClass = owner.thread().handlerClass;
    PolicyCall asking = me.thread().policyCall;
    if (policy.isTrusted()) {
      return policy.graceNanos(asking, loop.index(), handlerClass, cause);
    }
    leaveIdle();
    try {
      return policy.graceNanos(asking, loop.index(), handlerClass, cause);
    } finally {
      cameBack();
    }
  }

  /** Whether it would go on if it had a CPU. A full ring may not say that it is asleep by now. */
  private static boolean isRunnable(Worker worker) {
    Sighting now = worker.probe().look();
    return (now == Sighting.RUNNING || now == Sighting.PREEMPTED) && !isWaiting(worker);
  }

  /** Whether the JVM itself says that the thread waits: then it is no safepoint. */
  private static boolean isWaiting(Worker worker) {
    return worker.thread().getState() != Thread.State.RUNNABLE;
  }

  private @Nullable TransferableEventLoop blocked(
      Worker me, Worker owner, TransferableEventLoop loop, long status) {
    long since = owner.probe().blockedSinceNanos();
    long grace = grace(me, owner, loop, TakeoverCause.BLOCKED);
    if (grace == SchedulingPolicy.NEVER) {
      return null;
    }
    if (grace == 0) {
      grace = enclave.patience().nanos(owner.thread(), since == 0 ? 0 : System.nanoTime() - since);
    }
    LinuxCalls c = calls;
    if (grace > 0 && c != null) {
      c.nanosleep(grace);
      if (loop.status() != status || isRunnable(owner)) {
        forgiven.increment();
        return null;
      }
    }
    return take(me, owner, loop, status, TakeoverCause.BLOCKED, since);
  }

  private @Nullable TransferableEventLoop take(
      Worker me,
      Worker owner,
      TransferableEventLoop loop,
      long status,
      TakeoverCause cause,
      long sinceNanos) {
    long stint = owner.stint();
    // Before the CAS: if that succeeds, this is what the owner ran when it lost the loop.
    Supplier<?> work = enclave.observe(owner);
    me.setLoop(loop); // before the CAS: from then on events about me concern this loop
    if (!loop.tryTakeOver(status, me.id())) {
      me.setLoop(null);
      stale.increment();
      return null;
    }
    long at = sinceNanos == 0 ? System.nanoTime() : sinceNanos;
    loop.taken(cause, owner.id(), me.id(), at, stint, work);
    int handlerClass = owner.thread().handlerClass;
    PolicyHost policies = enclave.policies();
    policies.tell(
        cause == TakeoverCause.HOG ? Message.Kind.PREEMPTED : Message.Kind.BLOCKED,
        loop.index(),
        owner.id(),
        handlerClass,
        0);
    policies.tell(Message.Kind.ON_CPU, loop.index(), me.id(), handlerClass, 0);
    owner.lostLoop(loop, stint, cause, at, work);
    return loop;
  }

  // ---------------------------------------------------------------- life cycle

  /** Ends every standby. */
  void stop() {
    stopped = true;
    LinuxCalls c = calls;
    if (c != null) {
      c.eventfdSignal(stopFd);
    }
  }

  /** Frees the epoll set and the timers in it, after the last worker has ended. */
  void close() {
    LinuxCalls c = calls;
    if (c != null) {
      timers.forEach(SliceTimer::close);
      c.close(stopFd);
      c.close(epollFd);
    }
  }

  PoolSnapshot snapshot() {
    return new PoolSnapshot(
        cpu,
        idle.get(),
        total.get() + ahead.get(),
        max(),
        isExhaustedForGood() && available() < reserve(),
        exhaustions.sum(),
        wakeups.sum(),
        stale.sum(),
        forgiven.sum(),
        lost.sum());
  }
}
