package dev.baton.server.management;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel knows of threads of this process. Any thread. */
final class KernelThreads {
  private static final Path OWN = Path.of("/proc/thread-self");

  private KernelThreads() {}

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
