package dev.baton.loadgen.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LatenciesTest {
  private static final Latencies NONE = new Latencies();
  private static final long MILLI = 1_000_000;

  @Test
  void shouldKeepPercentilesBelowTheSmallestLowerBoundExact() {
    var latencies = new Latencies();
    for (int i = 1; i <= 90; i++) {
      latencies.record(i * MILLI);
    }
    for (int i = 0; i < 10; i++) {
      latencies.recordAtLeast(200 * MILLI);
    }

    assertThat(latencies.lowerBoundAt(50)).isFalse();
    assertThat(latencies.lowerBoundAt(90)).isFalse();
    assertThat(latencies.lowerBoundAt(95)).isTrue();
    assertThat(latencies.exactBelowMillis()).isEqualTo(200);
    assertThat(latencies.censored()).isEqualTo(10);
  }

  /** Source: vegeta#726: percentiles beyond p99.99 were those of a coarser digest. */
  @Test
  void shouldKeepRareValuesAsExactlyAsOthers() {
    var latencies = new Latencies();
    for (int i = 1; i <= 1_000_000; i++) {
      latencies.record(i <= 999_990 ? MILLI : i * 100L);
    }

    assertThat(latencies.millisAt(99.99)).isCloseTo(1, within(0.001));
    assertThat(latencies.millisAt(99.9995)).isCloseTo(99.9995, within(0.1));
    assertThat(latencies.maxMillis()).isCloseTo(100, within(0.1));
  }

  /** Source: fortio#1080: of values that were all 0.5 s, p50 was 0.3 s by interpolation. */
  @Test
  void shouldReportNoPercentileOutsideOfWhatWasSeen() {
    var latencies = new Latencies();
    for (int i = 0; i < 100; i++) {
      latencies.record(500 * MILLI + i * 20_000L);
    }

    for (double percentile : new double[] {0, 1, 50, 75, 90, 99, 99.9, 100}) {
      assertThat(latencies.millisAt(percentile)).isBetween(499.5, 502.5);
    }
  }

  /** Source: gatling#4715: p95 was 1.07 s, where no request was, and lower than the real one. */
  @Test
  void shouldNotReportWhatLiesBetweenTwoGroups() {
    var latencies = new Latencies();
    for (int i = 0; i < 102; i++) {
      latencies.record(i < 96 ? i % 8 * MILLI : (1_502 + i % 2) * MILLI);
    }

    assertThat(latencies.millisAt(94)).isLessThan(7.1);
    assertThat(latencies.millisAt(95)).isBetween(1_501.0, 1_504.0);
  }

  @Test
  void shouldFindMaterialLatenessOnly() {
    var response = new Latencies();
    var punctual = new Latencies();
    var late = new Latencies();
    for (int i = 0; i < 10_000; i++) {
      response.record(2 * MILLI);
      punctual.record(MILLI / 10);
      late.record(MILLI);
    }

    assertThat(new Validity(punctual, NONE, 10).reasons("", response)).isEmpty();
    assertThat(new Validity(late, NONE, 10).reasons("", response))
        .hasSize(4)
        .first()
        .asString()
        .contains("p50");
  }

  @Test
  void shouldPutLatenciesIntoRowsOfAQuarterOctave() {
    assertThat(Heatmap.row(0)).isZero();
    assertThat(Heatmap.rowNanos(0)).isEqualTo(1_000);
    for (long nanos = 1_000; nanos < 3_600_000_000_000L; nanos += nanos / 7 + 1) {
      int row = Heatmap.row(nanos);
      assertThat((double) nanos).isBetween(Heatmap.rowNanos(row) * 0.75, Heatmap.rowNanos(row + 1));
    }
  }
}
