package dev.baton.server.management;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What the collector and the neighbours take: pauses, a heap near its end, CPU time that the
 * hypervisor gave to others or the container's limit withheld. One thread at a time.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">cgroup v2, cpu.stat</a>
 */
final class Machine {
  private static final long WINDOW_NANOS = 10_000_000_000L;
  private static final int STEAL_COLUMN = 8; // of "cpu" in proc_stat(5)
  private static final long JIFFY_NANOS = 10_000_000L;
  private static final Path STAT = Path.of("/proc/stat");
  private static final Path CGROUP_STAT = Path.of("/sys/fs/cgroup/cpu.stat");

  /**
   * Shares of the last seconds.
   *
   * @param pauses of time in pauses of the collector
   * @param stolen of all CPUs' time that went to other machines
   * @param throttled of time that the container's limit stopped threads
   * @param heap of the heap that was in use after the last collection
   */
  record Shares(double pauses, double stolen, double throttled, double heap) {}

  private record Reading(long nanos, long pauseNanos, long stolenNanos, long throttledNanos) {}

  private final List<GarbageCollectorMXBean> collectors =
      ManagementFactory.getGarbageCollectorMXBeans().stream()
          // These count whole cycles, during which everything runs.
          .filter(c -> !c.getName().contains("Concurrent") && !c.getName().contains("Cycles"))
          .toList();
  private final List<MemoryPoolMXBean> pools =
      ManagementFactory.getMemoryPoolMXBeans().stream()
          .filter(pool -> pool.getType() == MemoryType.HEAP)
          .toList();
  private final int cpus = Runtime.getRuntime().availableProcessors();
  private final Deque<Reading> readings = new ArrayDeque<>();

  /** Reads once more. Once a second. */
  void read(long now) {
    long pauseMillis = 0;
    for (GarbageCollectorMXBean collector : collectors) {
      pauseMillis += Math.max(0, collector.getCollectionTime());
    }
    readings.addLast(new Reading(now, pauseMillis * 1_000_000, stolenNanos(), throttledNanos()));
    while (now - readings.getFirst().nanos > WINDOW_NANOS) {
      readings.removeFirst();
    }
  }

  Shares shares() {
    if (readings.size() < 2) {
      return new Shares(0, 0, 0, heap());
    }
    Reading first = readings.getFirst();
    Reading last = readings.getLast();
    double nanos = last.nanos - first.nanos;
    return new Shares(
        (last.pauseNanos - first.pauseNanos) / nanos,
        (last.stolenNanos - first.stolenNanos) / nanos / cpus,
        (last.throttledNanos - first.throttledNanos) / nanos,
        heap());
  }

  private double heap() {
    long used = 0;
    for (MemoryPoolMXBean pool : pools) {
      MemoryUsage after = pool.getCollectionUsage();
      used += after == null ? 0 : after.getUsed();
    }
    return (double) used / Runtime.getRuntime().maxMemory();
  }

  private static long stolenNanos() {
    return number(STAT, "cpu ", STEAL_COLUMN) * JIFFY_NANOS;
  }

  private static long throttledNanos() {
    return number(CGROUP_STAT, "throttled_usec ", 1) * 1000;
  }

  /** A column of the line that begins so; 0 if there is none: then nothing is known of it. */
  private static long number(Path file, String prefix, int column) {
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.startsWith(prefix)) {
          String[] words = line.split(" +", -1);
          return column < words.length ? Long.parseLong(words[column]) : 0;
        }
      }
      return 0;
    } catch (IOException | NumberFormatException unreadable) {
      return 0;
    }
  }
}
