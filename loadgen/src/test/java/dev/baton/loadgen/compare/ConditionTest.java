package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionTest {
  @Test
  void shouldReadMetricsBoundsAndUnits() {
    assertThat(Condition.parse("p99<5ms"))
        .isEqualTo(new Condition("p99<5ms", "p99", true, 5, false));
    assertThat(Condition.parse("service.p99.9 > 1.5s").bound()).isEqualTo(1_500);
    assertThat(Condition.parse("errors>0.1%").below()).isFalse();
    assertThat(Condition.parseAll(List.of("p99<5ms,errors<0.1%"))).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "p99", "p99<5", "p99<5%", "errors>0", "errors<5ms", "q99<5ms", "p99=5ms"})
  void shouldRefuseWhatItDoesNotUnderstand(String text) {
    assertThatThrownBy(() -> Condition.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
