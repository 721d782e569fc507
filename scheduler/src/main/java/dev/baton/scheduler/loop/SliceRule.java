package dev.baton.scheduler.loop;

/** When a slice is looked at, and when it is over: of {@link SliceTimer}, and in virtual time. */
public final class SliceRule {
  private SliceRule() {}

  /** From a push of the timer until the loop pushes it again, nanoseconds. */
  public static long nextPushNanos(long sliceNanos) {
    return sliceNanos - sliceNanos / 4;
  }

  /** From a push until the timer fires: later than the next push, so that a busy loop is before. */
  public static long firesNanos(long sliceNanos) {
    return sliceNanos + sliceNanos / 4;
  }

  /**
   * Whether a unit has used its slice up, and {@code moreNanos} beyond. A slice that is counted
   * lacks an eighth, which is what the looks themselves may take. With less than that asked, units
   * that are shorter than a slice would be taken wherever they share their CPU: beside one hog,
   * that is away, everything would be a hog.
   *
   * @param ranNanos CPU time since the first look at it
   */
  public static boolean isUsedUp(long sliceNanos, long ranNanos, long moreNanos) {
    return ranNanos >= sliceNanos - sliceNanos / 8 + moreNanos;
  }
}
