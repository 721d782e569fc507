package dev.baton.scheduler.policy;

// google-java-format off
/*
 * Who calls what. A driver is an enclave of a running server, or a simulator in virtual time; both
 * own the handlers and their queues, a policy only decides. So a policy can be replaced at any time
 * with nothing lost: there is nothing in it that is not also elsewhere.
 *
 *   slow    installed, then message for each message, in order: one thread, the agent's. Here a
 *           policy may compute, allocate, and commit transactions (Agent).
 *   fast    everything else: whoever owns the loop that the first argument names, at any time between
 *           installed and the end; several loops at once. Primitive arguments, no allocation, no
 *           lock, no clock: time comes as an argument. What the slow side leaves for the fast side
 *           are fields that may be a moment old.
 *
 * A policy that throws, answers what is out of range, or does not answer, is replaced by the default
 * one: what it was asked is then decided as RunToCompletion decides it.
 */
// google-java-format on
/**
 * What an enclave decides, apart from how it is carried out. All that is not overridden decides as
 * an event loop does: handlers run where they arrive, in order, to completion; a loop whose owner
 * blocks or computes for too long is taken over.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/3477132.3483542">ghOSt, SOSP '21</a>
 */
public interface SchedulingPolicy {
  /** {@link #graceNanos}: leave the loop where it is. */
  long NEVER = -1;

  /** {@link #graceNanos}, {@link #sliceNanos}: as the operator has set it. */
  long AS_SET = -2;

  /** {@link #queueOf}: the queue of the enclave, that loops pull from or the agent commits from. */
  int SHARED = -1;

  /** A deadline that nobody has set. */
  long NO_DEADLINE = Long.MAX_VALUE;

  /** The algorithm's name in lower case with hyphens, for options, logs and metrics. */
  String name();

  // ---------------------------------------------------------------- slow

  /**
   * This policy decides from now on, in place of another one or from the start, or goes on with
   * other loops, since some have moved to another enclave: it rebuilds what it keeps from what
   * {@code agent} tells. The agent's thread; another one, and another agent, each time.
   */
  default void installed(Agent agent, long nowNanos) {}

  /** Something has happened. The agent's thread; only kinds that it {@link #hears}. */
  default void message(Message message) {}

  /**
   * Whether messages of this kind are to be sent; by default those of {@link #tickNanos} alone.
   * Constant; asked once.
   */
  default boolean hears(Message.Kind kind) {
    return kind == Message.Kind.TICK && tickNanos() > 0;
  }

  /** How often to send {@link Message.Kind#TICK}, nanoseconds; 0 never. Constant; asked once. */
  default long tickNanos() {
    return 0;
  }

  // ---------------------------------------------------------------- fast

  /**
   * Whether handlers of requests wait in queues that this policy orders. If not they run in the
   * read that has brought them, {@link #queueOf} and {@link #rank} are never asked, and their class
   * is not known before they have run. Constant; asked once.
   */
  default boolean queuesHandlers() {
    return false;
  }

  /**
   * Placement, and with it by whom: a loop is driven, and taken over, by the workers of its CPU.
   * Asked once per loop when the enclave is made; a loop that moves to it goes to the CPU with the
   * fewest.
   *
   * @param cpus how many the enclave has, at least 1
   * @return which of them, from 0
   */
  default int cpuOf(int loop, int cpus) {
    return loop % cpus;
  }

  /**
   * Which queue a handler goes to. If {@link #queuesHandlers}.
   *
   * @param loop where it has arrived
   * @param handlerClass {@link HandlerClasses}
   * @param deadlineNanos when it must have been answered, {@link #NO_DEADLINE} if nobody has said
   * @return a loop's index, or {@link #SHARED}
   */
  default int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    return loop;
  }

  /**
   * What runs next: of the handlers in one queue that with the least rank; of equal ones that which
   * came first. Asked once per handler, when it is queued. If {@link #queuesHandlers}.
   */
  default long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
    return 0;
  }

  /**
   * Whether an idle loop may run what waits elsewhere.
   *
   * @param puller the idle loop
   * @param from a loop that will not run it soon, or {@link #SHARED}
   * @param handlerClass {@link HandlerClasses#UNKNOWN} unless {@link #queuesHandlers}
   */
  default boolean mayPull(int puller, int from, int handlerClass) {
    return false;
  }

  /** How many handlers run in a row before the loop looks at its sockets again, at least 1. */
  default int batch() {
    return 32;
  }

  /**
   * How long they may run in a row, nanoseconds: no further one begins after that. What waits in a
   * socket meanwhile is in no queue yet.
   */
  default long batchNanos() {
    return 1_000_000;
  }

  /**
   * When to take over: how long the owner may go on as it is seen now. Whoever watches the loop.
   *
   * @param handlerClass of what it runs, {@link HandlerClasses#UNKNOWN} if that is not known
   * @param cause {@link TakeoverCause#BLOCKED} it has gone to sleep, or {@link TakeoverCause#HOG}
   *     it has used up its slice
   * @return nanoseconds, less than a second; 0 takes the loop at once, {@link #NEVER} leaves it
   */
  default long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
    return AS_SET;
  }

  /** How long a handler may compute before its loop is taken, nanoseconds, 10 µs … 500 ms. */
  default long sliceNanos(int loop) {
    return AS_SET;
  }
}
