package dev.baton.scheduler.os;

import java.util.HashMap;
import java.util.Map;
import net.openhft.affinity.Affinity;
import org.jspecify.annotations.Nullable;

/**
 * Where threads may run. Never fails: what the system refuses is said once and counted on as
 * refused.
 *
 * <p>A thread pins itself by Java-Thread-Affinity; the mask of a sleeping thread is changed by its
 * id, which costs less than a microsecond because nothing has to migrate.
 */
public final class CpuPinning {
  private static final System.Logger LOGGER = System.getLogger(CpuPinning.class.getName());

  private final @Nullable LinuxCalls calls;
  private final CpuSet cpus;
  private final Map<Integer, Long> maskOfCpu = new HashMap<>();
  private final long wideMask;

  // Written by any thread, false to true only
  private volatile @Nullable String refusal;

  /**
   * Prepares the masks; changes no thread.
   *
   * @param calls null where masks cannot be changed by thread id
   * @param cpus where widened threads may run
   */
  public CpuPinning(@Nullable LinuxCalls calls, CpuSet cpus) {
    this.calls = calls;
    this.cpus = cpus;
    if (calls == null) {
      wideMask = 0;
    } else {
      wideMask = calls.cpuMask(cpus);
      cpus.stream().forEach(cpu -> maskOfCpu.put(cpu, calls.cpuMask(CpuSet.of(cpu))));
    }
  }

  /** The CPUs that widened threads may run on. */
  public CpuSet cpus() {
    return cpus;
  }

  /** Why pinning does not work here, or null as long as it does. */
  public @Nullable String refusal() {
    return refusal;
  }

  /** Pins the calling thread; {@code cpu} -1 leaves it alone. */
  public void pin(int cpu) {
    if (cpu < 0 || refusal != null) {
      return;
    }
    try {
      Affinity.setAffinity(CpuSet.of(cpu).toBitSet());
      LinuxCalls c = calls;
      if (c != null && !c.schedGetaffinity(0).equals(CpuSet.of(cpu))) {
        refused("CPU " + cpu + " was not granted");
      }
    } catch (RuntimeException | LinkageError e) {
      refused(String.valueOf(e.getMessage()));
    }
  }

  /** Pins the calling thread again after {@link #widen}. */
  public void repin(int cpu) {
    Long mask = maskOfCpu.get(cpu);
    if (calls != null && mask != null && refusal == null) {
      check(calls.schedSetaffinity(0, mask));
    }
  }

  /**
   * Lets the thread {@code tid} run on all CPUs of {@link #cpus}.
   *
   * @return whether its mask was changed
   */
  public boolean widen(int tid) {
    return calls != null
        && cpus.size() > 1
        && refusal == null
        && check(calls.schedSetaffinity(tid, wideMask));
  }

  private boolean check(int errno) {
    if (errno != 0) {
      refused(new ErrnoException("sched_setaffinity", errno).getMessage());
    }
    return errno == 0;
  }

  private void refused(@Nullable String reason) {
    synchronized (maskOfCpu) {
      if (refusal != null) {
        return;
      }
      refusal = String.valueOf(reason);
    }
    LOGGER.log(
        System.Logger.Level.WARNING,
        "Workers are not pinned: {0}. Baton serves without pinning; tails are longer when the"
            + " kernel moves its threads. Permit sched_setaffinity, or choose CPUs with --cpus that"
            + " this process may use.",
        reason);
  }
}
