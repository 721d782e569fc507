package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.jfr.TakeoverEvent;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.notify.BlockProbe;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuPinning;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.scheduler.queue.HandlerQueues;
import dev.baton.scheduler.queue.PullQueue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * A set of CPUs and loops under one policy (ghOSt's word): who works there, who waits there, and
 * what has happened there.
 */
public final class Enclave {
  private static final System.Logger LOGGER = System.getLogger(Enclave.class.getName());
  private static final int RECENT_TAKEOVERS = 256;

  /** How long a standby may take to rescue a loop. */
  private static final long RESCUE_NANOS = 100_000_000;

  /** The most units for each loop that wait for an idle one. */
  private static final int MAX_GIVEN = 256;

  private final SchedulerOptions options;
  private final @Nullable LinuxCalls calls;
  private final BlockNotifier notifier;
  private final PolicyHost policies;
  private final String name;
  private final Roster roster;
  private final WorkObserver observer;
  private final CpuSet cpus;
  private final CpuPinning affinity;
  private final boolean takeover;
  private final Map<Integer, StandbyPool> pools = new ConcurrentSkipListMap<>();

  // Written before the loops start
  private int[] firstLoops = {};
  private @Nullable PullQueue<Errand> peers;
  private @Nullable HandlerQueues<Errand> handlers;
  private int loopCount;

  // Written by owners of loops that come and go, one move at a time
  private final List<TransferableEventLoop> loops = new CopyOnWriteArrayList<>();

  // Written by any thread, once
  private volatile boolean receiving;

  private final AtomicInteger nextReceiver = new AtomicInteger();
  private final Map<TransactionResult, LongAdder> transactions =
      new EnumMap<>(TransactionResult.class);

  private final AheadRuns ahead;
  private final Patience patience = new Patience();

  // Guarded by recent
  private final Deque<Takeover> recent = new ArrayDeque<>(RECENT_TAKEOVERS);
  private final Map<TakeoverCause, LongAdder> takeovers = new EnumMap<>(TakeoverCause.class);
  private final Map<TakeoverCause, LongAdder> awayNanos = new EnumMap<>(TakeoverCause.class);
  private final LongAdder blindWorkers = new LongAdder();
  private final List<Consumer<Takeover>> takeoverListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<Absence>> absenceListeners = new CopyOnWriteArrayList<>();

  /**
   * The only enclave of its scheduler. Prepares the CPUs' pools; starts no thread.
   *
   * @param calls null where there are none: then no loop changes hands
   * @param cpus the CPUs of this enclave, not empty
   * @param threadFactory makes workers; its threads must be {@link LoopThread}s
   * @param observer knows what those threads run
   */
  public Enclave(
      SchedulerOptions options,
      @Nullable LinuxCalls calls,
      BlockNotifier notifier,
      SchedulingPolicy policy,
      CpuSet cpus,
      ThreadFactory threadFactory,
      WorkObserver observer) {
    this(
        SchedulerOptions.MAIN_ENCLAVE,
        new Roster(threadFactory),
        options,
        calls,
        notifier,
        policy,
        cpus,
        observer);
  }

  /**
   * One of the enclaves of a scheduler.
   *
   * @param roster of that scheduler
   */
  Enclave(
      String name,
      Roster roster,
      SchedulerOptions options,
      @Nullable LinuxCalls calls,
      BlockNotifier notifier,
      SchedulingPolicy policy,
      CpuSet cpus,
      WorkObserver observer) {
    this.name = name;
    this.roster = roster;
    this.ahead =
        new AheadRuns(
            Thread.ofVirtual().name("baton-ahead-", 0).factory(),
            this::newBlockingThread,
            options.getStandbyKeepAlive(),
            roster.aheadIds(),
            this::wasAway);
    this.options = new SchedulerOptions(options);
    this.calls = calls;
    this.notifier = notifier;
    this.policies = new PolicyHost(this, policy, this.options);
    this.cpus = cpus;
    this.observer = observer;
    this.affinity = new CpuPinning(calls, cpus);
    this.takeover = calls != null && options.isTakeover();
    for (TransactionResult result : TransactionResult.values()) {
      transactions.put(result, new LongAdder());
    }
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeovers.put(cause, new LongAdder());
      awayNanos.put(cause, new LongAdder());
    }
    roster.add(this);
  }

  /**
   * The enclaves of one scheduler, the first one that of deployments which name none.
   *
   * @param specs by name; CPUs of different ones differ
   * @param threadFactory makes workers; its threads must be {@link LoopThread}s
   */
  public static List<Enclave> all(
      Map<String, Spec> specs,
      SchedulerOptions options,
      @Nullable LinuxCalls calls,
      BlockNotifier notifier,
      ThreadFactory threadFactory,
      WorkObserver observer) {
    var roster = new Roster(threadFactory);
    List<Enclave> enclaves = new ArrayList<>();
    specs.forEach(
        (name, spec) ->
            enclaves.add(
                new Enclave(
                    name, roster, options, calls, notifier, spec.policy(), spec.cpus(), observer)));
    return List.copyOf(enclaves);
  }

  /** What is particular to one of several enclaves. */
  public record Spec(SchedulingPolicy policy, CpuSet cpus) {}

  /** What it is called by; unique in its scheduler. */
  public String name() {
    return name;
  }

  Roster roster() {
    return roster;
  }

  SchedulerOptions options() {
    return options;
  }

  @Nullable LinuxCalls calls() {
    return calls;
  }

  /**
   * Prepares for its loops.
   *
   * @param first index of the first one
   * @param loops how many it begins with
   * @param all how many there are in all enclaves
   * @param pull whether they may run units of each other
   */
  void prepare(int first, int loops, int all, boolean pull) {
    firstLoops = IntStream.range(first, first + loops).toArray();
    loopCount = all;
    if (pull) {
      handlers = new HandlerQueues<>(all);
    }
    policies.start();
    if (pull && all > 1 && takeover) {
      peers = new PullQueue<>(MAX_GIVEN * all, all);
    }
  }

  /** What its loops give each other units through; null if they do not. */
  @Nullable PullQueue<Errand> peers() {
    return peers;
  }

  /** The indices of its loops now, ascending. */
  int[] members() {
    return loops.isEmpty()
        ? firstLoops
        : loops.stream().mapToInt(TransferableEventLoop::index).sorted().toArray();
  }

  /** How many loops its scheduler has, here or elsewhere: their indices are below. */
  int loopCount() {
    return loopCount;
  }

  /** Where handlers wait that a policy orders; null if none does here. */
  @Nullable HandlerQueues<Errand> handlers() {
    return handlers;
  }

  /** What is known of classes of handlers. */
  public HandlerClasses classes() {
    return roster.classes();
  }

  int sharedWaiting() {
    HandlerQueues<Errand> h = handlers;
    return h == null ? 0 : h.size(h.shared());
  }

  /** Has the policy decide anew about every handler that waits. Any thread. */
  void requeue() {
    HandlerQueues<Errand> h = handlers;
    if (h == null) {
      return;
    }
    for (int queue = 0; queue <= loopCount; queue++) {
      for (HandlerQueues.Entry<Errand> entry; (entry = h.poll(queue)) != null; ) {
        decideAnew(entry.handler());
      }
    }
    wakeAll();
  }

  private static void decideAnew(Errand handler) {
    Enclave target = handler.target();
    if (target == null || !target.receive(handler)) {
      handler.home().arrive(handler);
    }
  }

  /**
   * Takes a handler of a loop that may be of another enclave. Any thread.
   *
   * @return false if no loop is left here that would run it; nothing changed
   */
  boolean receive(Errand handler) {
    if (!receiving) {
      receiving = true;
      wakeAll(); // from now on those that sleep say so
    }
    HandlerQueues<Errand> h = Objects.requireNonNull(handlers);
    TransferableEventLoop[] here = loops.toArray(TransferableEventLoop[]::new);
    int first = nextReceiver.getAndIncrement();
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < here.length; i++) {
        TransferableEventLoop loop = here[Math.floorMod(first + i, here.length)];
        if ((pass == 1 || h.isIdle(loop.index())) && loop.receive(handler)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether handlers come from other enclaves. Any thread; true from before the first one. */
  boolean isReceiving() {
    return receiving;
  }

  /**
   * Has handlers of this class run here, wherever they come. Those that wait elsewhere run there.
   * Any thread.
   */
  public void place(int handlerClass) {
    roster.places().set(handlerClass, this);
  }

  /**
   * Adds a handler that comes to no loop, such as a stage's. Any thread.
   *
   * @param handlerClass {@link HandlerClasses}
   * @param deadlineNanos when it must have answered, {@link System#nanoTime}
   * @throws java.util.concurrent.RejectedExecutionException after shutdown
   */
  public void handler(Runnable continuation, int handlerClass, long deadlineNanos) {
    List<TransferableEventLoop> here = loops();
    here.get(Math.floorMod(nextReceiver.getAndIncrement(), here.size()))
        .handlerOf(this, continuation, handlerClass, deadlineNanos);
  }

  /** Has every loop look for work again. Any thread. */
  void wakeAll() {
    loops.forEach(TransferableEventLoop::wake);
  }

  /** Takes loops from owners that ask a policy which has failed: it may not answer. */
  void rescue(InstalledPolicy failed) {
    for (TransferableEventLoop loop : loops) {
      long word = loop.status();
      if (loop.isAsking() && loop.status() == word) {
        TransactionResult _ = counted(loop.requestTakeover(word, RESCUE_NANOS));
      }
      loop.watchAgain(); // the standby that was to look may ask that policy, too
    }
  }

  void eachLoop(Consumer<TransferableEventLoop> action) {
    loops.forEach(action);
  }

  void eachWorkerThread(Consumer<LoopThread> action) {
    roster.eachWorker(worker -> action.accept(worker.thread()));
  }

  TransactionResult counted(TransactionResult result) {
    Objects.requireNonNull(transactions.get(result)).increment();
    return result;
  }

  /** Who decides. */
  InstalledPolicy policy() {
    return policies.current();
  }

  PolicyHost policies() {
    return policies;
  }

  /** Which of this enclave's CPUs a loop is bound to, from 0. */
  int cpuIndexOf(int loop) {
    return cpus.indexOf(roster.loop(loop).pool().cpu());
  }

  boolean notifierWakes() {
    return notifier.wakes();
  }

  CpuPinning affinity() {
    return affinity;
  }

  /** The pool whose workers drive loop {@code index}. While the group is built, one thread. */
  StandbyPool poolOf(int index) {
    return poolAt(options.isPinning() ? cpus.cpuAt(policy().cpuOf(index, cpus.size())) : -1);
  }

  /** The pool that a loop joins: that of the CPU with the fewest. One move at a time. */
  StandbyPool poolToJoin() {
    if (!options.isPinning()) {
      return poolAt(-1);
    }
    return poolAt(
        cpus.stream()
            .boxed()
            .min(
                Comparator.comparingLong(
                    cpu -> loops.stream().filter(loop -> loop.cpu() == cpu).count()))
            .orElseThrow());
  }

  private StandbyPool poolAt(int cpu) {
    return pools.computeIfAbsent(cpu, c -> new StandbyPool(this, c, takeover));
  }

  TransferableEventLoop loop(int index) {
    return roster.loop(index);
  }

  @Nullable Worker worker(int id) {
    return roster.worker(id);
  }

  LoopThread newThread(Runnable body, String name) {
    return roster.newThread(body, name);
  }

  /** A loop comes from another enclave, or goes to one. Its owner in IO, one move at a time. */
  void join(TransferableEventLoop loop) {
    loops.add(loop);
  }

  /** As {@link #join}. */
  void part(TransferableEventLoop loop) {
    loops.remove(loop);
  }

  void log(String what, Throwable cause) {
    LOGGER.log(System.Logger.Level.ERROR, what, cause);
  }

  /**
   * Has a loop of another enclave of this scheduler join this one: from now on workers of these
   * CPUs drive it, and this policy decides. Its connections, and whatever waits in it, come along.
   * Waits until that is done. Any thread.
   *
   * @return {@link TransactionResult#COMMITTED} if it is here now, or was before; {@link
   *     TransactionResult#NOT_RUNNABLE} if the loop ends; {@link TransactionResult#CPU_UNAVAILABLE}
   *     if its owner does not get to it, or no worker can be started here
   * @throws IllegalStateException if it is the last loop of its enclave
   * @throws IllegalArgumentException if it is another scheduler's
   */
  public TransactionResult moveHere(TransferableEventLoop loop) {
    synchronized (roster) {
      Enclave from = loop.enclave();
      if (from.roster != roster) {
        throw new IllegalArgumentException("loop=" + loop + ": it is another scheduler's");
      }
      if (from == this) {
        return counted(TransactionResult.COMMITTED);
      }
      if (from.loops.size() == 1) {
        throw new IllegalStateException(
            "loop="
                + loop.index()
                + ": it is the last one of enclave "
                + from.name
                + ", which keeps one; move another one there first");
      }
      TransactionResult result = counted(new LoopMove(this).ask(loop));
      if (result == TransactionResult.COMMITTED) {
        from.policies.refit();
        policies.refit();
        LOGGER.log(
            System.Logger.Level.INFO,
            "Loop {0} is in enclave {1} now, and was in {2}",
            loop.index(),
            name,
            from.name);
      }
      return result;
    }
  }

  /** Its loops. Any thread. */
  public List<TransferableEventLoop> loops() {
    return List.copyOf(loops);
  }

  void shortenKernelSlice() {
    long nanos = options.getKernelSlice().toNanos();
    if (calls != null && nanos > 0) {
      // Refused or ignored before Linux 6.12: nothing to do about it, hogs' tails are longer.
      int _ = calls.schedSetSlice(nanos);
    }
  }

  BlockProbe attach(@Nullable StandbyPool pool, int tid, int epollFd, int worker) {
    if (pool == null) {
      return new TickNotifier().attach(tid, epollFd, worker);
    }
    try {
      return notifier.attach(tid, epollFd, worker);
    } catch (RuntimeException e) {
      blindWorkers.increment();
      if (blindWorkers.sum() == 1) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "Worker {0} is watched by the tick only: {1}. Raise the limit on open files or on"
                + " locked memory (ulimit -n, -l).",
            worker,
            e.getMessage());
      }
      return new TickNotifier().attach(tid, epollFd, worker);
    }
  }

  // ---------------------------------------------------------------- workers

  /** Starts the owners and the first standbys. */
  void start(List<TransferableEventLoop> all) {
    loops.addAll(all);
    policies.applySlices();
    for (TransferableEventLoop loop : all) {
      startOwner(loop);
      policies.tell(Message.Kind.LOOP_NEW, loop.index(), -1, HandlerClasses.UNKNOWN, 0);
    }
  }

  /** Starts standbys from now on, in all enclaves of this scheduler. Once. */
  void startSpawner() {
    if (takeover) {
      roster.startSpawner();
    }
  }

  private void startOwner(TransferableEventLoop loop) {
    Worker worker = newWorker(loop.pool(), loop);
    loop.assign(worker.id());
    try {
      worker.start();
    } catch (Throwable notStarted) {
      loop.unassign();
      ended(worker);
      throw notStarted;
    }
  }

  Worker newWorker(StandbyPool pool, @Nullable TransferableEventLoop first) {
    Worker worker = roster.newWorker(pool, first);
    policies.tell(Message.Kind.WORKER_NEW, -1, worker.id(), HandlerClasses.UNKNOWN, 0);
    return worker;
  }

  /** A worker's thread ends; called by itself. */
  void ended(Worker worker) {
    policies.tell(Message.Kind.WORKER_DEAD, -1, worker.id(), HandlerClasses.UNKNOWN, 0);
    roster.ended(worker);
  }

  /**
   * The owner of {@code loop} dies; called by itself.
   *
   * @return false if no other thread could be started: it must go on
   */
  boolean replaceOwner(TransferableEventLoop loop, Worker dying, Throwable cause) {
    Worker next = newWorker(loop.pool(), loop);
    if (loop.inherit(dying.id(), next.id())) {
      // The new owner is not started yet, so the loop is this thread's to write to.
      long now = System.nanoTime();
      loop.taken(TakeoverCause.WORKER_DIED, dying.id(), next.id(), now, dying.stint(), null);
      long restNanos = loop.backoff().ownerDied(now);
      String who = "Worker " + dying.id() + " died and is replaced at " + loop;
      if (restNanos == 0) {
        LOGGER.log(System.Logger.Level.ERROR, who, cause);
      } else {
        LOGGER.log(
            System.Logger.Level.ERROR,
            "{0} in {1} ms, death {2} in a row: {3}",
            who,
            restNanos / 1_000_000,
            loop.backoff().deaths(),
            cause);
        rest(restNanos);
      }
      try {
        next.start();
      } catch (Throwable notStarted) {
        boolean back = loop.inherit(next.id(), dying.id());
        ended(next);
        if (back) {
          LOGGER.log(
              System.Logger.Level.ERROR,
              "{0} could not be replaced and drives {1} itself: {2}",
              "Worker " + dying.id(),
              loop,
              notStarted.getMessage());
          return false;
        }
      }
    } else {
      // It was away: the loop has an owner already. The log comes last, it may be the cause.
      ended(next);
      loop.cameBack();
      dying.pool().died();
      LOGGER.log(
          System.Logger.Level.ERROR, "Worker " + dying.id() + " died away from its loop", cause);
    }
    return true;
  }

  private static void rest(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it ends in any case
    }
  }

  /** Asks for one more standby wherever one is missing. Any thread; does not block. */
  void requestStandby() {
    roster.requestStandby();
  }

  /**
   * Starts one standby for each CPU where one is missing. The spawner.
   *
   * @return false if none is
   */
  boolean startStandbys() {
    boolean started = false;
    for (StandbyPool pool : pools.values()) {
      if (pool.admit()) {
        started = true;
        startStandby(pool);
      }
    }
    return started;
  }

  private void startStandby(StandbyPool pool) {
    if (roster.isStopped()) {
      pool.retired();
      return;
    }
    Worker worker = newWorker(pool, null);
    try {
      worker.start();
      pool.started(true);
    } catch (Throwable e) { // "unable to create native thread"
      boolean isNews = pool.started(false);
      ended(worker);
      if (isNews) {
        LOGGER.log(
            System.Logger.Level.ERROR,
            "No further standby worker can be started: {0}. Raise the limit on threads (ulimit -u,"
                + " pids.max) or lower maxStandbys. Baton tries again each second.",
            e.getMessage());
      }
      LockSupport.parkNanos(1_000_000_000L);
    }
  }

  /** A standby has come back to an exhausted pool. */
  void wakeHoldingLoops(StandbyPool pool) {
    roster.loops().forEach(loop -> loop.wakeIfHolding(pool)); // one may be on its way here
  }

  /** Every loop has ended, or could not be made: ends the standbys too, of all enclaves. */
  public void stop() {
    roster.stop();
  }

  /** Nothing is to be driven or decided any more. */
  void endStandbys() {
    policies.stop();
    ahead.close();
    pools.values().forEach(StandbyPool::stop);
  }

  /** The last worker has ended. */
  void closePools() {
    pools.values().forEach(StandbyPool::close);
  }

  /** What is waited out where the policy gives no grace. */
  Patience patience() {
    return patience;
  }

  // ---------------------------------------------------------------- ahead

  AheadRuns ahead() {
    return ahead;
  }

  private Thread newBlockingThread(Runnable body) {
    return new BlockingThread(body, calls, affinity);
  }

  /** Makes ready what starting work ahead needs. Before the first. */
  public void prepareAhead() {
    ahead.prepare();
  }

  /** How often work was started ahead. Any thread. */
  public long startedAhead() {
    return ahead.started();
  }

  /** Whether an {@link Absence} is of work that was started ahead. */
  public static boolean isAhead(Absence absence) {
    return AheadRuns.isAhead(absence.worker());
  }

  /**
   * Work that was started ahead, and still runs. Any thread.
   *
   * @param nanos since before then, {@link System#nanoTime}
   * @return as if its loop had been taken from it when it started; by nobody, -1
   */
  public List<Takeover> aheadSince(long nanos) {
    return ahead.since(nanos);
  }

  // ---------------------------------------------------------------- readers

  /** Records a takeover once the loop runs again. Its new owner. */
  void report(Takeover takeover) {
    count(takeover.cause());
    synchronized (recent) {
      if (recent.size() == RECENT_TAKEOVERS) {
        recent.removeFirst();
      }
      recent.addLast(takeover);
    }
    if (FlightRecorder.isInitialized()) { // the first event costs a tenth of a second
      record(takeover);
    }
    for (Consumer<Takeover> listener : takeoverListeners) {
      listener.accept(takeover);
    }
  }

  private static void record(Takeover takeover) {
    TakeoverEvent event = new TakeoverEvent();
    if (event.shouldCommit()) {
      event.loop = takeover.loop();
      event.cause = takeover.cause().name();
      event.from = takeover.from();
      event.to = takeover.to();
      event.resumedAfter = takeover.resumedAfterNanos();
      event.nextRanAfter = takeover.nextRanAfterNanos();
      event.work = takeover.work() == null ? null : takeover.work().toString();
      event.commit();
    }
  }

  /**
   * Calls {@code listener} after every takeover, on the new owner in IO, before the loop's next
   * continuation: it must be quick and must not fail. Any thread.
   */
  public void onTakeover(Consumer<Takeover> listener) {
    takeoverListeners.add(listener);
  }

  /**
   * Calls {@code listener} when a worker that had lost its loop has come back, mostly on that
   * worker: it must be quick and must not fail. Any thread.
   */
  public void onAbsence(Consumer<Absence> listener) {
    absenceListeners.add(listener);
  }

  /** A worker has come back. */
  void wasAway(Absence absence) {
    Objects.requireNonNull(awayNanos.get(absence.cause())).add(absence.nanos());
    Worker worker = AheadRuns.isAhead(absence.worker()) ? null : roster.worker(absence.worker());
    int handlerClass = worker == null ? HandlerClasses.UNKNOWN : worker.thread().handlerClass;
    policies.tell(Message.Kind.WOKEN, -1, absence.worker(), handlerClass, absence.nanos());
    for (Consumer<Absence> listener : absenceListeners) {
      listener.accept(absence);
    }
  }

  /**
   * Time that workers have spent in continuations whose loop was taken from them for {@code cause},
   * those that are away now included. Any thread; may seem to go back by a moment.
   */
  public long awayNanos(TakeoverCause cause) {
    long[] sum = {Objects.requireNonNull(awayNanos.get(cause)).sum()};
    eachWorker(worker -> sum[0] += worker.awayNanos(cause));
    return cause == TakeoverCause.BLOCKED ? sum[0] + ahead.awayNanos() : sum[0];
  }

  private void eachWorker(Consumer<Worker> action) {
    roster.eachWorker(
        worker -> {
          if (worker.pool().enclave() == this) {
            action.accept(worker);
          }
        });
  }

  private void count(TakeoverCause cause) {
    Objects.requireNonNull(takeovers.get(cause)).increment();
  }

  /** How often loops changed hands for {@code cause}, since the start. Any thread. */
  public long takeovers(TakeoverCause cause) {
    return Objects.requireNonNull(takeovers.get(cause)).sum();
  }

  /** The latest takeovers, oldest first, at most 256. Any thread. */
  public List<Takeover> recentTakeovers() {
    synchronized (recent) {
      return List.copyOf(recent);
    }
  }

  /**
   * Has another policy decide from now on, under load: nothing is lost or run twice. The one before
   * decides until the new one knows its enclave. Any thread that is no event loop's.
   *
   * @throws IllegalStateException if the new one fails at once; the one before goes on
   */
  public void install(SchedulingPolicy policy) {
    policies.install(policy);
  }

  /** The name of the policy that decides. Any thread. */
  public String policyName() {
    return policies.current().policy().name();
  }

  /** How often another policy began to decide, after the first one. Any thread. */
  public long policyChanges() {
    return policies.changes();
  }

  /** How many policies have failed, and were replaced by the default one. Any thread. */
  public long policyFaults() {
    return policies.faults();
  }

  /** The latest changes of the policy, oldest first. Any thread. */
  public List<PolicyChange> recentPolicyChanges() {
    return policies.recent();
  }

  /** Calls {@code listener} when another policy decides: it must be quick and must not fail. */
  public void onPolicyChange(Consumer<PolicyChange> listener) {
    policies.onChange(listener);
  }

  /** How many messages the policy that decides has lost. Any thread. */
  public long lostPolicyMessages() {
    return policies.current().messages().lost();
  }

  /** What became of decisions that agents have committed, since the start. Any thread. */
  public long transactions(TransactionResult result) {
    return Objects.requireNonNull(transactions.get(result)).sum();
  }

  /** How often an idle loop was woken for units of its peers. Any thread. */
  public long pullWakeUps() {
    PullQueue<Errand> queue = peers;
    return queue == null ? 0 : queue.wakeUps();
  }

  /** Every loop. Any thread. */
  public List<LoopSnapshot> loopSnapshots() {
    return loops.stream().map(TransferableEventLoop::snapshot).toList();
  }

  /** Every worker, and what was started ahead and still runs. Any thread. */
  public List<WorkerSnapshot> workerSnapshots() {
    List<WorkerSnapshot> snapshots = new ArrayList<>();
    eachWorker(worker -> snapshots.add(worker.snapshot()));
    snapshots.addAll(ahead.snapshots());
    return Collections.unmodifiableList(snapshots);
  }

  /** The standbys of every CPU. Any thread. */
  public List<PoolSnapshot> poolSnapshots() {
    return pools.values().stream().map(StandbyPool::snapshot).toList();
  }

  /**
   * What a worker does right now. Any thread; stops that worker for a moment.
   *
   * @return its stack, innermost frame first; empty if there is no such worker
   */
  public List<StackTraceElement> stackOf(int worker) {
    Thread thread = threadOf(worker);
    return thread == null ? List.of() : List.of(thread.getStackTrace());
  }

  /** The thread of a worker, null if there is no such worker. Any thread. */
  public @Nullable Thread threadOf(int worker) {
    if (AheadRuns.isAhead(worker)) {
      return aheadWith(worker).threadOf(worker);
    }
    Worker w = roster.worker(worker);
    return w == null ? null : w.thread();
  }

  /**
   * How long a worker has been away from its loop for {@code cause}, nanoseconds; 0 if it is not.
   */
  long awayNanos(int worker, TakeoverCause cause) {
    Worker w = roster.worker(worker);
    return w == null ? 0 : w.awayNanos(cause);
  }

  /** Where work with this number runs, of any enclave; this one's if it has ended. */
  private AheadRuns aheadWith(int id) {
    for (Enclave enclave : roster.enclaves()) {
      if (enclave.ahead.isRunning(id)) {
        return enclave.ahead;
      }
    }
    return ahead;
  }

  /** The kernel's number of a worker's thread; 0 if it is not known. Any thread. */
  public int tidOf(int worker) {
    if (AheadRuns.isAhead(worker)) {
      return threadOf(worker) instanceof BlockingThread thread ? thread.tid() : 0;
    }
    Worker w = roster.worker(worker);
    return w == null ? 0 : w.tid();
  }

  /**
   * What a worker runs right now, as the {@link WorkObserver} describes it. Any thread.
   *
   * @return null if there is no such worker, or it runs nothing that has a name
   */
  public @Nullable Object workOf(int worker) {
    if (AheadRuns.isAhead(worker)) {
      return describe(aheadWith(worker).workOf(worker));
    }
    Worker w = roster.worker(worker);
    return describe(w == null ? null : observe(w));
  }

  @Nullable Supplier<?> observe(Worker worker) {
    return observer.workOf(worker.thread());
  }

  /** As {@link WorkObserver#left}. */
  @Nullable Runnable left(TransferableEventLoop loop, @Nullable Supplier<?> work) {
    try {
      return work == null ? null : observer.left(loop, work);
    } catch (RuntimeException e) {
      return null; // as in describe
    }
  }

  static @Nullable Object describe(@Nullable Supplier<?> work) {
    try {
      return work == null ? null : work.get();
    } catch (RuntimeException e) {
      return null; // it changed while it was looked at; no loop shall end for that
    }
  }

  /** Whether the worker that lost its loop then still runs what it ran then. Any thread. */
  public boolean isAway(Takeover takeover) {
    if (AheadRuns.isAhead(takeover.from())) {
      return aheadWith(takeover.from()).isRunning(takeover.from());
    }
    Worker w = roster.worker(takeover.from());
    return w != null
        && takeover.cause() != TakeoverCause.WORKER_DIED
        && w.stint() == takeover.fromStint();
  }

  /** The CPUs of this enclave. */
  public CpuSet cpus() {
    return cpus;
  }

  /** Why workers are not pinned, or null if they are. Any thread. */
  public @Nullable String pinningRefusal() {
    return affinity.refusal();
  }

  /** Workers that the notifier could not watch. Any thread. */
  public long blindWorkers() {
    return blindWorkers.sum();
  }
}
