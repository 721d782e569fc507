package dev.baton.loadgen.record;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What the generator itself cost over a run, warm-up included.
 *
 * @param seconds wall-clock time
 * @param processCpuSeconds CPU time of the whole process
 * @param threadCpuSeconds CPU time of the client thread
 * @param gcMillis time spent in garbage collections
 * @param gcCount number of garbage collections
 * @param stealSeconds time the hypervisor took from this machine's CPUs; 0 where unknown
 * @param busySeconds time this machine's CPUs were not idle, taken by whomever; 0 where unknown
 */
public record SelfMeasurement(
    double seconds,
    double processCpuSeconds,
    double threadCpuSeconds,
    long gcMillis,
    long gcCount,
    double stealSeconds,
    double busySeconds) {

  /** Readings since the start of the process; the client thread only. */
  public static SelfMeasurement now() {
    long gcMillis = 0;
    long gcCount = 0;
    for (var collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      gcMillis += Math.max(0, collector.getCollectionTime());
      gcCount += Math.max(0, collector.getCollectionCount());
    }
    double[] ticks = readCpuSeconds();
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new SelfMeasurement(
        System.nanoTime() / 1e9,
        system.getProcessCpuTime() / 1e9,
        ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9,
        gcMillis,
        gcCount,
        ticks[7],
        Arrays.stream(ticks, 0, 8).sum() - ticks[3] - ticks[4]);
  }

  /** The difference to readings taken before. */
  public SelfMeasurement since(SelfMeasurement before) {
    return new SelfMeasurement(
        seconds - before.seconds,
        processCpuSeconds - before.processCpuSeconds,
        threadCpuSeconds - before.threadCpuSeconds,
        gcMillis - before.gcMillis,
        gcCount - before.gcCount,
        stealSeconds - before.stealSeconds,
        busySeconds - before.busySeconds);
  }

  /** CPU time of the process as a share of one CPU, in percent. */
  public double cpuPercent() {
    return seconds == 0 ? 0 : 100 * processCpuSeconds / seconds;
  }

  /** Of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal; 0 where unknown. */
  private static double[] readCpuSeconds() {
    double[] seconds = new double[8];
    var stat = Path.of("/proc/stat");
    if (!Files.isReadable(stat)) {
      return seconds;
    }
    try (var lines = Files.lines(stat)) {
      // "cpu user nice system …" in ticks of 10 ms; proc(5).
      String[] fields = lines.findFirst().orElse("").trim().split("\\s+", -1);
      for (int i = 0; i < seconds.length && i + 1 < fields.length; i++) {
        seconds[i] = Long.parseLong(fields[i + 1]) / 100.0;
      }
    } catch (IOException | NumberFormatException e) {
      return new double[8];
    }
    return seconds;
  }
}
