package dev.baton.server.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TraceparentTest {
  @ParameterizedTest
  @CsvSource({
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 0af7651916cd43dd8448eb211c80319c",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more,"
        + " 0af7651916cd43dd8448eb211c80319c",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more,",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x,",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01,",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01,",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01,",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01,",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0,",
    "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01,",
    "'',",
    ",",
  })
  void shouldReadTheTracesIdIfItIsOne(String header, String traceId) {
    assertThat(Traceparent.traceId(header)).isEqualTo(traceId);
  }
}
