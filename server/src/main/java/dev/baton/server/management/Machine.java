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
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the collector and the neighbours take: pauses, a heap near its end, CPU time that the
 * hypervisor gave to others or the limit of this process's control group withheld. One thread at a
 * time.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">cgroup v2, cpu.stat</a>
 * @see <a href="https://docs.kernel.org/scheduler/sched-bwc.html">version 1, its cpu.stat</a>
 */
final class Machine {
  private static final long WINDOW_NANOS = 10_000_000_000L;
  private static final int STEAL_COLUMN = 8; // of "cpu" in proc_stat(5)
  private static final long JIFFY_NANOS = 10_000_000L;

  /** Then {@code usec} follows, or in version 1 {@code time}, of nanoseconds. */
  private static final String THROTTLED = "throttled_";

  private final Path stat;
  private final @Nullable Path groupStat;

  /**
   * Shares of the last seconds.
   *
   * @param pauses of time in pauses of the collector
   * @param stolen of all CPUs' time that went to other machines
   * @param throttled of time that a limit on CPU stopped threads
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

  Machine() {
    this(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  /**
   * @param proc where proc(5) is
   * @param groups where cgroups(7) are
   */
  Machine(Path proc, Path groups) {
    stat = proc.resolve("stat");
    groupStat = groupStat(proc.resolve("self/cgroup"), groups);
  }

  /** Of this process's own group; where a container sees no other, that is the one on top. */
  private static @Nullable Path groupStat(Path memberships, Path groups) {
    return lines(memberships)
        .map(line -> line.split(":", 3))
        .filter(parts -> parts.length == 3 && parts[2].startsWith("/"))
        .filter(parts -> parts[1].isEmpty() || List.of(parts[1].split(",", -1)).contains("cpu"))
        .sorted(Comparator.comparing(parts -> parts[1].isEmpty())) // version 1 if it is there
        .flatMap(
            parts -> {
              Path mount = groups.resolve(parts[1]); // of version 2 it has no name
              return Stream.of(mount.resolve(parts[2].substring(1)), mount);
            })
        .map(group -> group.resolve("cpu.stat"))
        .filter(file -> lines(file).anyMatch(line -> line.startsWith(THROTTLED)))
        .findFirst()
        .orElse(null);
  }

  /** Reads once more. Once a second. */
  void read(long now) {
    readings.addLast(new Reading(now, pauseNanos(), stolenNanos(), throttledNanos()));
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
        Math.min(1, (last.pauseNanos - first.pauseNanos) / nanos),
        (last.stolenNanos - first.stolenNanos) / nanos / cpus,
        // Counted on each CPU; together all of them stop no more than all of the time.
        Math.min(1, (last.throttledNanos - first.throttledNanos) / nanos),
        heap());
  }

  /**
   * The share of pauses of the collector in the time since then, and up to a second more; of the
   * last seconds, if that is longer ago.
   *
   * @param sinceNanos on the clock of {@code now}
   */
  double pausesSince(long sinceNanos, long now) {
    Reading first = null;
    for (Reading reading : readings) {
      if (first == null || reading.nanos - sinceNanos <= 0) {
        first = reading;
      }
    }
    return first == null || now - first.nanos <= 0
        ? 0
        // Since it was now, there may have been more of them.
        : Math.min(1, (double) (pauseNanos() - first.pauseNanos) / (now - first.nanos));
  }

  private long pauseNanos() {
    long millis = 0;
    for (GarbageCollectorMXBean collector : collectors) {
      millis += Math.max(0, collector.getCollectionTime());
    }
    return millis * 1_000_000;
  }

  private double heap() {
    long used = 0;
    for (MemoryPoolMXBean pool : pools) {
      MemoryUsage after = pool.getCollectionUsage();
      used += after == null ? 0 : after.getUsed();
    }
    return (double) used / Runtime.getRuntime().maxMemory();
  }

  private long stolenNanos() {
    return number(stat, "cpu ", STEAL_COLUMN) * JIFFY_NANOS;
  }

  private long throttledNanos() {
    Path file = groupStat;
    return file == null
        ? 0
        : number(file, THROTTLED + "usec ", 1) * 1000 + number(file, THROTTLED + "time ", 1);
  }

  /** A column of the line that begins so; 0 if there is none: then nothing is known of it. */
  private static long number(Path file, String prefix, int column) {
    return lines(file)
        .filter(line -> line.startsWith(prefix))
        .map(line -> line.split(" +", -1))
        .filter(words -> column < words.length && words[column].matches("\\d{1,18}"))
        .mapToLong(words -> Long.parseLong(words[column]))
        .findFirst()
        .orElse(0);
  }

  /** None if it cannot be read. */
  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream();
    } catch (IOException unreadable) {
      return Stream.of();
    }
  }
}
