package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BucketsTest {
  @Test
  void shouldPutEachBoundIntoItsOwnBucketAndTheNextValueIntoTheNextOne() {
    long[] bounds = Buckets.boundsNanos();

    for (int i = 0; i < Buckets.INFINITE - 2; i++) {
      assertThat(Buckets.index(bounds[i])).as("%s ns", bounds[i]).isEqualTo(i);
      assertThat(Buckets.index(bounds[i] + 1)).as("%s ns", bounds[i] + 1).isEqualTo(i + 1);
    }
    assertThat(Buckets.index(Buckets.LARGEST_NANOS)).isEqualTo(82);
    assertThat(Buckets.index(Buckets.LARGEST_NANOS + 1)).isEqualTo(Buckets.INFINITE);
    assertThat(Buckets.index(Long.MAX_VALUE)).isEqualTo(Buckets.INFINITE);
    assertThat(Buckets.index(0)).isZero();
    assertThat(Buckets.index(-5)).isZero();
  }

  @Test
  void shouldExposeFiftyMicrosecondsTimesPowersOfTwoUpToTenSeconds() {
    double[] bounds = Buckets.classicBoundsSeconds(Buckets.CLASSIC_COUNT);

    assertThat(bounds).hasSize(20);
    for (int k = 0; k < 18; k++) {
      assertThat(bounds[k]).isCloseTo(50e-6 * (1 << k), within(1e-12));
    }
    assertThat(bounds[18]).isEqualTo(10.0);
    assertThat(bounds[19]).isInfinite();
    assertThat(Buckets.classicBoundsSeconds(Buckets.LOW_COUNT))
        .startsWith(12.5e-6, 25e-6, 50e-6)
        .endsWith(10.0, Double.POSITIVE_INFINITY);
  }

  @ParameterizedTest
  @CsvSource({"20", "22"})
  void shouldSumFineBucketsToTheClassicOnesTheyLieIn(int count) {
    double[] bounds = Buckets.classicBoundsSeconds(count);
    Random random = new Random(4711);

    for (int i = 0; i < 100_000; i++) {
      long nanos = (long) Math.pow(10, 3 + random.nextDouble() * 7.3);
      long[] fine = new long[Buckets.COUNT];
      fine[Buckets.index(nanos)] = 1;
      long[] classic = Buckets.toClassic(fine, count);
      int expected = 0;
      while (nanos / 1e9 > bounds[expected] * (1 + 1e-12)) {
        expected++;
      }
      assertThat(classic[expected]).as("%s ns", nanos).isEqualTo(1);
    }
  }

  @Test
  void shouldEstimateQuantilesWithinAQuarter() {
    long[] counts = new long[Buckets.COUNT];
    for (int i = 1; i <= 100_000; i++) {
      counts[Buckets.index(i * 1000L)]++;
    }
    var latency = new LatencySnapshot(counts, 0);

    for (double q : new double[] {0.01, 0.5, 0.9, 0.99, 0.999}) {
      assertThat(latency.quantileNanos(q) / (q * 100_000_000)).isBetween(0.8, 1.25);
    }
    assertThat(latency.count()).isEqualTo(100_000);
    assertThat(new LatencySnapshot(new long[Buckets.COUNT], 0).quantileNanos(0.5)).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> latency.quantileNanos(99))
        .withMessage("quantile=99.0: give 0..1");
  }

  @Test
  void shouldTellWhatHappenedBetweenTwoPictures() {
    long[] before = new long[Buckets.COUNT];
    before[3] = 2;
    long[] after = before.clone();
    after[3] = 5;
    after[9] = 1;

    var between = new LatencySnapshot(after, 700).minus(new LatencySnapshot(before, 200));

    assertThat(between.count()).isEqualTo(4);
    assertThat(between.sumNanos()).isEqualTo(500);
    assertThat(between.counts()[3]).isEqualTo(3);
  }
}
