package dev.baton.server.management;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the kernel says of a thread. The JVM calls one runnable that sleeps in native code.
 *
 * @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html">proc_pid_stat(5)</a>
 */
enum KernelState {
  /** It has a CPU or waits for one. */
  RUNNABLE,
  /** It sleeps, in a system call or until a page is there. */
  ASLEEP,
  /** Nobody knows: this is not Linux, or the thread has ended. */
  UNKNOWN;

  private static final Path OWN = Path.of("/proc/thread-self");

  /** The state of the thread of this process with that number; any thread may ask. */
  static KernelState of(int tid) {
    if (tid == 0) {
      return UNKNOWN;
    }
    try {
      String stat =
          Files.readString(
              Path.of("/proc/self/task/" + tid + "/stat"), StandardCharsets.ISO_8859_1);
      // "tid (name) S …": the name may hold anything, so from the last parenthesis
      return switch (stat.charAt(stat.lastIndexOf(')') + 2)) {
        case 'R' -> RUNNABLE;
        case 'S', 'D' -> ASLEEP;
        default -> UNKNOWN;
      };
    } catch (IOException | StringIndexOutOfBoundsException ended) {
      return UNKNOWN;
    }
  }

  /**
   * For how long the thread of this process with that number has waited for a CPU, in nanoseconds;
   * 0 if nobody knows. Any thread may ask.
   *
   * @see <a href="https://docs.kernel.org/scheduler/sched-stats.html">schedstat</a>
   */
  static long waitedNanos(int tid) {
    if (tid == 0) {
      return 0;
    }
    try {
      // time on a CPU, time in the run queue, how often
      return Long.parseLong(
          Files.readString(Path.of("/proc/self/task/" + tid + "/schedstat")).split(" ", -1)[1]);
    } catch (IOException | RuntimeException unknown) {
      return 0;
    }
  }

  /** The calling thread's number; 0 if nobody knows it. */
  static int ownTid() {
    try {
      return Integer.parseInt(Files.readSymbolicLink(OWN).getFileName().toString());
    } catch (IOException | RuntimeException unknown) {
      return 0;
    }
  }
}
