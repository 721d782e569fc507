package dev.baton.scheduler;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.LoopThread;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.TransferableEventLoopGroup;
import dev.baton.scheduler.loop.WorkObserver;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.CpuTopology;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Event loops that change hands, with everything they need: CPUs, workers, kernel notification, a
 * policy. Built once; any thread. Ends when its {@link #eventLoopGroup} is shut down.
 */
public final class Scheduler {
  private static final System.Logger LOGGER = System.getLogger(Scheduler.class.getName());

  private final TransferableEventLoopGroup group;
  private final List<Enclave> enclaves;
  private final BlockNotifier.Choice notifier;
  private final boolean takeover;
  private final @Nullable StageQueue stageQueue;

  private Scheduler(Builder builder) {
    SchedulerOptions options = builder.options;
    LinuxCalls calls = Epoll.isAvailable() ? linuxCalls() : null;
    takeover = calls != null && options.isTakeover();
    CpuSet allowed = allowed(calls);
    SequencedMap<String, CpuSet> cpus = cpus(options, allowed);
    notifier =
        calls != null && takeover
            ? BlockNotifier.choose(calls, options.getNotifier())
            : new BlockNotifier.Choice(
                new TickNotifier(),
                options.isTakeover()
                    ? "no takeover: it needs Linux with epoll and native access"
                    : "no takeover: switched off");
    SchedulingPolicy policy =
        builder.policy != null ? builder.policy : Policies.byName(options.getPolicy());
    Map<String, Enclave.Spec> specs = new LinkedHashMap<>();
    cpus.forEach((name, its) -> specs.put(name, new Enclave.Spec(policy, its)));
    for (EnclaveOptions more : options.getEnclaves()) {
      specs.computeIfPresent(
          more.getName(),
          (name, spec) -> new Enclave.Spec(Policies.byName(more.getPolicy()), spec.cpus()));
    }
    enclaves =
        Enclave.all(
            specs,
            options,
            calls,
            notifier.notifier(),
            builder.threadFactory,
            builder.workObserver);
    SequencedMap<Enclave, Integer> counts = new LinkedHashMap<>();
    for (Enclave enclave : enclaves) {
      int asked =
          options.getEnclaves().stream()
              .filter(more -> more.getName().equals(enclave.name()))
              .findFirst()
              .map(EnclaveOptions::getLoops)
              .orElse(options.getLoops());
      counts.put(enclave, asked == 0 ? enclave.cpus().size() : asked);
    }
    int loops = counts.values().stream().mapToInt(Integer::intValue).sum();
    IoHandlerFactory handlers =
        builder.ioHandlerFactory != null
            ? builder.ioHandlerFactory
            : Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    StageQueue stage =
        builder.stageCapacity == 0 ? null : new StageQueue(builder.stageCapacity, loops);
    stageQueue = stage;
    group = start(loops, counts, handlers, stage);
    boolean worse = takeover && notifier() != options.getNotifier();
    LOGGER.log(
        worse ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
        "{0}, block notification: {1}",
        counts.entrySet().stream()
            .map(of -> inWords(of.getKey(), of.getValue()))
            .collect(Collectors.joining("; ")),
        notifier.reason());
  }

  private String inWords(Enclave enclave, int loops) {
    return (enclaves.size() > 1 ? "enclave " + enclave.name() + ": " : "")
        + loops
        + " event loops on CPUs "
        + enclave.cpus()
        + ", policy "
        + enclave.policyName();
  }

  private static TransferableEventLoopGroup start(
      int loops,
      SequencedMap<Enclave, Integer> counts,
      IoHandlerFactory handlers,
      @Nullable StageQueue stage) {
    try {
      return new TransferableEventLoopGroup(counts, handlers, stage);
    } catch (RuntimeException | OutOfMemoryError e) { // or "unable to create native thread"
      counts.firstEntry().getKey().stop();
      Throwable reason = e;
      while (reason.getCause() != null) {
        reason = reason.getCause();
      }
      throw new IllegalStateException(
          "loops="
              + loops
              + " cannot be started: "
              + reason.getMessage()
              + "; each needs a thread and some open files: raise ulimit -u, pids.max or ulimit -n,"
              + " or choose fewer",
          e);
    }
  }

  private static @Nullable LinuxCalls linuxCalls() {
    try {
      return new FfmLinuxCalls();
    } catch (UnsupportedOperationException | IllegalCallerException | LinkageError e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Event loops do not change hands: {0}. On Linux start Java with"
              + " --enable-native-access=ALL-UNNAMED.",
          e.getMessage());
      return null;
    }
  }

  private static CpuSet allowed(@Nullable LinuxCalls calls) {
    return calls != null
        ? calls.schedGetaffinity(0)
        : CpuSet.of(IntStream.range(0, Runtime.getRuntime().availableProcessors()).toArray());
  }

  /** The CPUs of each enclave, the main one first: no CPU belongs to two. */
  private static SequencedMap<String, CpuSet> cpus(SchedulerOptions options, CpuSet allowed) {
    SequencedMap<String, CpuSet> cpus = new LinkedHashMap<>();
    if (!options.getEnclaves().isEmpty() && !options.isPinning()) {
      throw new IllegalArgumentException(
          "pinning=false: enclaves keep to their CPUs by pinning; set it to true, or name none");
    }
    CpuTopology topology = new CpuTopology();
    CpuSet taken = CpuSet.of();
    for (EnclaveOptions more : options.getEnclaves()) {
      String field = "enclaves." + more.getName() + ".";
      CpuSet its;
      try {
        its = granted(topology.parse(more.getCpus()), allowed);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(field + e.getMessage(), e);
      }
      checkFree(field + "cpus=" + more.getCpus(), its.and(taken));
      cpus.putLast(more.getName(), its);
      taken = taken.or(its);
    }
    CpuSet asked = options.getCpus();
    CpuSet main = asked == null ? allowed.without(taken) : granted(asked, allowed);
    checkFree("cpus=" + asked, main.and(taken));
    if (main.isEmpty()) {
      throw new IllegalArgumentException(
          "enclaves: they have all CPUs that this process may use, "
              + allowed
              + "; leave enclave main one, or name fewer");
    }
    cpus.putFirst(SchedulerOptions.MAIN_ENCLAVE, main);
    return cpus;
  }

  private static void checkFree(String field, CpuSet twice) {
    if (!twice.isEmpty()) {
      throw new IllegalArgumentException(
          field + ": CPU " + twice + " belongs to another enclave, too; name it once");
    }
  }

  /** The CPUs asked for, as far as this process may use them. */
  private static CpuSet granted(CpuSet asked, CpuSet allowed) {
    CpuSet granted = asked.and(allowed);
    if (granted.isEmpty()) {
      throw new IllegalArgumentException(
          "cpus=" + asked + ": this process may only run on " + allowed + "; choose from these");
    }
    if (granted.size() < asked.size()) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Of the CPUs {0} this process may only use {1}; it uses these.",
          asked,
          granted);
    }
    return granted;
  }

  /** Starts a scheduler with these options and the default policy. */
  public static Scheduler start(SchedulerOptions options) {
    return builder().options(options).start();
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The loops. */
  public TransferableEventLoopGroup eventLoopGroup() {
    return group;
  }

  /**
   * Who works where, and what has happened: of enclave {@code main}, which there always is, and
   * which whoever names none gets.
   */
  public Enclave enclave() {
    return enclaves.getFirst();
  }

  /** All enclaves, {@code main} first. */
  public List<Enclave> enclaves() {
    return enclaves;
  }

  /**
   * The enclave of this name.
   *
   * @throws IllegalArgumentException if there is none; the message says which one may be meant
   */
  public Enclave enclave(String name) {
    for (Enclave enclave : enclaves) {
      if (enclave.name().equals(name)) {
        return enclave;
      }
    }
    List<String> names = enclaves.stream().map(Enclave::name).toList();
    throw new IllegalArgumentException(
        "enclave="
            + name
            + ": there is no such enclave; did you mean "
            + DidYouMean.nearest(name, names)
            + "? There are "
            + String.join(", ", names)
            + "; more are named in the option enclaves");
  }

  /**
   * The loop with this index.
   *
   * @throws IllegalArgumentException if there is none
   */
  public TransferableEventLoop loop(int index) {
    List<TransferableEventLoop> loops = group.loops();
    if (index < 0 || index >= loops.size()) {
      throw new IllegalArgumentException(
          "loop=" + index + ": choose one from 0 to " + (loops.size() - 1));
    }
    return loops.get(index);
  }

  /** Every loop of every enclave, by index. Any thread. */
  public List<LoopSnapshot> loopSnapshots() {
    return group.loops().stream().map(TransferableEventLoop::snapshot).toList();
  }

  /** Every worker of every enclave. Any thread. */
  public List<WorkerSnapshot> workerSnapshots() {
    return enclaves.stream().flatMap(enclave -> enclave.workerSnapshots().stream()).toList();
  }

  /** The standbys of every CPU of every enclave. Any thread. */
  public List<PoolSnapshot> poolSnapshots() {
    return enclaves.stream().flatMap(enclave -> enclave.poolSnapshots().stream()).toList();
  }

  /** Why workers of any enclave are not pinned, null if they are. Any thread. */
  public @Nullable String pinningRefusal() {
    return enclaves.stream()
        .map(Enclave::pinningRefusal)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** How often loops changed hands for {@code cause}, in all enclaves since the start. */
  public long takeovers(TakeoverCause cause) {
    return enclaves.stream().mapToLong(enclave -> enclave.takeovers(cause)).sum();
  }

  /** The block notifier in use. */
  public BlockNotifier.Kind notifier() {
    return notifier.notifier().kind();
  }

  /** What the loops pull from beside their own queues, or null if they serve no stage. */
  public @Nullable StageQueue stageQueue() {
    return stageQueue;
  }

  /** Why this notifier, in a sentence. */
  public String notifierReason() {
    return notifier.reason();
  }

  /** The same in a few words: what was refused, else what is in use; without a remedy. */
  public String notifierWord() {
    String reason = notifier.reason();
    int refused = reason.indexOf(BlockNotifier.REFUSED);
    String word = refused < 0 ? reason : reason.substring(refused + BlockNotifier.REFUSED.length());
    int remedy = word.indexOf(" (");
    int colon = refused < 0 ? word.indexOf(':') : -1;
    return word.substring(0, colon >= 0 ? colon : remedy >= 0 ? remedy : word.length());
  }

  /** Whether loops change hands here. */
  public boolean isTakeover() {
    return takeover;
  }

  /** Collaborators of a {@link Scheduler}. Not thread-safe. */
  public static final class Builder {
    private SchedulerOptions options = new SchedulerOptions();
    private @Nullable SchedulingPolicy policy;
    private @Nullable IoHandlerFactory ioHandlerFactory;
    private ThreadFactory threadFactory = LoopThread::new;
    private int stageCapacity;
    private WorkObserver workObserver = WorkObserver.NONE;

    private Builder() {}

    public Builder options(SchedulerOptions options) {
      this.options = options;
      return this;
    }

    /** Decides from the start; the default is the one that the options name. */
    public Builder policy(SchedulingPolicy policy) {
      this.policy = policy;
      return this;
    }

    /** Must work on changing threads; the default is epoll, or NIO where there is none. */
    public Builder ioHandlerFactory(IoHandlerFactory ioHandlerFactory) {
      this.ioHandlerFactory = ioHandlerFactory;
      return this;
    }

    /** Makes workers; its threads must be {@link LoopThread}s. */
    public Builder threadFactory(ThreadFactory threadFactory) {
      this.threadFactory = threadFactory;
      return this;
    }

    /**
     * Makes the loops serve a stage: they pull from one bounded queue.
     *
     * @param capacity the most continuations inside the stage, at least 1
     */
    public Builder stageCapacity(int capacity) {
      this.stageCapacity = capacity;
      return this;
    }

    /** Knows what the workers' threads run; the default knows nothing. */
    public Builder workObserver(WorkObserver workObserver) {
      this.workObserver = workObserver;
      return this;
    }

    public Scheduler start() {
      return new Scheduler(this);
    }
  }
}
