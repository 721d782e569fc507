package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.PerCoreFifoPolicy;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import java.util.Arrays;
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

  /** Held by who is on the slow side of the policy: two agents may know it while it is refitted. */
  private final Object slowSide;

  private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
  private volatile boolean retired;
  private volatile boolean overtaken;

  /** Threads that have lost their loop while they asked. Any thread. */
  private final AtomicInteger overdue = new AtomicInteger();

  /** Standbys that ask now. Any thread. */
  private final AtomicInteger graceAsked = new AtomicInteger();

  private volatile @Nullable PolicyAgent agent;

  // Written before the first loop asks, and by the agent: benign, an old answer holds on
  private int[] members = {}; // loops by the policy's number
  private int[] numbers = {}; // the policy's numbers by loop, -1 for loops of other enclaves
  private int[] cpus = {}; // by loop, as are those that follow
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
    this(policy, options, faults, new Object());
  }

  private InstalledPolicy(
      SchedulingPolicy policy, SchedulerOptions options, FaultListener faults, Object slowSide) {
    this.slowSide = slowSide;
    this.policy = policy;
    this.options = options;
    this.faults = faults;
    this.trusted = policy instanceof RunToCompletionPolicy || policy instanceof PerCoreFifoPolicy;
  }

  SchedulingPolicy policy() {
    return policy;
  }

  /** The same policy, to be installed once more, for other loops. */
  InstalledPolicy again() {
    return new InstalledPolicy(policy, options, faults, slowSide);
  }

  Object slowSide() {
    return slowSide;
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

  /**
   * The policy is about to be told of other loops, and then answers for those: what does not fit
   * here is no fault, and is decided as the default policy decides it.
   */
  void overtaken(boolean is) {
    overtaken = is;
  }

  boolean isOvertaken() {
    return overtaken;
  }

  /** It has failed; what it is asked from now on, it is asked in vain. */
  void fail(Throwable cause) {
    if (!overtaken && fault.compareAndSet(null, cause)) {
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

  /**
   * Asks what is constant. Once, before it decides; the agent.
   *
   * @param here the indices of the enclave's loops, which the policy calls 0, 1 and so on
   * @param all how many loops there are, here or elsewhere
   */
  void prepare(int[] here, int all, int cpuCount) {
    members = here;
    int[] byLoop = new int[all];
    Arrays.fill(byLoop, -1);
    for (int number = 0; number < here.length; number++) {
      byLoop[here[number]] = number;
    }
    numbers = byLoop;
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
    int[] places = new int[all];
    for (int number = 0; number < here.length; number++) {
      int place = policy.cpuOf(number, cpuCount);
      if (place < 0 || place >= cpuCount) {
        throw outOfRange("cpuOf", place, "0 to " + (cpuCount - 1));
      }
      places[here[number]] = place;
    }
    cpus = places;
    EnumSet<Message.Kind> heard = EnumSet.noneOf(Message.Kind.class);
    for (Message.Kind kind : Message.Kind.values()) {
      if (policy.hears(kind)) {
        heard.add(kind);
      }
    }
    messages = new MessageQueue(heard, MAX_MESSAGES);
    pulled = new boolean[all];
    slices = new long[all];
    refresh();
  }

  /** Asks again what changes now and then. The agent. */
  void refresh() {
    boolean[] gives = new boolean[slices.length];
    long[] lengths = new long[slices.length];
    Arrays.fill(lengths, options.getSlice().toNanos());
    for (int number = 0; number < members.length; number++) {
      lengths[members[number]] = checkSlice(policy.sliceNanos(number));
      gives[members[number]] = !queuesHandlers && isPulledByAll(number, members.length);
    }
    slices = lengths;
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
    return knows(loop) ? cpus[loop] : loop % cpuCount;
  }

  // ---------------------------------------------------------------- who is here

  /** The loops that it decides for, by its own numbers. */
  int size() {
    return members.length;
  }

  /** The index of the loop with this number. */
  int loopOf(int number) {
    return members[number];
  }

  /** Its number for a loop; -1 if it knows no such loop. */
  int numberOf(int loop) {
    return loop >= 0 && loop < numbers.length ? numbers[loop] : -1;
  }

  /** Whether it may be asked about this loop: one that has just come here is not known yet. */
  boolean knows(int loop) {
    return numberOf(loop) >= 0;
  }

  // ---------------------------------------------------------------- answers

  /** Whether {@code loop} gives what it will not run soon: all its peers may pull from it. */
  boolean isPulledFrom(int loop) {
    return loop < pulled.length && pulled[loop];
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
    int number = numberOf(loop);
    if (number < 0 || (!trusted && (graceAsked.get() >= MAX_ASKING || !mayBeAsked()))) {
      return asSet(cause);
    }
    graceAsked.getAndIncrement();
    asking.begin(this);
    try {
      long grace = policy.graceNanos(number, handlerClass, cause);
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
    int[] loops = members;
    asking.begin(this);
    try {
      int queue = policy.queueOf(numberOf(loop), handlerClass, deadlineNanos, nowNanos);
      if (queue >= 0 && queue < loops.length) {
        return loops[queue];
      }
      if (queue == SchedulingPolicy.SHARED) {
        return slices.length;
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
      return policy.rank(numberOf(loop), handlerClass, arrivalNanos, deadlineNanos);
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
    int number = numberOf(puller);
    int other = from == slices.length ? SchedulingPolicy.SHARED : numberOf(from);
    if (number < 0 || (other < 0 && from != slices.length)) {
      return number >= 0; // of a loop that has left: whoever comes first
    }
    asking.begin(this);
    try {
      return policy.mayPull(number, other, handlerClass);
    } catch (Throwable e) {
      fail(e);
      return true;
    } finally {
      asking.end();
    }
  }
}
