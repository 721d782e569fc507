package dev.baton.server.main;

import dev.baton.stages.Problem;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sleeps inside a foreign call, where the JVM sees nothing but a thread in native code: how JNI
 * drivers block. A plain downcall without {@code Linker.Option.critical}, so that a garbage
 * collection does not wait for it.
 */
final class NativeSleep {
  // POSIX: usleep() may refuse a second and more, so longer sleeps are made of shorter ones.
  private static final int MAX_MICROS = 999_999;

  private static final @Nullable MethodHandle USLEEP;
  private static final @Nullable String UNAVAILABLE;

  static {
    MethodHandle handle = null;
    String reason = null;
    try {
      Linker linker = Linker.nativeLinker();
      // unistd.h: int usleep(useconds_t usec)
      handle =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("usleep"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    } catch (RuntimeException | LinkageError refused) {
      reason = refused.toString();
    }
    USLEEP = handle;
    UNAVAILABLE = reason;
  }

  private NativeSleep() {}

  /**
   * Blocks the calling thread in native code for at least {@code millis}, whatever signals arrive.
   *
   * @throws Problem 501 with the reason, where this JVM may not or cannot call {@code usleep}
   */
  static void sleep(int millis) {
    MethodHandle usleep = USLEEP;
    if (usleep == null) {
      throw new Problem(
          501,
          null,
          null,
          "needs native access, which this JVM refuses (" + UNAVAILABLE + ")",
          "start it on Linux or macOS with --enable-native-access=ALL-UNNAMED");
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
      call(usleep, (int) Math.min(MAX_MICROS, left / 1_000 + 1));
    }
  }

  private static void call(MethodHandle usleep, int micros) {
    try {
      int ignored = (int) usleep.invokeExact(micros);
    } catch (Throwable impossible) {
      throw new AssertionError("usleep declares no exception", impossible);
    }
  }
}
