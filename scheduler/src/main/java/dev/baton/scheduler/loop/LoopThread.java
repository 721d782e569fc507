package dev.baton.scheduler.loop;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A worker's thread, with what it does now in plain fields. Only the thread itself writes and reads
 * them, and only its own answers to {@code inEventLoop()} depend on them, so they need no fence.
 */
public class LoopThread extends FastThreadLocalThread {
  /** A unit that belongs to no channel. */
  static final Object NO_CHANNEL = new Object();

  /** A unit that has given up its channel. */
  static final Object SUSPENDED = new Object();

  /** The loop this thread drives, or drove when it entered the unit that it still runs. */
  @Nullable TransferableEventLoop drives;

  /** The loop whose status word it has entered: {@link #drives}, unless it runs a peer's unit. */
  @Nullable TransferableEventLoop own;

  /** The channel whose unit this thread runs, {@link #NO_CHANNEL}, or null outside of units. */
  @Nullable Object unit;

  /** The status word of the unit this thread runs. */
  long word;

  /** When this thread began the turn that it is in, {@link System#nanoTime}. */
  long turnNanos;

  /** What is to run once nothing of Netty is on the stack, before the unit ends; in order. */
  final ArrayDeque<Runnable> callbacks = new ArrayDeque<>();

  /** Whether {@link #callbacks} are being run. */
  boolean inCallback;

  /** How many callbacks the unit has run. */
  int ran;

  /** The class of the handler that it runs; unknown if no policy has ordered that. Racy reads. */
  int handlerClass;

  /** Whether this thread asks the policy. */
  final PolicyCall policyCall = new PolicyCall();

  /** The periodic timer whose task this thread runs, until it is claimed. */
  @Nullable UnitTimer<?> periodic;

  /** A thread that runs {@code body}. */
  public LoopThread(Runnable body) {
    super(body);
  }

  @Override
  public boolean permitBlockingCalls() {
    return true;
  }
}
