package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PairedDifferenceTest {
  private static final int PAIRS = 10;

  @Test
  void shouldFindFivePercentUnderNoise() {
    var random = new SplittableRandom(1);
    double[] a = noisy(random, 1.0);
    double[] b = noisy(random, 1.05);

    var difference = PairedDifference.of("p50", "ms", a, b, 1);

    assertThat(difference.percent()).isCloseTo(5, within(2.0));
    assertThat(difference.lowPercent()).isPositive();
    assertThat(difference.shown(0.0125)).isTrue();
  }

  @Test
  void shouldShowNothingInNineteenOfTwentyComparisonsOfTheSame() {
    var random = new SplittableRandom(2);
    int shown = 0;
    int comparisons = 1_000;
    for (int i = 0; i < comparisons; i++) {
      // Four independent metrics: the worst case for a family.
      var family =
          List.of(
              PairedDifference.of("p50", "ms", noisy(random, 1), noisy(random, 1), i),
              PairedDifference.of("p99", "ms", noisy(random, 1), noisy(random, 1), i),
              PairedDifference.of("p99.9", "ms", noisy(random, 1), noisy(random, 1), i),
              PairedDifference.of("delivered", "/s", noisy(random, 1), noisy(random, 1), i));
      var found = Comparison.shown(family);
      shown += Comparison.verdict(family, found) == Verdict.NO_DIFFERENCE ? 0 : 1;
    }

    assertThat((double) shown / comparisons).isLessThanOrEqualTo(0.05);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldCoverTheTruthAsOftenAsPromised(boolean heavyTails) {
    var random = new SplittableRandom(3);
    int covered = 0;
    int comparisons = 1_000;
    for (int i = 0; i < comparisons; i++) {
      double[] a = new double[PAIRS];
      double[] b = new double[PAIRS];
      for (int pair = 0; pair < PAIRS; pair++) {
        a[pair] = 1;
        double noise = 0.02 * random.nextGaussian();
        b[pair] = 1.05 * Math.exp(heavyTails && random.nextInt(10) == 0 ? 5 * noise : noise);
      }
      var difference = PairedDifference.of("p50", "ms", a, b, i);
      covered += difference.lowPercent() <= 5 && difference.highPercent() >= 5 ? 1 : 0;
    }

    assertThat((double) covered / comparisons).isGreaterThan(0.925);
  }

  @Test
  void shouldBeSureOfWhatNeverVaries() {
    double[] a = {100, 100, 100, 100, 100, 100, 100, 100};
    double[] b = {105, 105, 105, 105, 105, 105, 105, 105};

    var difference = PairedDifference.of("delivered", "/s", a, b, 1);

    assertThat(difference.lowPercent()).isCloseTo(5, within(1e-9));
    assertThat(difference.highPercent()).isCloseTo(5, within(1e-9));
    assertThat(difference.shown(0.0125)).isTrue();
  }

  @Test
  void shouldEndTheIntervalIfOnePairAloneDiffers() {
    double[] a = {2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000};
    double[] b = {2_000, 2_000, 2_000, 2_002, 2_000, 2_000, 2_000, 2_000};

    var difference = PairedDifference.of("delivered", "/s", a, b, 1);

    assertThat(difference.lowPercent()).isBetween(-0.1, 0.0);
    assertThat(difference.highPercent()).isBetween(0.0, 0.1);
    assertThat(difference.shown(0.0125)).isFalse();
  }

  @Test
  void shouldCallMoreDeliveredFaster() {
    double[] a = {100, 101, 99, 100, 102, 100, 98, 101, 100, 100};
    double[] b = {110, 111, 109, 110, 112, 111, 108, 111, 110, 110};
    var difference = PairedDifference.of("delivered", "/s", a, b, 1);
    var all = List.of(difference);

    var verdict = Comparison.verdict(all, Comparison.shown(all));

    assertThat(verdict).isEqualTo(Verdict.FASTER);
  }

  private static double[] noisy(SplittableRandom random, double mean) {
    double[] values = new double[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
      values[i] = mean * Math.exp(0.02 * random.nextGaussian());
    }
    return values;
  }
}
