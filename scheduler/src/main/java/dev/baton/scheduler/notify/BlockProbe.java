package dev.baton.scheduler.notify;

/**
 * One worker as seen by the {@link BlockNotifier}.
 *
 * <p>{@link #arm}, {@link #rearm} and {@link #disarm} are called by the worker itself, on the path
 * of every continuation: they make no system call and allocate nothing. {@link #look} is called by
 * any other worker, {@link #mute} by the one that has taken its loop. {@link #close} is called
 * once, when the worker's thread ends.
 */
public abstract sealed class BlockProbe
    permits PerfEventNotifier.Ring, ProcSampler.Stat, TickNotifier.Blind {

  /** Begins a run of continuations: from now on a sleep of this worker is news. */
  public abstract void arm();

  /** Between two continuations of a run: what happened before is no news any more. */
  public abstract void rearm();

  /** Ends the run of continuations: what follows is the loop's own business. */
  public abstract void disarm();

  /**
   * What this worker does is no news any more, since it has lost its loop. Before it can arm again.
   */
  public abstract void mute();

  /** What the worker does now, as far as this notifier knows. */
  public abstract Sighting look();

  /**
   * When the worker went off the CPU.
   *
   * @return {@link System#nanoTime} of the last {@link Sighting#BLOCKED}, 0 if unknown
   */
  public abstract long blockedSinceNanos();

  /** Frees what belongs to the worker. */
  public abstract void close();
}
