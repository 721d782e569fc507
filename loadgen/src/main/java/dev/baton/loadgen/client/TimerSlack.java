package dev.baton.loadgen.client;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/** Lets the kernel wake the calling thread on time instead of up to 50 µs later. */
final class TimerSlack {
  // include/uapi/linux/prctl.h
  private static final int PR_SET_TIMERSLACK = 29;
  private static final System.Logger LOGGER = System.getLogger(TimerSlack.class.getName());

  private TimerSlack() {}

  /** Sets the timer slack of the calling thread to 1 ns; without effect off Linux. */
  static void minimize() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return;
    }
    var linker = Linker.nativeLinker();
    var prctl =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("prctl"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    try {
      int result = (int) prctl.invokeExact(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
      if (result != 0) {
        LOGGER.log(
            System.Logger.Level.WARNING, "prctl(PR_SET_TIMERSLACK) failed: pacing is coarser");
      }
    } catch (Throwable e) {
      throw new IllegalStateException("prctl(PR_SET_TIMERSLACK)", e);
    }
  }
}
