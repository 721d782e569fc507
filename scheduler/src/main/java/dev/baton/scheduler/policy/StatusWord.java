package dev.baton.scheduler.policy;

/**
 * The status word of a loop, {@code [sequence:46 | owner:16 | state:2]}, as in ghOSt: who drives
 * the loop and how. The sequence number grows with every change, so that a compare-and-set on a
 * word seen earlier fails if anything happened in between.
 */
public final class StatusWord {
  /** The owner polls, and touches what the channels of a loop share. Never taken over. */
  public static final int IO = 0;

  /** The owner runs one unit. Anyone may take the loop. */
  public static final int UNIT = 1;

  /** The owner waits inside a unit whose channel it has given up. Anyone may take the loop. */
  public static final int SUSPENDED = 2;

  /** Largest worker id that fits. */
  public static final int MAX_OWNER = 0xFFFF;

  private static final long STATE_MASK = 3;
  private static final int OWNER_SHIFT = 2;
  private static final long OWNER_MASK = (long) MAX_OWNER << OWNER_SHIFT;
  private static final long SEQUENCE_ONE = 1L << 18;

  private StatusWord() {}

  public static int state(long status) {
    return (int) (status & STATE_MASK);
  }

  /** Whether anyone may take the loop. */
  public static boolean isTakeable(long status) {
    return (status & STATE_MASK) != IO;
  }

  public static int owner(long status) {
    return (int) ((status & OWNER_MASK) >>> OWNER_SHIFT);
  }

  public static long sequence(long status) {
    return status >>> 18;
  }

  /** The word after {@code status} with this owner, in state IO. */
  public static long ownedBy(int owner, long status) {
    return (status & ~(OWNER_MASK | STATE_MASK)) + SEQUENCE_ONE | ((long) owner << OWNER_SHIFT);
  }

  /** The word after {@code status}, same owner, in state UNIT. */
  public static long entered(long status) {
    return (status + SEQUENCE_ONE) | UNIT;
  }

  /** The word after {@code status}, same owner, in state SUSPENDED. */
  public static long suspended(long status) {
    return ((status + SEQUENCE_ONE) & ~STATE_MASK) | SUSPENDED;
  }

  /** The word after {@code status}, same owner, in state IO. */
  public static long left(long status) {
    return (status + SEQUENCE_ONE) & ~STATE_MASK;
  }
}
