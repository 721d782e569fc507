package dev.baton.scheduler.notify;

/** Knows nothing: a worker that is still in the same continuation a tick later counts as stuck. */
public final class TickNotifier extends BlockNotifier {
  @Override
  public Kind kind() {
    return Kind.TICK;
  }

  @Override
  public boolean wakes() {
    return false;
  }

  @Override
  public Blind attach(int tid, int epollFd, long data) {
    return new Blind();
  }

  /** No probe at all. */
  static final class Blind extends BlockProbe {
    @Override
    public void arm() {}

    @Override
    public void rearm() {}

    @Override
    public void disarm() {}

    @Override
    public void mute() {}

    @Override
    public Sighting look() {
      return Sighting.UNKNOWN;
    }

    @Override
    public long blockedSinceNanos() {
      return 0;
    }

    @Override
    public void close() {}
  }
}
