package dev.baton.scheduler;

import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How many loops, where, and when they change hands. Not thread-safe; a {@link Scheduler} copies
 * what it needs.
 */
public final class SchedulerOptions {
  /** The enclave that there always is. */
  public static final String MAIN_ENCLAVE = "main";

  /** Default of {@link #getGrace}. */
  public static final Duration DEFAULT_GRACE = Duration.ZERO;

  /** Default of {@link #getSlice}. */
  public static final Duration DEFAULT_SLICE = Duration.ofMillis(1);

  /** Default of {@link #getKernelSlice}. */
  public static final Duration DEFAULT_KERNEL_SLICE = Duration.ofNanos(100_000);

  /** Default of {@link #getSpin}. */
  public static final Duration DEFAULT_SPIN = Duration.ofNanos(10_000);

  /** Default of {@link #getMinStandbys}. */
  public static final int DEFAULT_MIN_STANDBYS = 4;

  /** Default of {@link #getMaxStandbys}. */
  public static final int DEFAULT_MAX_STANDBYS = 256;

  /** Virtual threads that may run new work, for each of {@link #getMaxStandbys}. */
  public static final int VIRTUAL_PER_STANDBY = 4;

  /** Default of {@link #getStandbyKeepAlive}. */
  public static final Duration DEFAULT_STANDBY_KEEP_ALIVE = Duration.ofSeconds(10);

  /** Default of {@link #getMaxHeldContinuations}. */
  public static final int DEFAULT_MAX_HELD_CONTINUATIONS = 1024;

  /** Default of {@link #getMaxWait}. */
  public static final Duration DEFAULT_MAX_WAIT = Duration.ofSeconds(10);

  private int loops;
  private @Nullable CpuSet cpus;
  private boolean pinning = true;
  private boolean takeover = true;
  private String policy = Policies.DEFAULT;
  private BlockNotifier.Kind notifier = BlockNotifier.Kind.PERF;
  private Duration grace = DEFAULT_GRACE;
  private Duration slice = DEFAULT_SLICE;
  private Duration kernelSlice = DEFAULT_KERNEL_SLICE;
  private Duration spin = DEFAULT_SPIN;
  private int minStandbys = DEFAULT_MIN_STANDBYS;
  private int maxStandbys = DEFAULT_MAX_STANDBYS;
  private Duration standbyKeepAlive = DEFAULT_STANDBY_KEEP_ALIVE;
  private int maxHeldContinuations = DEFAULT_MAX_HELD_CONTINUATIONS;
  private Duration maxWait = DEFAULT_MAX_WAIT;
  private List<EnclaveOptions> enclaves = List.of();

  /** All defaults. */
  public SchedulerOptions() {}

  /** A copy. */
  public SchedulerOptions(SchedulerOptions other) {
    loops = other.loops;
    cpus = other.cpus;
    pinning = other.pinning;
    takeover = other.takeover;
    policy = other.policy;
    notifier = other.notifier;
    grace = other.grace;
    slice = other.slice;
    kernelSlice = other.kernelSlice;
    spin = other.spin;
    minStandbys = other.minStandbys;
    maxStandbys = other.maxStandbys;
    standbyKeepAlive = other.standbyKeepAlive;
    maxHeldContinuations = other.maxHeldContinuations;
    maxWait = other.maxWait;
    enclaves = other.enclaves.stream().map(EnclaveOptions::new).toList();
  }

  /** Number of event loops; 0 (the default) means one per CPU. */
  public int getLoops() {
    return loops;
  }

  public SchedulerOptions setLoops(int loops) {
    this.loops = checkRange("loops", loops, 0, 4096);
    return this;
  }

  /** The CPUs to pin to; null (the default) means all the process may use. */
  public @Nullable CpuSet getCpus() {
    return cpus;
  }

  public SchedulerOptions setCpus(@Nullable CpuSet cpus) {
    if (cpus != null && cpus.isEmpty()) {
      throw new IllegalArgumentException("cpus=: name at least one CPU, for example 0-3,6");
    }
    this.cpus = cpus;
    return this;
  }

  /** Whether workers are pinned to the CPU of their loop; true by default. */
  public boolean isPinning() {
    return pinning;
  }

  public SchedulerOptions setPinning(boolean pinning) {
    this.pinning = pinning;
    return this;
  }

  /** Whether loops change hands at all; true by default. False is a stock event loop. */
  public boolean isTakeover() {
    return takeover;
  }

  public SchedulerOptions setTakeover(boolean takeover) {
    this.takeover = takeover;
    return this;
  }

  /** The name of the scheduling policy, {@link Policies}; {@code run-to-completion} by default. */
  public String getPolicy() {
    return policy;
  }

  /**
   * See {@link #getPolicy}.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  public SchedulerOptions setPolicy(String policy) {
    SchedulingPolicy _ = Policies.byName(policy);
    this.policy = policy;
    return this;
  }

  /** The best notifier to try; worse ones follow if it is refused. {@code PERF} by default. */
  public BlockNotifier.Kind getNotifier() {
    return notifier;
  }

  public SchedulerOptions setNotifier(BlockNotifier.Kind notifier) {
    this.notifier = notifier;
    return this;
  }

  /** How long a worker may sleep inside a continuation before its loop is taken. */
  public Duration getGrace() {
    return grace;
  }

  public SchedulerOptions setGrace(Duration grace) {
    this.grace = checkRange("grace", grace, 0, 999_999_999);
    return this;
  }

  /**
   * How long a continuation may compute before its loop is taken; without kernel notification also
   * the interval of the tick. At least 10 µs.
   */
  public Duration getSlice() {
    return slice;
  }

  public SchedulerOptions setSlice(Duration slice) {
    this.slice = checkRange("slice", slice, 10_000, 500_000_000);
    return this;
  }

  /** The slice that loop threads ask of the kernel's scheduler (EEVDF); zero asks for none. */
  public Duration getKernelSlice() {
    return kernelSlice;
  }

  public SchedulerOptions setKernelSlice(Duration kernelSlice) {
    this.kernelSlice = checkRange("kernelSlice", kernelSlice, 0, 100_000_000);
    return this;
  }

  /**
   * How long one loop of a stage looks for more work before it sleeps; zero sleeps at once. Loops
   * that serve no stage never spin.
   */
  public Duration getSpin() {
    return spin;
  }

  public SchedulerOptions setSpin(Duration spin) {
    this.spin = checkRange("spin", spin, 0, 1_000_000);
    return this;
  }

  /** Standby workers kept waiting per CPU, at least 1. */
  public int getMinStandbys() {
    return minStandbys;
  }

  public SchedulerOptions setMinStandbys(int minStandbys) {
    this.minStandbys = checkRange("minStandbys", minStandbys, 1, 10_000);
    return this;
  }

  /**
   * The most workers per CPU beside the owners of loops, waiting and blocked ones together. When
   * all are blocked, loops go on with I/O and hold continuations back.
   */
  public int getMaxStandbys() {
    return maxStandbys;
  }

  public SchedulerOptions setMaxStandbys(int maxStandbys) {
    this.maxStandbys = checkRange("maxStandbys", maxStandbys, 1, 10_000);
    return this;
  }

  /** How long a standby above the minimum waits before its thread ends; at least 10 ms. */
  public Duration getStandbyKeepAlive() {
    return standbyKeepAlive;
  }

  public SchedulerOptions setStandbyKeepAlive(Duration standbyKeepAlive) {
    this.standbyKeepAlive =
        checkRange("standbyKeepAlive", standbyKeepAlive, 10_000_000, Long.MAX_VALUE);
    return this;
  }

  /**
   * How many requests wait per loop, for a standby or behind a callback that is away, before more
   * of them are refused.
   */
  public int getMaxHeldContinuations() {
    return maxHeldContinuations;
  }

  public SchedulerOptions setMaxHeldContinuations(int maxHeldContinuations) {
    this.maxHeldContinuations =
        checkRange("maxHeldContinuations", maxHeldContinuations, 0, 10_000_000);
    return this;
  }

  /** How long a request waits so before it is refused; 10 ms to an hour. */
  public Duration getMaxWait() {
    return maxWait;
  }

  public SchedulerOptions setMaxWait(Duration maxWait) {
    this.maxWait = checkRange("maxWait", maxWait, 10_000_000, 3_600_000_000_000L);
    return this;
  }

  /**
   * Enclaves beside {@code main}, the one whose CPUs, loops and policy are named here. None by
   * default. The CPUs of {@code main}, if {@link #getCpus} does not name them, are those that are
   * left.
   */
  public List<EnclaveOptions> getEnclaves() {
    return enclaves;
  }

  /**
   * See {@link #getEnclaves}.
   *
   * @throws IllegalArgumentException if two have the same name, or one that of {@code main}
   */
  public SchedulerOptions setEnclaves(List<EnclaveOptions> enclaves) {
    Set<String> names = new HashSet<>(Set.of(MAIN_ENCLAVE));
    for (EnclaveOptions enclave : enclaves) {
      if (!names.add(enclave.getName())) {
        throw new IllegalArgumentException(
            "enclave=" + enclave.getName() + ": there is one of this name; choose another name");
      }
    }
    this.enclaves = List.copyOf(enclaves);
    return this;
  }

  private static int checkRange(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + "=" + value + ": choose a value from " + min + " to " + max);
    }
    return value;
  }

  private static Duration checkRange(String name, Duration value, long minNanos, long maxNanos) {
    if (value.isNegative()
        || value.compareTo(Duration.ofNanos(minNanos)) < 0
        || value.compareTo(Duration.ofNanos(maxNanos)) > 0) {
      throw new IllegalArgumentException(
          name
              + "="
              + value
              + ": choose a duration from "
              + Duration.ofNanos(minNanos)
              + " to "
              + Duration.ofNanos(maxNanos));
    }
    return value;
  }
}
