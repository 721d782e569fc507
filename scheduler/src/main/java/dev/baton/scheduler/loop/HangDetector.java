package dev.baton.scheduler.loop;

/**
 * Whether a thread is stuck in its policy, by looking at it now and then. What it has computed or
 * allocated counts, or that it waits: a thread that gets no CPU is not stuck until {@link
 * #LONGEST_NANOS} have passed. One thread looks.
 */
final class HangDetector {
  /** The longest that a policy may compute when a loop or a standby asks. */
  static final long MAX_FAST_NANOS = 5_000_000;

  /** The longest that it may compute for a message. */
  static final long MAX_SLOW_NANOS = 10_000_000;

  /** The longest that it may wait. */
  static final long MAX_WAIT_NANOS = 30_000_000;

  /** The most that it may allocate. */
  static final long MAX_BYTES = 16L << 20;

  /** The longest that it may take however little it runs. */
  static final long LONGEST_NANOS = 2_000_000_000;

  private final long maxCpuNanos;

  private long seenNumber;
  private long sinceNanos;
  private long sinceCpuNanos;
  private long sinceBytes;

  /** Looks at a thread that may compute for so long. */
  HangDetector(long maxCpuNanos) {
    this.maxCpuNanos = maxCpuNanos;
  }

  /**
   * Looks once.
   *
   * @param number {@link PolicyCall#numberOpaque}
   * @param cpuNanos what the thread has computed so far
   * @param bytes what it has allocated so far
   * @param waits whether the JVM says that it waits
   */
  boolean isStuck(long number, long nowNanos, long cpuNanos, long bytes, boolean waits) {
    if (!PolicyCall.isInside(number)) {
      seenNumber = number;
      return false;
    }
    if (number != seenNumber) {
      seenNumber = number;
      sinceNanos = nowNanos;
      sinceCpuNanos = cpuNanos;
      sinceBytes = bytes;
      return false;
    }
    long tookNanos = nowNanos - sinceNanos;
    return cpuNanos - sinceCpuNanos >= maxCpuNanos
        || bytes - sinceBytes >= MAX_BYTES
        || (waits && tookNanos >= MAX_WAIT_NANOS)
        || tookNanos >= LONGEST_NANOS;
  }
}
