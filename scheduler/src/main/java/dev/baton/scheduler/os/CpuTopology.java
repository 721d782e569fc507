package dev.baton.scheduler.os;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Which CPUs belong together, as the kernel tells below {@code /sys/devices/system}. Any thread.
 *
 * <p>CPUs are named by a list, such as {@code 0-3,6}, or by what they share with one: {@code
 * core:2} is CPU 2 and the siblings on its core, {@code siblings:2} those without it, {@code l3:2}
 * whatever shares its last cache, {@code node:1} a NUMA node.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cputopology.html">How CPU topology info is
 *     exported via sysfs</a>
 */
public final class CpuTopology {
  private static final Path ROOT = Path.of("/sys/devices/system");

  private final Path root;
  private final Map<String, IntFunction<CpuSet>> kinds = new LinkedHashMap<>();

  /** Of this machine. */
  public CpuTopology() {
    this(ROOT);
  }

  /** As told by the files below {@code root}. */
  CpuTopology(Path root) {
    this.root = root;
    kinds.put("core", this::core);
    kinds.put("siblings", cpu -> core(cpu).without(CpuSet.of(cpu)));
    kinds.put("l3", this::lastCache);
    kinds.put("node", node -> read(root.resolve("node/node" + node + "/cpulist")));
  }

  /**
   * The CPUs that {@code text} names.
   *
   * @throws IllegalArgumentException if it is malformed, or the kernel knows nothing of it; the
   *     message has the text and a remedy
   */
  public CpuSet parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      return CpuSet.parse(text);
    }
    IntFunction<CpuSet> kind = kinds.get(text.substring(0, colon).strip());
    if (kind == null) {
      throw new IllegalArgumentException(
          "cpus="
              + text
              + ": write a list such as 0-3,6, or one of "
              + String.join(":N, ", kinds.keySet())
              + ":N");
    }
    CpuSet found;
    try {
      found = kind.apply(Integer.parseUnsignedInt(text.substring(colon + 1).strip()));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "cpus=" + text + ": '" + text.substring(colon + 1) + "' is no number", e);
    } catch (UncheckedIOException e) {
      throw new IllegalArgumentException(
          "cpus="
              + text
              + ": the kernel tells of no such thing ("
              + e.getMessage()
              + "); name the CPUs by a list",
          e);
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException("cpus=" + text + ": there are none; name others");
    }
    return found;
  }

  private Path cpu(int cpu) {
    return root.resolve("cpu/cpu" + cpu);
  }

  private CpuSet core(int cpu) {
    Path topology = cpu(cpu).resolve("topology");
    Path cores = topology.resolve("core_cpus_list"); // since Linux 5.3
    return read(Files.exists(cores) ? cores : topology.resolve("thread_siblings_list"));
  }

  private CpuSet lastCache(int cpu) {
    List<Path> caches = new ArrayList<>();
    Path all = cpu(cpu).resolve("cache");
    try (DirectoryStream<Path> indices = Files.newDirectoryStream(all, "index*")) {
      for (Path index : indices) {
        if (line(index.resolve("level")).equals("3")) {
          caches.add(index);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (caches.isEmpty()) {
      throw new UncheckedIOException(new IOException(all + " has no cache of level 3"));
    }
    return read(caches.getFirst().resolve("shared_cpu_list"));
  }

  private static CpuSet read(Path list) {
    String line = line(list);
    return line.isEmpty() ? CpuSet.of() : CpuSet.parse(line);
  }

  private static String line(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
