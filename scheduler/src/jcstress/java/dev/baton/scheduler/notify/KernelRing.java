package dev.baton.scheduler.notify;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.scheduler.os.FfmLinuxCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** The kernel's side of a ring: it writes a record if there is room. */
final class KernelRing {
  private static final int PAGE = 4096;
  private static final long HEAD = 1024;
  private static final long TAIL = 1032;
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final MemorySegment memory = Arena.ofAuto().allocate(2 * PAGE, 8);

  PerfEventNotifier.Ring ring() {
    return new PerfEventNotifier.Ring(new FfmLinuxCalls(), -1, memory.address(), PAGE);
  }

  long head() {
    return (long) LONG.getAcquire(memory, HEAD);
  }

  /** Bytes that may be written. */
  long space() {
    return ((long) LONG.getAcquire(memory, TAIL) - (head() + 1)) & (PAGE - 1);
  }

  void switches() {
    if (space() >= PerfEventNotifier.SWITCH_BYTES) {
      LONG.setRelease(memory, HEAD, head() + PerfEventNotifier.SWITCH_BYTES);
    }
  }

  /** {@link PerfEventNotifier.Ring#mute} without a fence. */
  void mute() {
    long head;
    do {
      head = head();
      LONG.setRelease(memory, TAIL, head + 1 + (head & PerfEventNotifier.SWITCH_BYTES));
    } while (head() != head);
  }
}
