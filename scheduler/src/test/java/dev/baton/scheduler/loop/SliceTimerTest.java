package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.os.FakeLinuxCalls;
import org.junit.jupiter.api.Test;

class SliceTimerTest {
  private static final long SLICE = 1_000_000;
  private static final long PUSH = SLICE + SLICE / 4;

  private final FakeLinuxCalls calls = new FakeLinuxCalls();
  private final SliceTimer timer = new SliceTimer(calls, 1, 2, SLICE);

  @Test
  void shouldPushAtMostOncePerSliceAndLaterThanTheSlice() {
    long start = 12_345;

    timer.pushIfDue(start);
    timer.pushIfDue(start + 1);
    timer.pushIfDue(start + SLICE - 1);
    assertThat(calls.timerSettings).containsExactly(PUSH);

    timer.pushIfDue(start + SLICE + 1);
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
    timer.pushIfDue(12_345);
    timer.pushIfForgotten();
    assertThat(calls.timerSettings).hasSize(1);

    timer.idle();
    timer.pushIfForgotten();
    timer.pushIfForgotten();

    assertThat(calls.timerSettings).hasSize(2);
  }

  @Test
  void shouldKnowTheSecondLookAtTheSameContinuationOnly() {
    long word = LoopStatus.entered(LoopStatus.ownedBy(1, 0));
    long next = LoopStatus.entered(LoopStatus.left(word));

    assertThat(timer.isSecondLook(word)).isFalse();
    timer.lookAgain(word);

    assertThat(timer.isSecondLook(word)).isTrue();
    assertThat(timer.isSecondLook(next)).isFalse();
    assertThat(calls.timerSettings).containsExactly(SLICE);
  }

  @Test
  void shouldCloseItsTimer() {
    timer.close();

    assertThat(calls.closed).hasSize(1);
  }
}
