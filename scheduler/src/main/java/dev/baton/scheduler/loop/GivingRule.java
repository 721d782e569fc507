package dev.baton.scheduler.loop;

/**
 * Whether a loop gives units to peers: while its own take longer than a peer's wake-up, and the
 * latest ones it gave were worth theirs. After one that was not it pauses, each time twice as long.
 * The loop's owner in IO, but for {@link #gives} and {@link #ended}.
 */
public final class GivingRule {
  /** Shorter units are not worth a wake-up. Test only: another value, such as 0. */
  static final long WORTH_NANOS = Long.getLong("dev.baton.test.worthGivingNanos", 20_000);

  static final int MIN_PAUSE_TURNS = 32;
  static final int MAX_PAUSE_TURNS = 4096;

  /** What stopped the whole machine was no unit. */
  private static final long LONGEST_NANOS = 1_000_000;

  /** The average is over so many units and as many before them, each time half as heavy. */
  private static final int WINDOW = 128;

  // Written by the owner in IO, read by any thread: benign, a unit more or less is given
  private boolean gives;

  // Written by the owner in IO
  private long unitsSeen;
  private long busySeenNanos;
  private long windowUnits;
  private long windowNanos;
  private int nextPauseTurns = MIN_PAUSE_TURNS;
  private int pauseTurns;

  // Written by who has run a unit, and the owner: 1 it was worth it, -1 it was not, 0 seen
  private volatile int latest;

  /**
   * Begins a turn.
   *
   * @param units run so far
   * @param busyNanos time spent on them so far
   * @param may whether anything may be given now
   */
  public void turn(long units, long busyNanos, boolean may) {
    long ran = units - unitsSeen;
    if (ran > 0) {
      windowUnits += ran;
      windowNanos += Math.min(busyNanos - busySeenNanos, ran * LONGEST_NANOS);
      if (windowUnits > 2 * WINDOW) {
        windowNanos = windowNanos * WINDOW / windowUnits;
        windowUnits = WINDOW;
      }
    }
    unitsSeen = units;
    busySeenNanos = busyNanos;
    int ended = latest;
    if (ended != 0) {
      latest = 0;
      if (ended > 0) {
        nextPauseTurns = MIN_PAUSE_TURNS;
      } else {
        pauseTurns = nextPauseTurns;
        nextPauseTurns = Math.min(2 * nextPauseTurns, MAX_PAUSE_TURNS);
      }
    } else if (pauseTurns > 0) {
      pauseTurns--;
    }
    boolean now = may && pauseTurns == 0 && windowNanos > windowUnits * WORTH_NANOS;
    if (gives != now) {
      gives = now;
    }
  }

  /** Whether units are given in this turn. Any thread. */
  public boolean gives() {
    return gives;
  }

  /** A unit that was given has ended. The thread that ran it. */
  public void ended(long nanos) {
    latest = nanos < WORTH_NANOS ? -1 : 1;
  }
}
