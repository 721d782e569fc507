package dev.baton.scheduler.loop;

/**
 * Room on a thread's stack. A stack overflow between two steps of a protocol would leave its other
 * half undone for ever; before the first one it is only the caller's.
 */
public final class StackRoom {
  /** 16 bytes each once they are compiled, which they soon are: 8 kB for what is not yet. */
  private static final int COLD_FRAMES = 512;

  /** As much as our protocols take when they are compiled, too, and a part that is rare is not. */
  private static final int FRAMES = 96;

  private static final int WARM_AFTER = 20_000;

  // Written by any thread: benign, a call more or less
  private static int calls;

  private StackRoom() {}

  /**
   * Fails now rather than a few calls further down. Where a caller's recursion may be below: a loop
   * asks only inside callbacks, its own stack is shallow.
   *
   * @throws StackOverflowError if there is too little
   */
  public static void ensure() {
    if (!(Thread.currentThread() instanceof LoopThread thread) || thread.inCallback) {
      int _ = descend(calls < WARM_AFTER ? cold() : FRAMES);
    }
  }

  private static int cold() {
    calls++;
    return COLD_FRAMES;
  }

  private static int descend(int frames) {
    return frames == 0 ? 0 : 1 + descend(frames - 1);
  }
}
