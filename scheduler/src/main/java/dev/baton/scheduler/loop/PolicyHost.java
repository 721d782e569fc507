package dev.baton.scheduler.loop;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.policy.SchedulingPolicy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Which policy decides in an enclave.
 *
 *   candidate ── its agent's thread has asked what is constant, and told it of the enclave ──▶ installed
 *   candidate ── it fails, or does not answer in time ─────────────────────────────────────▶ refused
 *   installed ── another one is installed ─────────────────────────────────────────────────▶ retired
 *   installed ── it fails: throws, answers what is out of range, does not answer ──────────▶ retired,
 *                                                          and the default one is installed
 *
 * Handlers and their queues are the loops', so a change is the store of one reference. Whoever has
 * read the old one finishes its decision by it; what it has put into a queue by then, the new one
 * decides again (requeue).
 *
 * A candidate hears messages from before it looks at the status words, so it misses nothing.
 */
// google-java-format on
/** Installs policies, and replaces those that fail by the default one. Any thread. */
final class PolicyHost implements InstalledPolicy.FaultListener {
  private static final System.Logger LOGGER = System.getLogger(Enclave.class.getName());
  private static final int RECENT = 32;

  /** How long a new policy may take to rebuild what it keeps. The old one decides meanwhile. */
  private static final long INSTALL_NANOS = 2_000_000_000;

  private final Enclave enclave;
  private final SchedulerOptions options;
  private volatile InstalledPolicy fallback;
  private final AtomicReference<InstalledPolicy> current;
  private volatile @Nullable InstalledPolicy incoming;

  private final Object installing = new Object();

  // Guarded by recent
  private final Deque<PolicyChange> recent = new ArrayDeque<>(RECENT);
  private final LongAdder changes = new LongAdder();
  private final LongAdder faults = new LongAdder();
  private final List<Consumer<PolicyChange>> listeners = new CopyOnWriteArrayList<>();

  // Written before the loops start
  private @Nullable SchedulingPolicy first;

  PolicyHost(Enclave enclave, SchedulingPolicy first, SchedulerOptions options) {
    this.enclave = enclave;
    this.options = options;
    this.first = first;
    InstalledPolicy byDefault = new InstalledPolicy(new RunToCompletionPolicy(), options, this);
    this.fallback = byDefault;
    this.current = new AtomicReference<>(byDefault);
  }

  /** The one that decides. */
  InstalledPolicy current() {
    return Objects.requireNonNull(current.get());
  }

  /** Before the loops are made: asks the first policy where they are to be. */
  void start() {
    prepare(fallback);
    SchedulingPolicy policy = first;
    first = null;
    if (policy != null) {
      try {
        switchTo(new InstalledPolicy(policy, options, this));
      } catch (IllegalStateException e) {
        faults.increment();
        note(policy.name(), fallback, e.getCause() == null ? e : e.getCause());
      }
    }
  }

  /**
   * Has {@code policy} decide from now on.
   *
   * @throws IllegalStateException if it fails, or does not answer, before it has decided anything;
   *     the one before goes on
   */
  void install(SchedulingPolicy policy) {
    String before;
    synchronized (installing) {
      before = switchTo(new InstalledPolicy(policy, options, this));
      changed(new PolicyChange(System.nanoTime(), before, policy.name(), null, List.of()));
    }
    LOGGER.log(System.Logger.Level.INFO, "Policy {0} decides, after {1}", policy.name(), before);
  }

  /**
   * Loops have come or gone: the same policy decides on, and is told who is here. What waits is
   * decided anew. One that fails meanwhile is replaced.
   */
  void refit() {
    synchronized (installing) {
      InstalledPolicy next = fallback.again();
      prepare(next);
      InstalledPolicy before = fallback;
      fallback = next;
      if (current.compareAndSet(before, next)) {
        retire(before);
        return;
      }
      InstalledPolicy now = current();
      now.overtaken(true);
      try {
        switchTo(now.again());
      } catch (IllegalStateException e) {
        now.overtaken(false);
        now.fail(e);
      }
    }
  }

  private void prepare(InstalledPolicy trusted) {
    trusted.prepare(enclave.members(), enclave.loopCount(), enclave.cpus().size());
  }

  private String switchTo(InstalledPolicy candidate) {
    SchedulingPolicy policy = candidate.policy();
    PolicyAgent agent = null;
    if (candidate.isTrusted()) {
      prepare(candidate);
    } else {
      agent = new PolicyAgent(enclave, candidate);
      if (!agent.begin(INSTALL_NANOS)) {
        incoming = null;
        candidate.retire();
        agent.end();
        throw refused(policy, candidate, agent);
      }
    }
    candidate.agent(agent);
    InstalledPolicy before = Objects.requireNonNull(current.getAndSet(candidate));
    incoming = null;
    if (agent != null) {
      new PolicyWatchdog(enclave, candidate, agent).start();
    }
    retire(before);
    Throwable fault = candidate.fault();
    if (fault != null) {
      failed(candidate, fault); // before anybody could see that it was the one
    }
    return before.policy().name();
  }

  private static IllegalStateException refused(
      SchedulingPolicy policy, InstalledPolicy candidate, PolicyAgent agent) {
    Throwable fault = candidate.fault();
    var refusal =
        new IllegalStateException(
            "policy="
                + policy.name()
                + ": "
                + (fault == null ? "it does not answer when it is installed" : fault)
                + "; the one before goes on",
            fault);
    if (fault == null) {
      refusal.setStackTrace(agent.thread().getStackTrace());
    }
    return refusal;
  }

  private void retire(InstalledPolicy before) {
    before.retire();
    applySlices();
    enclave.requeue();
  }

  /** A policy that is about to decide hears what happens from now on. Its agent. */
  void incoming(InstalledPolicy candidate) {
    incoming = candidate;
  }

  @Override
  public void failed(InstalledPolicy failed, Throwable cause) {
    if (!current.compareAndSet(failed, fallback)) {
      return; // a candidate, or one that was replaced
    }
    faults.increment();
    // The rest may take long: a log, a stack. Whoever is here may be inside a turn.
    Thread.ofPlatform()
        .daemon()
        .name("baton-policy-fault")
        .start(
            () -> {
              retire(failed);
              enclave.rescue(failed);
              note(failed.policy().name(), fallback, cause);
            });
  }

  private void note(String failed, InstalledPolicy next, Throwable cause) {
    changed(
        new PolicyChange(
            System.nanoTime(),
            failed,
            next.policy().name(),
            cause.toString(),
            List.of(cause.getStackTrace())));
    LOGGER.log(
        System.Logger.Level.ERROR,
        "Policy " + failed + " has failed; " + next.policy().name() + " decides in its place",
        cause);
  }

  private void changed(PolicyChange change) {
    changes.increment();
    synchronized (recent) {
      if (recent.size() == RECENT) {
        recent.removeFirst();
      }
      recent.addLast(change);
    }
    for (Consumer<PolicyChange> listener : listeners) {
      listener.accept(change);
    }
  }

  /** Has every loop's timer go by what the policy says. */
  void applySlices() {
    InstalledPolicy now = current();
    enclave.eachLoop(loop -> loop.slice(now.sliceNanos(loop.index())));
  }

  // ---------------------------------------------------------------- messages

  /** Whether anybody hears of this. */
  boolean hears(Message.Kind kind) {
    InstalledPolicy next = incoming;
    return current().messages().hears(kind) || (next != null && next.messages().hears(kind));
  }

  /** Something has happened. Any thread; does not wait for the policy. */
  void tell(Message.Kind kind, int loop, int worker, int handlerClass, long nanos) {
    if (hears(kind)) {
      long now = System.nanoTime();
      tell(current(), kind, now, loop, worker, handlerClass, nanos);
      InstalledPolicy next = incoming;
      if (next != null && next != current()) {
        tell(next, kind, now, loop, worker, handlerClass, nanos);
      }
    }
  }

  private static void tell(
      InstalledPolicy who,
      Message.Kind kind,
      long now,
      int loop,
      int worker,
      int handlerClass,
      long nanos) {
    who.messages().add(kind, now, who.numberOf(loop), worker, handlerClass, nanos);
  }

  // ---------------------------------------------------------------- readers

  long changes() {
    return changes.sum();
  }

  long faults() {
    return faults.sum();
  }

  List<PolicyChange> recent() {
    synchronized (recent) {
      return List.copyOf(recent);
    }
  }

  void onChange(Consumer<PolicyChange> listener) {
    listeners.add(listener);
  }

  /** Nothing is decided any more: ends the agent. */
  void stop() {
    current().retire();
  }
}
