package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BucketsTest {
  @Test
  void shouldPutEachBoundIntoItsOwnBucketAndTheNextValueIntoTheNextOne() {
    long[] bounds = Buckets.boundsNanos();

    for (int i = 0; i < Buckets.INFINITE; i++) {
      assertThat(Buckets.index(bounds[i])).as("%s ns", bounds[i]).isEqualTo(i);
      assertThat(Buckets.index(bounds[i] + 1)).as("%s ns", bounds[i] + 1).isEqualTo(i + 1);
    }
    assertThat(bounds[Buckets.INFINITE - 1]).isEqualTo(Buckets.LARGEST_NANOS);
    assertThat(Buckets.index(Long.MAX_VALUE)).isEqualTo(Buckets.INFINITE);
    assertThat(Buckets.index(0)).isZero();
    assertThat(Buckets.index(-5)).isZero();
  }

  @Test
  void shouldExposeEachOctaveFromTwelveMicrosecondsToTenSeconds() {
    double[] octaves = Buckets.Exposed.OCTAVES.boundsSeconds();
    double[] quarters = Buckets.Exposed.QUARTERS.boundsSeconds();

    assertThat(octaves).hasSize(22);
    for (int k = 0; k < 20; k++) {
      assertThat(octaves[k]).isCloseTo(12.5e-6 * (1 << k), within(1e-12));
      assertThat(quarters).contains(octaves[k]);
    }
    assertThat(octaves[20]).isEqualTo(10.0);
    assertThat(octaves[21]).isInfinite();
    assertThat(quarters).hasSize(81).endsWith(10.0, Double.POSITIVE_INFINITY);
  }

  /** What Prometheus makes of them: a straight line between two bounds, whatever lies there. */
  @Test
  void shouldLetPrometheusInterpolateWithinATenth() {
    double[] bounds = Buckets.Exposed.QUARTERS.boundsSeconds(); // rounded to nanoseconds

    for (int i = 1; i < bounds.length - 1; i++) {
      double middle = (bounds[i - 1] + bounds[i]) / 2;
      assertThat(middle / bounds[i - 1]).as("all at %s s", bounds[i - 1]).isLessThan(1.1001);
      assertThat(middle / bounds[i]).as("all at %s s", bounds[i]).isGreaterThan(0.9);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldSumFineBucketsToTheExposedOnesTheyLieIn(Buckets.Exposed exposed) {
    double[] bounds = exposed.boundsSeconds();
    Random random = new Random(4711);

    for (int i = 0; i < 100_000; i++) {
      long nanos = (long) Math.pow(10, 3 + random.nextDouble() * 7.3);
      long[] fine = new long[Buckets.COUNT];
      fine[Buckets.index(nanos)] = 1;
      long[] sums = exposed.sum(fine);
      int expected = 0;
      while (nanos / 1e9 > bounds[expected] * (1 + 1e-12)) {
        expected++;
      }
      assertThat(sums[expected]).as("%s ns", nanos).isEqualTo(1);
      assertThat(exposed.of(Buckets.index(nanos))).isEqualTo(expected);
    }
  }

  @Test
  void shouldEstimateQuantilesWithinATwentieth() {
    long[] counts = new long[Buckets.COUNT];
    for (int i = 1; i <= 100_000; i++) {
      counts[Buckets.index(i * 1000L)]++;
    }
    var latency = new LatencySnapshot(counts, 0);

    for (double q : new double[] {0.01, 0.5, 0.9, 0.99, 0.999}) {
      assertThat(latency.quantileNanos(q) / (q * 100_000_000)).isBetween(0.95, 1.05);
    }
    assertThat(latency.count()).isEqualTo(100_000);
    assertThat(LatencySnapshot.empty().quantileNanos(0.5)).isZero();
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
