package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.PerCoreFifoPolicy;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A policy as an enclave asks it: what it leaves to the operator is filled in, and what it answers
 * is checked. One that fails is reported once, and what it was asked is decided as the default
 * policy decides it. Any thread.
 */
final class InstalledPolicy {
  /** Hears of a policy that has failed. */
  interface FaultListener {
    /** {@code failed} shall decide no more. Any thread, also inside a turn; does not block. */
    void failed(InstalledPolicy failed, Throwable cause);
  }

  /** The most standbys that wait for an answer at the same time. */
  private static final int MAX_ASKING = 2;

  private static final int MAX_MESSAGES = 4096;
  private static final long MAX_GRACE_NANOS = 1_000_000_000;
  private static final long MIN_SLICE_NANOS = 10_000;
  private static final long MAX_SLICE_NANOS = 500_000_000;
  private static final long MIN_TICK_NANOS = 100_000;

  private final SchedulingPolicy policy;
  private final SchedulerOptions options;
  private final FaultListener faults;
  private final boolean trusted;
  private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
  private volatile boolean retired;

  /** Threads that have lost their loop while they asked. Any thread. */
  private final AtomicInteger overdue = new AtomicInteger();

  /** Standbys that ask now. Any thread. */
  private final AtomicInteger graceAsked = new AtomicInteger();

  private volatile @Nullable PolicyAgent agent;

  // Written before the first loop asks, and by the agent: benign, an old answer holds on
  private int[] cpus = {};
  private boolean[] pulled = {};
  private long[] slices = {};
  private int batch = 32;
  private long batchNanos = 1_000_000;
  private boolean queuesHandlers;
  private long tickNanos;
  private volatile MessageQueue messages = new MessageQueue(Set.of(), 1);

  /**
   * @param options what the operator has set, not changed any more
   */
  InstalledPolicy(SchedulingPolicy policy, SchedulerOptions options, FaultListener faults) {
    this.policy = policy;
    this.options = options;
    this.faults = faults;
    this.trusted = policy instanceof RunToCompletionPolicy || policy instanceof PerCoreFifoPolicy;
  }

  SchedulingPolicy policy() {
    return policy;
  }

  /** Whether it is ours and cannot fail: constant answers, no messages. */
  boolean isTrusted() {
    return trusted;
  }

  /**
   * Whether it may be asked: as long as it owes somebody an answer, nobody else shall wait for one,
   * too. Any thread.
   */
  boolean mayBeAsked() {
    return overdue.get() <= 0; // the answer may be counted first
  }

  /** A loop was taken from a thread that asks. The new owner. */
  void overdue() {
    overdue.getAndIncrement();
  }

  /** That thread has its answer. It. */
  void answered() {
    overdue.getAndDecrement();
  }

  /** Why it has failed, null if it has not. */
  @Nullable Throwable fault() {
    return fault.get();
  }

  /** It has failed; what it is asked from now on, it is asked in vain. */
  void fail(Throwable cause) {
    if (fault.compareAndSet(null, cause)) {
      faults.failed(this, cause);
    }
  }

  /** Who passes messages to it; null if nobody does. */
  void agent(@Nullable PolicyAgent itsAgent) {
    agent = itsAgent;
  }

  /** It decides no more. */
  void retire() {
    retired = true;
    messages.close();
    PolicyAgent a = agent;
    if (a != null) {
      a.end();
    }
  }

  boolean isRetired() {
    return retired;
  }

  private static IllegalStateException outOfRange(String decision, long value, String range) {
    return new IllegalStateException(decision + " answered " + value + ", not " + range);
  }

  // ---------------------------------------------------------------- what is constant

  /** Asks what is constant, for so many loops. Once, before it decides; the agent. */
  void prepare(int loops, int cpuCount) {
    queuesHandlers = policy.queuesHandlers();
    batch = policy.batch();
    if (batch < 1) {
      throw outOfRange("batch", batch, "at least 1");
    }
    batchNanos = policy.batchNanos();
    tickNanos = policy.tickNanos();
    if (tickNanos != 0 && tickNanos < MIN_TICK_NANOS) {
      throw outOfRange("tickNanos", tickNanos, "0, or at least 100 µs");
    }
    int[] places = new int[loops];
    for (int loop = 0; loop < loops; loop++) {
      places[loop] = policy.cpuOf(loop, cpuCount);
      if (places[loop] < 0 || places[loop] >= cpuCount) {
        throw outOfRange("cpuOf", places[loop], "0 to " + (cpuCount - 1));
      }
    }
    cpus = places;
    EnumSet<Message.Kind> heard = EnumSet.noneOf(Message.Kind.class);
    for (Message.Kind kind : Message.Kind.values()) {
      if (policy.hears(kind)) {
        heard.add(kind);
      }
    }
    messages = new MessageQueue(heard, MAX_MESSAGES);
    pulled = new boolean[loops];
    slices = new long[loops];
    refresh();
  }

  /** Asks again what changes now and then. The agent. */
  void refresh() {
    int loops = slices.length;
    boolean[] gives = new boolean[loops];
    for (int loop = 0; loop < loops; loop++) {
      slices[loop] = checkSlice(policy.sliceNanos(loop));
      gives[loop] = !queuesHandlers && isPulledByAll(loop, loops);
    }
    pulled = gives;
  }

  private long checkSlice(long nanos) {
    if (nanos == SchedulingPolicy.AS_SET) {
      return options.getSlice().toNanos();
    }
    if (nanos < MIN_SLICE_NANOS || nanos > MAX_SLICE_NANOS) {
      throw outOfRange("sliceNanos", nanos, "10 µs to 500 ms");
    }
    return nanos;
  }

  private boolean isPulledByAll(int from, int loops) {
    for (int puller = 0; puller < loops; puller++) {
      if (puller != from && !policy.mayPull(puller, from, HandlerClasses.UNKNOWN)) {
        return false;
      }
    }
    return true;
  }

  /** As {@link SchedulingPolicy#cpuOf} has answered. */
  int cpuOf(int loop, int cpuCount) {
    return loop < cpus.length ? cpus[loop] : loop % cpuCount;
  }

  /** Whether {@code loop} gives what it will not run soon: all its peers may pull from it. */
  boolean isPulledFrom(int loop) {
    return pulled[loop];
  }

  boolean queuesHandlers() {
    return queuesHandlers;
  }

  int batch() {
    return batch;
  }

  long batchNanos() {
    return batchNanos;
  }

  /** As {@link SchedulingPolicy#sliceNanos} has answered, never {@link SchedulingPolicy#AS_SET}. */
  long sliceNanos(int loop) {
    return loop < slices.length ? slices[loop] : options.getSlice().toNanos();
  }

  long tickNanos() {
    return tickNanos;
  }

  MessageQueue messages() {
    return messages;
  }

  // ---------------------------------------------------------------- fast decisions

  /**
   * As {@link SchedulingPolicy#graceNanos}, never {@link SchedulingPolicy#AS_SET}.
   *
   * @param asking of the calling thread
   */
  long graceNanos(PolicyCall asking, int loop, int handlerClass, TakeoverCause cause) {
    if (!trusted && (graceAsked.get() >= MAX_ASKING || !mayBeAsked())) {
      return asSet(cause);
    }
    graceAsked.getAndIncrement();
    asking.begin(this);
    try {
      long grace = policy.graceNanos(loop, handlerClass, cause);
      if (grace == SchedulingPolicy.NEVER || (grace >= 0 && grace < MAX_GRACE_NANOS)) {
        return grace;
      }
      if (grace != SchedulingPolicy.AS_SET) {
        throw outOfRange("graceNanos", grace, "less than a second");
      }
    } catch (Throwable e) {
      fail(e);
    } finally {
      asking.end();
      graceAsked.getAndDecrement();
    }
    return asSet(cause);
  }

  private long asSet(TakeoverCause cause) {
    return cause == TakeoverCause.BLOCKED ? options.getGrace().toNanos() : 0;
  }

  /**
   * As {@link SchedulingPolicy#queueOf}.
   *
   * @return a loop's index, or their number for the shared queue
   */
  int queueOf(PolicyCall asking, int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    int loops = slices.length;
    asking.begin(this);
    try {
      int queue = policy.queueOf(loop, handlerClass, deadlineNanos, nowNanos);
      if (queue >= 0 && queue < loops) {
        return queue;
      }
      if (queue == SchedulingPolicy.SHARED) {
        return loops;
      }
      throw outOfRange("queueOf", queue, "a loop or SHARED");
    } catch (Throwable e) {
      fail(e);
      return loop;
    } finally {
      asking.end();
    }
  }

  /** As {@link SchedulingPolicy#rank}. */
  long rank(PolicyCall asking, int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
    asking.begin(this);
    try {
      return policy.rank(loop, handlerClass, arrivalNanos, deadlineNanos);
    } catch (Throwable e) {
      fail(e);
      return 0;
    } finally {
      asking.end();
    }
  }

  /**
   * As {@link SchedulingPolicy#mayPull}.
   *
   * @param from a loop's index, or their number for the shared queue
   */
  boolean mayPull(PolicyCall asking, int puller, int from, int handlerClass) {
    asking.begin(this);
    try {
      return policy.mayPull(
          puller, from == slices.length ? SchedulingPolicy.SHARED : from, handlerClass);
    } catch (Throwable e) {
      fail(e);
      return true;
    } finally {
      asking.end();
    }
  }
}
