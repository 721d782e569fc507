package dev.baton.scheduler.os;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import net.openhft.affinity.Affinity;
import org.jspecify.annotations.Nullable;

/**
 * Where threads may run. Never fails. A system that forbids the calls is asked no more, and that is
 * said once. Any other failure is that of one call: the thread has ended meanwhile, or the CPU was
 * taken out of the cpuset, which may give it back.
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

  /** Why the workers of a CPU are not pinned. Written by any thread. */
  private final Map<Integer, String> refusedCpus = new ConcurrentHashMap<>();

  // Written by any thread, null to not null only
  private volatile @Nullable String forbidden;

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

  /** Why workers are not pinned, all or those of some CPU; null if they are. */
  public @Nullable String refusal() {
    String all = forbidden;
    return all != null ? all : refusedCpus.values().stream().findFirst().orElse(null);
  }

  /** Pins the calling thread; {@code cpu} -1 leaves it alone. */
  public void pin(int cpu) {
    if (cpu < 0 || forbidden != null) {
      return;
    }
    try {
      Affinity.setAffinity(CpuSet.of(cpu).toBitSet());
      LinuxCalls c = calls;
      if (c != null && !c.schedGetaffinity(0).equals(CpuSet.of(cpu))) {
        refused(cpu, "CPU " + cpu + " was not granted");
      } else {
        refusedCpus.remove(cpu);
      }
    } catch (RuntimeException | LinkageError e) {
      if (maskOfCpu.containsKey(cpu)) {
        repin(cpu); // its errno says whether to ask again
      } else {
        refused(cpu, String.valueOf(e.getMessage()));
      }
    }
  }

  /** Pins the calling thread again after {@link #widen}. */
  public void repin(int cpu) {
    Long mask = maskOfCpu.get(cpu);
    if (calls == null || mask == null || forbidden != null) {
      return;
    }
    int errno = calls.schedSetaffinity(0, mask);
    if (errno == 0) {
      refusedCpus.remove(cpu);
    } else if (!noteIfForbidden(errno)) {
      refused(cpu, "CPU " + cpu + ": " + reason(errno));
    }
  }

  /**
   * Lets the thread {@code tid} run on all CPUs of {@link #cpus}.
   *
   * @return whether its mask was changed; not if it has ended
   */
  public boolean widen(int tid) {
    if (calls == null || cpus.size() < 2 || forbidden != null) {
      return false;
    }
    int errno = calls.schedSetaffinity(tid, wideMask);
    if (errno != 0) {
      noteIfForbidden(errno);
    }
    return errno == 0;
  }

  /** Whether the system forbids the call, whatever it is asked for; notes that. */
  private boolean noteIfForbidden(int errno) {
    if (errno != ErrnoException.EPERM && errno != ErrnoException.ENOSYS) {
      return false;
    }
    synchronized (maskOfCpu) {
      if (forbidden == null) {
        forbidden = reason(errno);
        say(reason(errno));
      }
    }
    return true;
  }

  private void refused(int cpu, String reason) {
    if (refusedCpus.putIfAbsent(cpu, reason) == null) {
      say(reason);
    }
  }

  private static String reason(int errno) {
    return String.valueOf(new ErrnoException("sched_setaffinity", errno).getMessage());
  }

  private static void say(String reason) {
    LOGGER.log(
        System.Logger.Level.WARNING,
        "Workers are not pinned: {0}. Baton serves without pinning; tails are longer when the"
            + " kernel moves its threads. Permit sched_setaffinity, or choose CPUs with --cpus that"
            + " this process may use.",
        reason);
  }
}
