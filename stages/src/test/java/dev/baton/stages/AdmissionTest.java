package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AdmissionTest {
  private static final long TARGET = 10;
  private static final long INTERVAL = 100;

  private final Admission admission = new Admission(TARGET, INTERVAL, 0);

  @Test
  void shouldAdmitEverythingInTheFirstInterval() {
    assertThat(admission.admits(1_000, 50)).isTrue();
    assertThat(admission.isOverloaded()).isFalse();
  }

  @Test
  void shouldRefuseWhatWaitedTwiceTheTargetOnceAWholeIntervalWaited() {
    waitAll(15, 0, 250);

    assertThat(admission.isOverloaded()).isTrue();
    assertThat(admission.admits(20, 260)).isTrue();
    assertThat(admission.admits(21, 261)).isFalse();
  }

  @Test
  void shouldTakeABurstForABurst() {
    for (long now = 0; now < 1_000; now += 10) {
      assertThat(admission.admits(now % 100 == 50 ? 5 : 500, now)).isTrue();
    }

    assertThat(admission.isOverloaded()).isFalse();
  }

  @Test
  void shouldAdmitAgainAfterAnIntervalWithAShortWait() {
    waitAll(50, 0, 250);
    assertThat(admission.isOverloaded()).isTrue();

    assertThat(admission.admits(3, 290)).isTrue();
    waitAll(30, 300, 390);

    assertThat(admission.isOverloaded()).isFalse();
  }

  @Test
  void shouldForgetAfterAPause() {
    waitAll(50, 0, 250);

    assertThat(admission.admits(1_000, 10_000)).isTrue();
    assertThat(admission.isOverloaded()).isFalse();
  }

  @Test
  void shouldSurviveTheOverflowOfTheClock() {
    var late = new Admission(TARGET, INTERVAL, Long.MAX_VALUE - 50);
    long start = Long.MAX_VALUE - 50;
    for (long now = start; now - start < 250; now += 10) {
      boolean _ = late.admits(50, now);
    }

    assertThat(late.isOverloaded()).isTrue();
  }

  private void waitAll(long waited, long from, long to) {
    for (long now = from; now <= to; now += 10) {
      boolean _ = admission.admits(waited, now);
    }
  }
}
