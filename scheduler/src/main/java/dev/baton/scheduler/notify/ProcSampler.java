package dev.baton.scheduler.notify;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Blocked workers by the state letter in {@code /proc/self/task/TID/stat}, proc_pid_stat(5). Wakes
 * nobody; costs a few microseconds per look and nothing on the path of a continuation.
 */
public final class ProcSampler extends BlockNotifier {
  @Override
  public Kind kind() {
    return Kind.PROC;
  }

  @Override
  public boolean wakes() {
    return false;
  }

  @Override
  public Stat attach(int tid, int epollFd, long data) {
    Path stat = Path.of("/proc/self/task/" + tid + "/stat");
    try {
      Stat probe = new Stat(FileChannel.open(stat, StandardOpenOption.READ));
      if (probe.look() == Sighting.UNKNOWN) {
        probe.close();
        throw new IllegalStateException(stat + " cannot be read");
      }
      return probe;
    } catch (IOException e) {
      throw new IllegalStateException(stat + " cannot be opened: " + e.getMessage(), e);
    }
  }

  /** The open {@code stat} file of one worker. */
  static final class Stat extends BlockProbe {
    private final FileChannel file;
    private final ByteBuffer line = ByteBuffer.allocateDirect(512);

    Stat(FileChannel file) {
      this.file = file;
    }

    @Override
    public void arm() {}

    @Override
    public void rearm() {}

    @Override
    public void disarm() {}

    @Override
    public synchronized Sighting look() {
      try {
        line.clear();
        int bytes = file.read(line, 0);
        // "tid (name) S …": the name may hold anything, so search the last parenthesis
        for (int i = bytes - 3; i >= 0; i--) {
          if (line.get(i) == ')') {
            return switch (line.get(i + 2)) {
              case 'S', 'D' -> Sighting.BLOCKED;
              case 'R' -> Sighting.RUNNING;
              default -> Sighting.UNKNOWN;
            };
          }
        }
        return Sighting.UNKNOWN;
      } catch (IOException e) {
        return Sighting.UNKNOWN; // the thread has ended
      }
    }

    @Override
    public long blockedSinceNanos() {
      return 0;
    }

    @Override
    public void close() {
      try {
        file.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
