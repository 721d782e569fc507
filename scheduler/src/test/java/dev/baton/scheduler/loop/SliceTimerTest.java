package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.os.FakeLinuxCalls;
import dev.baton.scheduler.policy.StatusWord;
import org.junit.jupiter.api.Test;

class SliceTimerTest {
  private static final long SLICE = 1_000_000;
  private static final long PUSH = SLICE + SLICE / 4;

  private final FakeLinuxCalls calls = new FakeLinuxCalls();
  private final SliceTimer timer = new SliceTimer(calls, 1, 2, SliceTimer.Slice.of(calls, SLICE));

  @Test
  void shouldPushEveryThreeQuartersOfASliceToAfterTheNextPush() {
    long start = 12_345;

    timer.pushIfDue(start);
    timer.pushIfDue(start + 1);
    timer.pushIfDue(start + SLICE - SLICE / 4 - 1);
    assertThat(calls.timerSettings).containsExactly(PUSH);

    timer.pushIfDue(start + SLICE - SLICE / 4 + 1);
    assertThat(calls.timerSettings).containsExactly(PUSH, PUSH);
  }

  @Test
  void shouldPushWhateverTheSignOfTheClock() {
    long start = Long.MAX_VALUE - SLICE / 2; // nanoTime may be anywhere, and overflow

    timer.pushIfDue(start);
    timer.pushIfDue(start + SLICE / 2);
    timer.pushIfDue(start + SLICE + 1);

    assertThat(calls.timerSettings).hasSize(2);
  }

  @Test
  void shouldBeArmedAgainByTheNextContinuationOnceItHasFiredIdle() {
    var word = new OwnershipWord();
    word.assign(1);
    timer.pushIfDue(12_345);
    boolean left = word.leave(timer.enter(word));
    assertThat(calls.timerSettings).hasSize(1);

    long idle = timer.fired(word);
    left &= word.leave(timer.enter(word));
    left &= word.leave(timer.enter(word));

    assertThat(left).isTrue();
    assertThat(StatusWord.isTakeable(idle)).isFalse();

    assertThat(calls.timerSettings).hasSize(2);
  }

  @Test
  void shouldKnowTheSecondLookAtTheSameUnitOnly() {
    long word = StatusWord.entered(StatusWord.ownedBy(1, 0));
    long next = StatusWord.entered(StatusWord.left(word));

    assertThat(timer.isUsedUp(word, SLICE, 0)).isFalse();
    timer.lookAgain(word, 0);

    assertThat(timer.isUsedUp(word, SLICE, 0)).isTrue();
    assertThat(timer.isUsedUp(next, SLICE, 0)).isFalse();
    assertThat(calls.timerSettings).containsExactly(SLICE);
  }

  @Test
  void shouldCountWhatAUnitHasRunForAndNotWhatItHasWaited() {
    long word = StatusWord.entered(StatusWord.ownedBy(1, 0));
    timer.lookAgain(word, 7 * SLICE);

    // as much as one that shares its CPU with another one has run for, two slices later
    timer.lookAgain(word, 7 * SLICE + SLICE / 2);
    assertThat(timer.isUsedUp(word, 8 * SLICE - SLICE / 8 - 1, 0)).isFalse();

    assertThat(timer.isUsedUp(word, 8 * SLICE - SLICE / 8, 0)).isTrue();
    assertThat(timer.isUsedUp(word, 8 * SLICE - SLICE / 8, 1)).as("with a grace").isFalse();
  }

  /** Over several looks: each of them is a slice apart, and grace may be longer. */
  @Test
  void shouldWaitAGraceOut() {
    long word = StatusWord.entered(StatusWord.ownedBy(1, 0));
    long grace = 3 * SLICE;
    timer.lookAgain(word, 0);

    for (long cpuNanos = SLICE; cpuNanos <= grace; cpuNanos += SLICE) {
      assertThat(timer.isUsedUp(word, cpuNanos, grace)).isFalse();
      timer.lookAgain(word, cpuNanos);
    }

    assertThat(timer.isUsedUp(word, grace + SLICE - SLICE / 8, grace)).isTrue();
  }

  @Test
  void shouldCloseItsTimer() {
    timer.close();

    assertThat(calls.closed).hasSize(1);
  }
}
