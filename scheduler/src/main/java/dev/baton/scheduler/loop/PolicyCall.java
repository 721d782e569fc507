package dev.baton.scheduler.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Whether one thread is inside a policy: a number that is odd there, and another one each time. The
 * thread itself writes it, a watchdog reads it.
 */
final class PolicyCall {
  private static final VarHandle NUMBER;

  static {
    try {
      NUMBER = MethodHandles.lookup().findVarHandle(PolicyCall.class, "number", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Written by its thread, opaque: a watchdog looks every few milliseconds
  @SuppressWarnings("unused")
  private long number;

  // Written by its thread, before the number
  private volatile @Nullable InstalledPolicy asked;

  /** {@code policy} is about to be asked. Its thread. */
  void begin(InstalledPolicy policy) {
    if (asked != policy) {
      asked = policy;
    }
    NUMBER.setOpaque(this, (long) NUMBER.get(this) + 1);
  }

  /** The policy has answered, or thrown. Its thread. */
  void end() {
    NUMBER.setOpaque(this, (long) NUMBER.get(this) + 1);
  }

  /** Any thread. */
  long numberOpaque() {
    return (long) NUMBER.getOpaque(this);
  }

  /** The policy that was asked last. Any thread. */
  @Nullable InstalledPolicy asked() {
    return asked;
  }

  static boolean isInside(long number) {
    return (number & 1) != 0;
  }
}
