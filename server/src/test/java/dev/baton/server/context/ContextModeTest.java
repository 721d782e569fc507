package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContextModeTest {
  @ParameterizedTest
  @EnumSource
  void shouldParseWhatItWrites(ContextMode mode) {
    assertThat(ContextMode.parse(mode.toString())).isEqualTo(mode);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SERIAL", "per_request", "event-loop"})
  void shouldNameTheValueAndTheChoices(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ContextMode.parse(text))
        .withMessage("contextMode=" + text + ": choose one of serial, per-request, pinned");
  }
}
