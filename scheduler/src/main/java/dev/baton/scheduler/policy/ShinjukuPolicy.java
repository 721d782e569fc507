package dev.baton.scheduler.policy;

/**
 * Shinjuku's answer to service times that differ widely: one queue, and nobody keeps a loop for
 * longer than a short slice. What has outrun its slice goes on beside the loop, on a CPU that it
 * shares with what is short.
 *
 * @see <a href="https://www.usenix.org/conference/nsdi19/presentation/kaffes">Shinjuku, NSDI
 *     '19</a>
 */
public final class ShinjukuPolicy implements SchedulingPolicy {
  /** What is shorter costs more than it saves: standbys look at what shares its CPU with a hog. */
  private static final long SLICE_NANOS = 500_000;

  @Override
  public String name() {
    return "shinjuku";
  }

  @Override
  public boolean mayPull(int puller, int from, int handlerClass) {
    return true;
  }

  @Override
  public long sliceNanos(int loop) {
    return SLICE_NANOS;
  }

  @Override
  public long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
    return cause == TakeoverCause.HOG ? 0 : AS_SET;
  }
}
