package dev.baton.loadgen.client;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Asks the Linux kernel to wake the calling thread on time and to let it run at once even where the
 * JVM's compiler shares its core. Needs no privileges; without effect elsewhere.
 */
final class PacingThread {
  private static final System.Logger LOGGER = System.getLogger(PacingThread.class.getName());

  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  // include/uapi/linux/prctl.h
  private static final int PR_SET_TIMERSLACK = 29;

  // arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
  private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

  private static final long SYS_PRCTL = ARM ? 167 : 157;
  private static final long SYS_SCHED_SETATTR = ARM ? 274 : 314;
  private static final long SYS_SCHED_GETSCHEDULER = ARM ? 120 : 145;

  // include/uapi/linux/sched.h
  private static final int SCHED_NORMAL = 0;
  private static final int SCHED_FIFO = 1;
  private static final int SCHED_RR = 2;
  private static final long SCHED_FLAG_RESET_ON_FORK = 1;
  private static final int SCHED_RESET_ON_FORK = 0x40000000; // as sched_getscheduler(2) reports it

  private static final int REALTIME_PRIORITY = 1;

  // Names of threads as the kernel cuts them: the compilers, and who watches a run.
  private static final List<String> YIELDING =
      List.of("C1 Comp", "C2 Comp", "loadgen-monitor", "HTTP-Dispatcher");

  // While these work, the JVM makes all others wait.
  private static final List<String> STOPPING = List.of("VM Thread", "GC Thread");

  // A tenth of the core, so that code that has to be compiled again still is.
  private static final int YIELDING_NICE = 10;
  private static final long SLICE_NANOS = 100_000;
  private static final MemoryLayout SCHED_ATTR =
      // include/uapi/linux/sched/types.h
      MemoryLayout.structLayout(
          ValueLayout.JAVA_INT.withName("size"),
          ValueLayout.JAVA_INT.withName("sched_policy"),
          ValueLayout.JAVA_LONG.withName("sched_flags"),
          ValueLayout.JAVA_INT.withName("sched_nice"),
          ValueLayout.JAVA_INT.withName("sched_priority"),
          ValueLayout.JAVA_LONG.withName("sched_runtime"),
          ValueLayout.JAVA_LONG.withName("sched_deadline"),
          ValueLayout.JAVA_LONG.withName("sched_period"));

  private PacingThread() {}

  /**
   * Gives the calling thread 1 ns of timer slack and a short EEVDF slice. One that is in a
   * real-time class already stays there.
   *
   * @param realtime puts the thread into {@code SCHED_FIFO}, and with it those of the JVM that it
   *     has to wait for at safepoints; threads and processes it starts do not inherit that
   * @throws IllegalArgumentException if the kernel refuses that
   */
  static void tuneCurrent(boolean realtime) {
    if (!LINUX) {
      return;
    }
    try {
      if (syscall(SYS_PRCTL, PR_SET_TIMERSLACK, 1, 0) != 0) {
        LOGGER.log(System.Logger.Level.DEBUG, "prctl(PR_SET_TIMERSLACK) failed: coarser pacing");
      }
      if (realtime()) {
        return;
      }
      if (realtime) {
        if (setAttributes(0, SCHED_FIFO, 0, REALTIME_PRIORITY) != 0) {
          throw new IllegalArgumentException(
              "--realtime: the kernel refuses SCHED_FIFO; run as root or with CAP_SYS_NICE, or"
                  + " raise 'ulimit -r'");
        }
        setAttributes(STOPPING, SCHED_FIFO, 0, REALTIME_PRIORITY + 1);
      } else if (setAttributes(0, SCHED_NORMAL, 0, 0) != 0) {
        LOGGER.log(System.Logger.Level.DEBUG, "sched_setattr failed: default time slice");
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("libc cannot be called", e);
    }
  }

  /** Whether the calling thread is in a real-time class. */
  static boolean realtime() {
    try {
      long policy = syscall(SYS_SCHED_GETSCHEDULER, 0, 0, 0) & ~SCHED_RESET_ON_FORK;
      return policy == SCHED_FIFO || policy == SCHED_RR;
    } catch (Throwable e) {
      throw new IllegalStateException("libc cannot be called", e);
    }
  }

  /**
   * Gives the JVM's own compiler threads, and those that watch the run, a lower priority and short
   * slices for good. On a core shared with them the calling thread would wait for them for
   * milliseconds at a time. To be called when most of the code is compiled.
   */
  static void yieldCompilers() {
    if (!LINUX) {
      return;
    }
    try {
      setAttributes(YIELDING, SCHED_NORMAL, YIELDING_NICE, 0);
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.DEBUG, "the compiler threads keep their priority", e);
    }
  }

  /** Sets those of the threads of this process whose names begin so. */
  private static void setAttributes(List<String> names, int policy, int nice, int priority)
      throws Throwable {
    try (var threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (var thread : threads) {
        String name = Files.readString(thread.resolve("comm"));
        if (names.stream().anyMatch(name::startsWith)) {
          var _ =
              setAttributes(Integer.parseInt(thread.toFile().getName()), policy, nice, priority);
        }
      }
    }
  }

  /** Sets class, niceness or priority, and the short slice of a thread; 0 is the calling one. */
  private static long setAttributes(int tid, int policy, int nice, int priority) throws Throwable {
    try (var arena = Arena.ofConfined()) {
      var attr = arena.allocate(SCHED_ATTR);
      attr.set(ValueLayout.JAVA_INT, 0, (int) SCHED_ATTR.byteSize());
      attr.set(ValueLayout.JAVA_INT, 4, policy);
      attr.set(ValueLayout.JAVA_LONG, 8, policy == SCHED_FIFO ? SCHED_FLAG_RESET_ON_FORK : 0);
      attr.set(ValueLayout.JAVA_INT, 16, nice);
      attr.set(ValueLayout.JAVA_INT, 20, priority);
      attr.set(ValueLayout.JAVA_LONG, 24, policy == SCHED_FIFO ? 0 : SLICE_NANOS);
      return syscall(SYS_SCHED_SETATTR, tid, attr.address(), 0);
    }
  }

  private static long syscall(long number, long first, long second, long third) throws Throwable {
    return (long) Libc.SYSCALL.invokeExact(number, first, second, third);
  }

  /** Linked only where it exists. */
  private static final class Libc {
    /** {@code long syscall(long number, ...)} of libc with three arguments. */
    static final MethodHandle SYSCALL =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1));
  }
}
