package dev.baton.scheduler;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopThread;
import dev.baton.scheduler.loop.TransferableEventLoopGroup;
import dev.baton.scheduler.loop.WorkObserver;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.notify.TickNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.os.FfmLinuxCalls;
import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Event loops that change hands, with everything they need: CPUs, workers, kernel notification, a
 * policy. Built once; any thread. Ends when its {@link #eventLoopGroup} is shut down.
 */
public final class Scheduler {
  private static final System.Logger LOGGER = System.getLogger(Scheduler.class.getName());

  private final TransferableEventLoopGroup group;
  private final Enclave enclave;
  private final BlockNotifier.Choice notifier;
  private final boolean takeover;
  private final @Nullable StageQueue stageQueue;

  private Scheduler(Builder builder) {
    SchedulerOptions options = builder.options;
    LinuxCalls calls = Epoll.isAvailable() ? linuxCalls() : null;
    takeover = calls != null && options.isTakeover();
    CpuSet cpus = cpus(options, calls);
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
    enclave =
        new Enclave(
            options,
            calls,
            notifier.notifier(),
            policy,
            cpus,
            builder.threadFactory,
            builder.workObserver);
    int loops = options.getLoops() == 0 ? cpus.size() : options.getLoops();
    IoHandlerFactory handlers =
        builder.ioHandlerFactory != null
            ? builder.ioHandlerFactory
            : Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    StageQueue stage =
        builder.stageCapacity == 0 ? null : new StageQueue(builder.stageCapacity, loops);
    stageQueue = stage;
    group = start(loops, enclave, handlers, stage);
    boolean worse = takeover && notifier() != options.getNotifier();
    LOGGER.log(
        worse ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
        "{0} event loops on CPUs {1}, policy {2}, block notification: {3}",
        loops,
        cpus,
        policy.name(),
        notifier.reason());
  }

  private static TransferableEventLoopGroup start(
      int loops, Enclave enclave, IoHandlerFactory handlers, @Nullable StageQueue stage) {
    try {
      return new TransferableEventLoopGroup(loops, enclave, handlers, stage);
    } catch (RuntimeException | OutOfMemoryError e) { // or "unable to create native thread"
      enclave.stop();
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

  /** The CPUs asked for, as far as this process may use them. */
  private static CpuSet cpus(SchedulerOptions options, @Nullable LinuxCalls calls) {
    CpuSet allowed =
        calls != null
            ? calls.schedGetaffinity(0)
            : CpuSet.of(IntStream.range(0, Runtime.getRuntime().availableProcessors()).toArray());
    CpuSet asked = options.getCpus();
    if (asked == null) {
      return allowed;
    }
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

  /** Who works where, and what has happened. */
  public Enclave enclave() {
    return enclave;
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
