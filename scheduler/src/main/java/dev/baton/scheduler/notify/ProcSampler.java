package dev.baton.scheduler.notify;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;

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
    String stat = fileOf(tid);
    try {
      Stat probe = new Stat(new RandomAccessFile(stat, "r"));
      if (probe.look() == Sighting.UNKNOWN) {
        probe.close();
        throw new IllegalStateException(stat + " cannot be read");
      }
      return probe;
    } catch (IOException e) {
      throw new IllegalStateException(stat + " cannot be opened: " + e.getMessage(), e);
    }
  }

  /**
   * Looks once at a thread of this process. Any thread.
   *
   * @param tid the kernel's number of it
   * @return {@link Sighting#UNKNOWN} also if it has ended, or this is not Linux
   */
  public static Sighting look(int tid) {
    try (var file = new RandomAccessFile(fileOf(tid), "r")) {
      return new Stat(file).look();
    } catch (IOException e) {
      return Sighting.UNKNOWN;
    }
  }

  private static String fileOf(int tid) {
    return "/proc/self/task/" + tid + "/stat";
  }

  /**
   * The open {@code stat} file of one worker. No {@code FileChannel}: that closes itself when the
   * thread that looks is interrupted, and the worker would never be seen again.
   */
  static final class Stat extends BlockProbe {
    private final RandomAccessFile file;
    private final byte[] line = new byte[512];

    Stat(RandomAccessFile file) {
      this.file = file;
    }

    @Override
    public void arm() {}

    @Override
    public void rearm() {}

    @Override
    public void disarm() {}

    @Override
    public void mute() {}

    @Override
    public synchronized Sighting look() {
      try {
        file.seek(0);
        int bytes = file.read(line);
        // "tid (name) S …": the name may hold anything, so search the last parenthesis
        for (int i = bytes - 3; i >= 0; i--) {
          if (line[i] == ')') {
            return switch (line[i + 2]) {
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
        throw new UncheckedIOException(e);
      }
    }
  }
}
