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

  // Names of threads as the kernel cuts them: the compilers, and who watches a run.
  private static final List<String> YIELDING =
      List.of("C1 Comp", "C2 Comp", "loadgen-monitor", "HTTP-Dispatcher");

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

  /** Gives the calling thread 1 ns of timer slack and a short EEVDF slice. */
  static void tuneCurrent() {
    if (!LINUX) {
      return;
    }
    try {
      if (syscall(SYS_PRCTL, PR_SET_TIMERSLACK, 1, 0) != 0) {
        LOGGER.log(System.Logger.Level.DEBUG, "prctl(PR_SET_TIMERSLACK) failed: coarser pacing");
      }
      if (setAttributes(0, 0) != 0) {
        LOGGER.log(System.Logger.Level.DEBUG, "sched_setattr failed: default time slice");
      }
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
    try (var threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (var thread : threads) {
        String name = Files.readString(thread.resolve("comm"));
        if (YIELDING.stream().anyMatch(name::startsWith)) {
          var _ = setAttributes(Integer.parseInt(thread.toFile().getName()), YIELDING_NICE);
        }
      }
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.DEBUG, "the compiler threads keep their priority", e);
    }
  }

  /** Sets niceness and the short slice of a thread; 0 is the calling one. */
  private static long setAttributes(int tid, int nice) throws Throwable {
    try (var arena = Arena.ofConfined()) {
      var attr = arena.allocate(SCHED_ATTR);
      attr.set(ValueLayout.JAVA_INT, 0, (int) SCHED_ATTR.byteSize());
      attr.set(ValueLayout.JAVA_INT, 16, nice);
      attr.set(ValueLayout.JAVA_LONG, 24, SLICE_NANOS);
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
