package dev.baton.loadgen.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How the client thread got on with its core.
 *
 * @param seconds wall-clock time
 * @param cpuSeconds time it ran
 * @param waitedSeconds time it could have run, but others had the core; 0 where the kernel does not
 *     tell
 */
public record CoreUse(double seconds, double cpuSeconds, double waitedSeconds) {
  /** Not measured. */
  public static final CoreUse NONE = new CoreUse(0, 0, 0);

  /** The difference to a reading taken before. */
  public CoreUse since(CoreUse before) {
    return new CoreUse(
        seconds - before.seconds,
        cpuSeconds - before.cpuSeconds,
        waitedSeconds - before.waitedSeconds);
  }

  /** Share of the time in which it ran or wanted to, 0 to 1; 0 if not measured. */
  public double busyShare() {
    return seconds > 0 ? (cpuSeconds + waitedSeconds) / seconds : 0;
  }

  /** Share of the time in which it waited for its core, 0 to 1; 0 if not measured. */
  public double waitedShare() {
    return seconds > 0 ? waitedSeconds / seconds : 0;
  }

  /** Reads what the calling thread used since it began, cheaply; that thread only. */
  public static final class Reader implements AutoCloseable {
    // Documentation/scheduler/sched-stats.rst: time on the CPU, time in the run queue, in ns.
    private static final Path SCHEDSTAT = Path.of("/proc/thread-self/schedstat");

    private final @Nullable FileChannel schedstat;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(128);

    /** Opens the source for the calling thread. */
    public Reader() {
      try {
        schedstat = Files.isReadable(SCHEDSTAT) ? FileChannel.open(SCHEDSTAT.toRealPath()) : null;
      } catch (IOException e) {
        throw new UncheckedIOException(SCHEDSTAT + " cannot be opened", e);
      }
    }

    /** The use so far. */
    public CoreUse now() {
      double wall = System.nanoTime() / 1e9;
      if (schedstat == null) {
        double cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e9;
        return new CoreUse(wall, cpu, 0);
      }
      try {
        int length = Math.max(0, schedstat.read(buffer.clear(), 0));
        byte[] bytes = new byte[length];
        buffer.flip().get(bytes);
        String[] fields = new String(bytes, StandardCharsets.US_ASCII).split(" ", -1);
        return new CoreUse(
            wall, Long.parseLong(fields[0]) / 1e9, Long.parseLong(fields[1].trim()) / 1e9);
      } catch (IOException e) {
        throw new UncheckedIOException(SCHEDSTAT + " cannot be read", e);
      }
    }

    @Override
    public void close() {
      try {
        if (schedstat != null) {
          schedstat.close();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
