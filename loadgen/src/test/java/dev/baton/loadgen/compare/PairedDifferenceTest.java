package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

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
