package dev.baton.scheduler.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServiceMixTest {
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);

  @ParameterizedTest
  @ValueSource(strings = {"10us", "exp(10us)", "uniform(5us,15us)", "lognormal(10us,0.8)"})
  void shouldDrawTimesWithTheMeanThatALawStates(String text) {
    Law law = Law.parse(text);

    double sum = 0;
    for (int i = 0; i < 400_000; i++) {
      sum += law.sample(random);
    }

    assertThat(sum / 400_000).isCloseTo(law.meanNanos(), Percentage.withPercentage(1));
    assertThat(Law.parse(law.toString())).isEqualTo(law);
  }

  @Test
  void shouldReadWhatItWrites() {
    var mix = ServiceMix.parse("fast 99% 10us; query 1% 20us block exp(20ms) deadline 50ms");

    assertThat(mix.kinds().get(1).deadlineNanos()).isEqualTo(50_000_000);
    assertThat(mix.meanCpuNanos()).isCloseTo(10_100, Percentage.withPercentage(0.01));
    assertThat(ServiceMix.parse(mix.toString())).isEqualTo(mix);
    assertThat(ServiceMix.parse("GET /orders/* 100% 1us").kinds().getFirst().name())
        .isEqualTo("GET /orders/*");
    ServiceMix.NAMED.values().forEach(text -> assertThat(ServiceMix.parse(text)).isNotNull());
  }

  @Test
  void shouldSayWhatDoesNotFit() {
    assertThatThrownBy(() -> ServiceMix.parse("a 50% 1us; b 49% 1us"))
        .hasMessageContaining("99.0000 %");
    assertThatThrownBy(() -> ServiceMix.parse("dispersed")).hasMessageContaining("dispersive");
    assertThatThrownBy(() -> ServiceMix.parse("a 100% 1")).hasMessageContaining("its unit");
    assertThatThrownBy(() -> Law.parse("normal(1us,2us)")).hasMessageContaining("lognormal");
  }

  @Test
  void shouldKeepTheMeanRateOfBursts() {
    var bursts = new Arrivals.Bursty(10_000);

    double nanos = 0;
    for (int i = 0; i < 2_000_000; i++) {
      nanos += bursts.nextNanos(random);
    }

    assertThat(2_000_000 / nanos * 1e9).isCloseTo(10_000, Percentage.withPercentage(3));
  }

  @Test
  void shouldNameWhatIsNoCost() {
    assertThat(Costs.measured().toMap()).containsKeys("request", "takeover", "kernelTick");
    assertThatThrownBy(() -> Costs.none().with("tax", 1)).hasMessageContaining("takeover");
  }
}
