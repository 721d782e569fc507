package dev.baton.scheduler.notify;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.os.FakeLinuxCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gate and the reader of a ring that the test fills in the kernel's place. */
class PerfEventRingTest {
  private static final int PAGE = 4096;
  private static final long HEAD = 1024;
  private static final long TAIL = 1032;
  private static final int ROOM = 512;
  private static final int SWITCH_BYTES = PerfEventNotifier.SWITCH_BYTES;
  private static final int LOST_BYTES = 2 * SWITCH_BYTES;
  private static final int SWITCH = 14;
  private static final int LOST = 2;
  private static final int IN = 0;
  private static final int OUT = 1 << 13;
  private static final int PREEMPTED = OUT | 1 << 14;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(2 * PAGE, PAGE);
  private final List<Long> unmapped = new ArrayList<>();
  private final FakeLinuxCalls calls =
      new FakeLinuxCalls() {
        @Override
        public void munmap(long address, long bytes) {
          unmapped.add(address);
        }
      };
  private final PerfEventNotifier.Ring ring =
      new PerfEventNotifier.Ring(calls, 7, memory.address(), PAGE);

  @AfterEach
  void free() {
    arena.close();
  }

  private long head() {
    return memory.get(JAVA_LONG, HEAD);
  }

  /** The kernel's CIRC_SPACE: bytes it may still write. */
  private long space() {
    return (memory.get(JAVA_LONG, TAIL) - (head() + 1)) & (PAGE - 1);
  }

  /** What the kernel does at a context switch: drops the record if it does not fit. */
  private boolean kernelWrites(int type, int misc, int bytes, long time) {
    if (space() < bytes) {
      return false;
    }
    long head = head();
    record(head, type, misc, bytes, time);
    memory.set(JAVA_LONG, HEAD, head + bytes);
    return true;
  }

  private void record(long head, int type, int misc, int bytes, long time) {
    for (int i = 0; i < bytes; i += 8) {
      put(head + i, 0);
    }
    long at = PAGE + (head & (PAGE - 1));
    memory.set(JAVA_INT, at, type);
    memory.set(JAVA_SHORT, at + 4, (short) misc);
    memory.set(JAVA_SHORT, at + 6, (short) bytes);
    put(head + bytes - 8, time);
  }

  private void put(long position, long value) {
    memory.set(JAVA_LONG, PAGE + (position & (PAGE - 1)), value);
  }

  private boolean kernelSwitches(int misc, long time) {
    return kernelWrites(SWITCH, misc, SWITCH_BYTES, time);
  }

  @Test
  void shouldLeaveNoRoomWhileDisarmed() {
    ring.disarm();

    assertThat(space()).isZero();
    assertThat(kernelSwitches(OUT, 1)).isFalse();
  }

  /** It has slept before, or was pushed off, after records were lost while the gate was shut. */
  @Test
  void shouldSeeThatASleeperIsBackAndSleepsAgain() {
    ring.arm();

    kernelWrites(LOST, 0, LOST_BYTES, 1);
    for (int i = 0; i < 8; i++) {
      assertThat(kernelSwitches(i % 2 == 0 ? OUT : PREEMPTED, 2)).isTrue();
      assertThat(ring.look()).isEqualTo(i % 2 == 0 ? Sighting.BLOCKED : Sighting.PREEMPTED);
      assertThat(kernelSwitches(IN, 3)).isTrue();
      assertThat(ring.look()).isEqualTo(Sighting.RUNNING);
    }
  }

  @Test
  void shouldNotJudgeWhenRecordsWereLostSince() {
    ring.arm();

    int written = 0;
    while (kernelSwitches(written % 2 == 0 ? OUT : IN, 1)) {
      written++;
    }

    assertThat(written).isEqualTo(ROOM / SWITCH_BYTES);
    assertThat(ring.look()).isEqualTo(Sighting.UNKNOWN);
    ring.rearm();
    assertThat(ring.look()).isEqualTo(Sighting.RUNNING);
  }

  @Test
  void shouldMakeRoomForALossAndASwitch() {
    ring.arm();

    assertThat(kernelWrites(LOST, 0, LOST_BYTES, 1)).isTrue();
    assertThat(kernelSwitches(OUT, 2)).isTrue();
    assertThat(ring.look()).isEqualTo(Sighting.BLOCKED);
    assertThat(ring.blockedSinceNanos()).isEqualTo(2);
  }

  /** As __perf_output_begin: whether the record wakes, after a loss with a LOST before it. */
  private boolean kernelWakes(boolean afterLoss, long[] woken) {
    long head = head() + (afterLoss ? LOST_BYTES : 0) + SWITCH_BYTES;
    memory.set(JAVA_LONG, HEAD, head);
    boolean wakes = head - woken[0] > 2 * SWITCH_BYTES;
    woken[0] += wakes ? 2 * SWITCH_BYTES : 0;
    return wakes;
  }

  @Test
  void shouldWakeSomebodyWhenTheWorkerGoesOffAndNotWhenItComesOn() {
    var random = new Random(4711);
    for (int run = 0; run < 100; run++) {
      memory.set(JAVA_LONG, HEAD, 0);
      long[] woken = new long[1];
      boolean _ = kernelWakes(random.nextBoolean(), woken); // the pair of begin()
      assertThat(kernelWakes(false, woken)).isFalse();
      for (int pair = 0; pair < 50; pair++) {
        boolean afterLoss = random.nextInt(4) == 0;
        assertThat(kernelWakes(afterLoss, woken)).as("off").isTrue();
        assertThat(kernelWakes(false, woken)).as("on").isEqualTo(afterLoss);
      }
    }
  }

  /** What it does from then on is no news. Who closes the gate may do so while it is off. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void shouldWriteNoMoreThanPairsForAWorkerThatHasLostItsLoop(int written) {
    ring.arm();
    for (int i = 0; i < written; i++) {
      assertThat(kernelSwitches(i % 2 == 0 ? OUT : IN, 1)).isTrue();
    }

    ring.mute();

    if (written % 2 == 1) {
      assertThat(kernelSwitches(IN, 2)).as("it comes on again").isTrue();
    }
    assertThat(space()).isZero();
    assertThat(kernelSwitches(OUT, 3)).isFalse();
    ring.disarm(); // it has come back
    assertThat(space()).isZero();
    ring.arm();
    assertThat(space()).isEqualTo(ROOM);
  }

  @Test
  void shouldHaveTheFirstPairWrittenAndShutTheGate() throws InterruptedException {
    Thread worker = new Thread(ring::begin);
    worker.start();
    while (worker.isAlive() && space() < ROOM) {
      Thread.onSpinWait();
    }
    // Both at once: the worker itself runs before the first and after the second.
    record(0, SWITCH, OUT, SWITCH_BYTES, 1);
    record(SWITCH_BYTES, SWITCH, IN, SWITCH_BYTES, 2);
    memory.set(JAVA_LONG, HEAD, 2 * SWITCH_BYTES);
    worker.join();

    assertThat(space()).isZero();
    assertThat(head()).isEqualTo(2 * SWITCH_BYTES);
  }

  @Test
  void shouldForgetBetweenContinuationsWhatHasHappened() {
    ring.arm();
    kernelSwitches(OUT, 1);
    kernelSwitches(IN, 2);

    ring.rearm();

    assertThat(space()).isEqualTo(ROOM);
    assertThat(ring.look()).isEqualTo(Sighting.RUNNING);
    assertThat(kernelSwitches(OUT, 3)).isTrue();
    assertThat(ring.look()).isEqualTo(Sighting.BLOCKED);
    assertThat(ring.blockedSinceNanos()).isEqualTo(3);
  }

  @Test
  void shouldLeaveTheGateAloneWhenNothingHasHappened() {
    ring.arm();
    memory.set(JAVA_LONG, TAIL, -1);

    ring.rearm();

    assertThat(memory.get(JAVA_LONG, TAIL)).isEqualTo(-1);
  }

  @Test
  void shouldSeeNoRecordAsRunning() {
    ring.arm();

    assertThat(ring.look()).isEqualTo(Sighting.RUNNING);
    assertThat(ring.blockedSinceNanos()).isZero();
  }

  @Test
  void shouldTellASleeperFromOneThatIsBack() {
    ring.arm();
    kernelSwitches(OUT, 1);
    assertThat(ring.look()).isEqualTo(Sighting.BLOCKED);

    kernelSwitches(IN, 2);
    assertThat(ring.look()).isEqualTo(Sighting.RUNNING);
  }

  @Test
  void shouldTellASleeperFromOneThatWasPushedOff() {
    ring.arm();
    kernelSwitches(PREEMPTED, 1);

    assertThat(ring.look()).isEqualTo(Sighting.PREEMPTED);
    assertThat(ring.blockedSinceNanos()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 8, 4032, 4040, 4048, 4056, 4064, 4072, 4080, 4088, 1L << 40})
  void shouldReadRecordsAcrossTheEndOfThePage(long head) {
    memory.set(JAVA_LONG, HEAD, head);
    ring.arm();
    assertThat(space()).isEqualTo(ROOM);

    kernelSwitches(IN, 1);
    kernelSwitches(OUT, 4711);

    assertThat(ring.look()).isEqualTo(Sighting.BLOCKED);
    assertThat(ring.blockedSinceNanos()).isEqualTo(4711);
  }

  @Test
  void shouldNotJudgeATornPicture() {
    ring.arm();
    kernelSwitches(OUT, 1);

    memory.set(JAVA_LONG, TAIL, head() + 1 + 2 * ROOM); // re-armed beyond the head it read
    Sighting ahead = ring.look();
    memory.set(JAVA_LONG, TAIL, head() + 1 - 8); // a head that has run ahead of the tail it read
    Sighting behind = ring.look();

    assertThat(ahead).isEqualTo(Sighting.UNKNOWN);
    assertThat(behind).isEqualTo(Sighting.UNKNOWN);
    assertThat(ring.blockedSinceNanos()).isZero();
  }

  @Test
  void shouldNotJudgeARecordWithoutLength() {
    ring.arm();
    memory.set(JAVA_LONG, HEAD, head() + SWITCH_BYTES);

    assertThat(ring.look()).isEqualTo(Sighting.UNKNOWN);
  }

  @Test
  void shouldUnmapOnceAndReadNoMoreAfterwards() {
    ring.arm();
    kernelSwitches(OUT, 1);

    ring.close();
    ring.close();

    assertThat(ring.look()).isEqualTo(Sighting.UNKNOWN);
    assertThat(unmapped).containsExactly(memory.address());
    assertThat(calls.closed).containsExactly(7);
  }

  /** Or it would read a ring that its worker, which ends, has just unmapped. */
  @ParameterizedTest
  @ValueSource(strings = {"look", "close", "blockedSinceNanos"})
  void shouldLookAndCloseOneAfterTheOther(String method) throws InterruptedException {
    Thread other =
        new Thread(
            () -> {
              switch (method) {
                case "look" -> ring.look();
                case "close" -> ring.close();
                default -> ring.blockedSinceNanos();
              }
            });
    synchronized (ring) {
      other.start();
      while (other.getState() != Thread.State.BLOCKED) {
        assertThat(other.getState()).isNotEqualTo(Thread.State.TERMINATED);
        Thread.onSpinWait();
      }
    }
    other.join();
  }
}
