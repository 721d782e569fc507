package dev.baton.scheduler.notify;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.scheduler.os.FfmLinuxCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** A ring, open, whose records are written as the kernel does: if there is room. */
final class KernelRing {
  private static final int PAGE = 4096;
  private static final long HEAD = 1024;
  private static final long TAIL = 1032;
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final MemorySegment memory = Arena.ofAuto().allocate(2 * PAGE, 8);

  final PerfEventNotifier.Ring ring =
      new PerfEventNotifier.Ring(new FfmLinuxCalls(), -1, memory.address(), PAGE);

  KernelRing() {
    ring.arm();
  }

  private long head() {
    return (long) LONG.getAcquire(memory, HEAD);
  }

  /** Bytes that may be written. */
  long space() {
    return ((long) LONG.getAcquire(memory, TAIL) - (head() + 1)) & (PAGE - 1);
  }

  /** What a worker does that has lost its loop: it goes off its CPU, comes on again, disarms. */
  void workerIsBack() {
    writes();
    writes();
    ring.disarm();
  }

  private void writes() {
    if (space() >= PerfEventNotifier.SWITCH_BYTES) {
      LONG.setRelease(memory, HEAD, head() + PerfEventNotifier.SWITCH_BYTES);
    }
  }

  /** {@link PerfEventNotifier.Ring#mute} without a fence. */
  void muteWithoutFence() {
    long head;
    do {
      head = head();
      LONG.setRelease(memory, TAIL, head + 1 + (head & PerfEventNotifier.SWITCH_BYTES));
    } while (head() != head);
  }
}
