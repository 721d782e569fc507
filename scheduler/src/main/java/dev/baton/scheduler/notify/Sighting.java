package dev.baton.scheduler.notify;

/** What a {@link BlockProbe} can say of a worker that is inside a continuation. */
public enum Sighting {
  /** Off the CPU of its own accord: asleep in the kernel. */
  BLOCKED,
  /** Off the CPU because another thread had to run; still runnable. */
  PREEMPTED,
  /** On the CPU. */
  RUNNING,
  /** This notifier cannot tell. */
  UNKNOWN
}
