package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HangDetectorTest {
  private static final long INSIDE = 7;
  private static final long OUTSIDE = 8;
  private static final long TEN_MILLIS = 10_000_000;
  private static final long MAX_CPU_NANOS = 2 * TEN_MILLIS;

  private final HangDetector detector = new HangDetector(MAX_CPU_NANOS);
  private long now;

  private boolean look(long number, long cpuNanos, long bytes, boolean waits) {
    now += TEN_MILLIS;
    return detector.isStuck(number, now, cpuNanos, bytes, waits);
  }

  @Test
  void shouldSeeACallThatComputesForTooLong() {
    assertThat(look(INSIDE, 0, 0, false)).isFalse();
    assertThat(look(INSIDE, TEN_MILLIS, 0, false)).isFalse();
    assertThat(look(INSIDE, MAX_CPU_NANOS, 0, false)).isTrue();
  }

  @Test
  void shouldSeeACallThatWaitsForTooLong() {
    boolean stuck = false;
    int looks = 0;
    while (!stuck && looks < 100) {
      looks++;
      stuck = look(INSIDE, 0, 0, true);
    }

    assertThat(looks * TEN_MILLIS)
        .isBetween(HangDetector.MAX_WAIT_NANOS, HangDetector.MAX_WAIT_NANOS + 2 * TEN_MILLIS);
  }

  @Test
  void shouldSeeACallThatAllocatesTooMuch() {
    assertThat(look(INSIDE, 0, 5, false)).isFalse();
    assertThat(look(INSIDE, 0, 5 + HangDetector.MAX_BYTES, false)).isTrue();
  }

  @Test
  void shouldNotBlameOneThatGetsNoCpuUntilMuchLater() {
    int looks = 0;
    while (!look(INSIDE, 0, 0, false)) {
      looks++;
    }

    assertThat(looks * TEN_MILLIS).isGreaterThanOrEqualTo(HangDetector.LONGEST_NANOS);
  }

  @Test
  void shouldBeginAnewWithEachCall() {
    boolean stuck = false;
    for (int call = 0; call < 100; call++) {
      stuck |= look(INSIDE + 2L * call, call * TEN_MILLIS, call * HangDetector.MAX_BYTES, true);
      stuck |= look(OUTSIDE + 2L * call, 0, 0, true);
    }

    assertThat(stuck).isFalse();
  }
}
