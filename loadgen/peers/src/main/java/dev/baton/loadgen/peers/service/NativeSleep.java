package dev.baton.loadgen.peers.service;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;

/** Sleeps inside a foreign call, where the JVM sees a thread in native code: how drivers block. */
final class NativeSleep {
  // POSIX: usleep() may refuse a second and more, so longer sleeps are made of shorter ones.
  private static final int MAX_MICROS = 999_999;

  // unistd.h: int usleep(useconds_t usec)
  private static final MethodHandle USLEEP =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("usleep"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private NativeSleep() {}

  /** Blocks the calling thread in native code for at least so long, whatever signals arrive. */
  static void sleep(int millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
      try {
        int ignored = (int) USLEEP.invokeExact((int) Math.min(MAX_MICROS, left / 1_000 + 1));
      } catch (Throwable impossible) {
        throw new AssertionError("usleep declares no exception", impossible);
      }
    }
  }
}
