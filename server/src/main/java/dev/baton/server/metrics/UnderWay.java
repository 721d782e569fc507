package dev.baton.server.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * When the requests began that one cell's connections have under way: a table of numbers, so that
 * to begin and to end one is a store each and nothing is kept alive.
 *
 * <p>The cell's writer takes slots, any thread gives them back. Among more than {@value #SLOTS} at
 * once some have no slot; the oldest have one, since whoever has a slot keeps it. Any thread reads.
 */
final class UnderWay {
  static final int NONE = -1;

  private static final int SLOTS = 1 << 12;
  private static final int TRIES = 8;
  private static final int WHAT = 1;

  private static final VarHandle LONG = MethodHandles.arrayElementVarHandle(long[].class);

  /** Two to a slot: when it began, of {@link System#nanoTime}, 0 is free; and what it is. */
  private final long[] slots = new long[2 * SLOTS];

  // Written by the cell's writer
  private int next;

  /** Reads one request: what it is, and since when it is under way. */
  interface Reader {
    void read(int what, long beganNanos);
  }

  /**
   * Takes a slot. The cell's writer.
   *
   * @return {@link #NONE} if there is none left
   */
  int begin(int kind, long nowNanos) {
    for (int i = 0; i < TRIES; i++) {
      int slot = next;
      if (slots[slot] == 0) {
        LONG.setOpaque(slots, slot + WHAT, (long) kind);
        LONG.setOpaque(slots, slot, nowNanos);
        // The next request takes it again if this one has ended by then: it is in the cache.
        return slot;
      }
      next = slot + 2 & 2 * SLOTS - 1;
    }
    return NONE;
  }

  /** Says more exactly what it is. Any thread, while it is under way. */
  void is(int slot, int kind) {
    if (slot != NONE) {
      LONG.setOpaque(slots, slot + WHAT, (long) kind);
    }
  }

  /** Gives a slot back. Any thread. */
  void end(int slot) {
    if (slot != NONE) {
      LONG.setOpaque(slots, slot, 0L);
    }
  }

  /** Whether no slot is taken. Any thread, once no more are. */
  boolean isEmpty() {
    for (int slot = 0; slot < slots.length; slot += 2) {
      if ((long) LONG.getOpaque(slots, slot) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Reads all. Any thread; one that begins or ends meanwhile may be missed. */
  void read(Reader reader) {
    for (int slot = 0; slot < slots.length; slot += 2) {
      long since = (long) LONG.getOpaque(slots, slot);
      if (since != 0) {
        reader.read((int) (long) LONG.getOpaque(slots, slot + WHAT), since);
      }
    }
  }
}
