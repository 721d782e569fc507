package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.compare.Change.Observed;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChangeTest {
  private static boolean holds(String text, Observed... observed) {
    return Change.parseAll(List.of(text)).getFirst().holds(List.of(observed), false);
  }

  @Test
  void shouldHoldOnlyIfMoreThanChanceExplainsIt() {
    assertThat(holds("p99>10%", new Observed("p99", 12, true, 5))).isTrue();
    assertThat(holds("p99>10%", new Observed("p99", 12, false, 5))).isFalse();
    assertThat(holds("p99 > 10 %", new Observed("p99", 9, true, 5))).isFalse();
    assertThat(holds("delivered<-5%", new Observed("delivered", -6, true, 900))).isTrue();
    assertThat(holds("delivered<-5%", new Observed("delivered", 6, true, 900))).isFalse();
  }

  @Test
  void shouldTakeErrorsAsTheyAreOfB() {
    assertThat(holds("errors>0.1%", new Observed("errors", 0.05, false, 0.2))).isTrue();
    assertThat(holds("errors>0.1%", new Observed("errors", -3, true, 0.1))).isFalse();
    assertThat(holds("errors>0.1%", new Observed("p99", 12, true, 5))).isFalse();
  }

  @Test
  void shouldHoldOfWhatWasNotMeasured() {
    assertThat(holds("p99>10%", new Observed("p99", Double.NaN, false, Double.NaN))).isTrue();
  }

  @Test
  void shouldGoByTheVerdict() {
    var worse = Change.parseAll(List.of("worse")).getFirst();

    assertThat(worse.holds(List.of(), true)).isTrue();
    assertThat(worse.holds(List.of(), false)).isFalse();
  }

  @Test
  void shouldSayWhatToWrite() {
    assertThat(Change.parseAll(List.of("p99>1%,worse"))).hasSize(2);
    assertThatThrownBy(() -> Change.parseAll(List.of("p99>5ms")))
        .hasMessageContaining("--fail-if 'p99>5ms': write 'worse', or p50");
    assertThatThrownBy(() -> Change.parseAll(List.of("p42>5%"))).hasMessageContaining("p42");
  }
}
