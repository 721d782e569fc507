package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GivingRuleTest {
  private static final long LONG = 2 * GivingRule.WORTH_NANOS;
  private static final long SHORT = GivingRule.WORTH_NANOS / 4;

  private final GivingRule rule = new GivingRule();
  private long units;
  private long busyNanos;

  private boolean turns(int turns, int unitsEach, long unitNanos) {
    for (int i = 0; i < turns; i++) {
      units += unitsEach;
      busyNanos += unitsEach * unitNanos;
      rule.turn(units, busyNanos, true);
    }
    return rule.gives();
  }

  @Test
  void shouldGiveNothingBeforeItKnowsAnything() {
    assertThat(turns(1, 0, 0)).isFalse();
  }

  @Test
  void shouldGiveWhatTakesLongerThanAWakeUp() {
    assertThat(turns(1, 1, LONG)).isTrue();
    assertThat(turns(1000, 8, SHORT)).isFalse();
    assertThat(turns(100, 8, LONG)).isTrue();
  }

  @Test
  void shouldNotTakeAPauseOfTheMachineForLongUnits() {
    boolean before = turns(1000, 8, SHORT);

    boolean after = turns(1, 1, 1_000_000_000);

    assertThat(before).isFalse();
    assertThat(after).isFalse();
  }

  @Test
  void shouldPauseTwiceAsLongEachTimeItWasNotWorthIt() {
    turns(100, 8, LONG);
    int expected = GivingRule.MIN_PAUSE_TURNS;
    for (int i = 0; i < 20; i++) {
      rule.ended(SHORT);

      int paused = 0;
      while (!turns(1, 8, LONG)) {
        paused++;
      }

      assertThat(paused).as("pause %d", i).isEqualTo(expected);
      expected = Math.min(2 * expected, GivingRule.MAX_PAUSE_TURNS);
    }
  }

  @Test
  void shouldBeginAgainWithAShortPauseAfterItWasWorthIt() {
    turns(100, 8, LONG);
    for (int i = 0; i < 5; i++) {
      rule.ended(SHORT);
      turns(GivingRule.MAX_PAUSE_TURNS, 8, LONG);
    }
    rule.ended(LONG);
    turns(1, 8, LONG);

    rule.ended(SHORT);

    assertThat(turns(GivingRule.MIN_PAUSE_TURNS, 8, LONG)).isFalse();
    assertThat(turns(1, 8, LONG)).isTrue();
  }

  @Test
  void shouldGiveNothingWhileItMayNot() {
    turns(100, 8, LONG);

    rule.turn(units, busyNanos, false);

    assertThat(rule.gives()).isFalse();
  }
}
