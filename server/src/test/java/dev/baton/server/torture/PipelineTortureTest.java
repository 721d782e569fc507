package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.context.ContextMode;
import dev.baton.server.torture.PipelineService.Placing;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The short form of the torture of pipelines, in each placement and with either kind of context.
 */
final class PipelineTortureTest {
  static List<Arguments> placingsAndModes() {
    return Arrays.stream(Placing.values())
        .flatMap(
            placing ->
                Stream.of(ContextMode.SERIAL, ContextMode.PER_REQUEST)
                    .map(mode -> Arguments.of(placing, mode)))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("placingsAndModes")
  void shouldAnswerEveryByteRight(Placing placing, ContextMode mode) {
    try (var service = TorturedPipelines.start(placing, mode)) {
      Result result =
          Torture.run(
              Options.against("127.0.0.1", service.port()).withDuration(Duration.ofSeconds(1)));

      assertThat(result.clean()).as(result.report() + service.report()).isTrue();
      if (service.isTakeover()) {
        assertThat(service.takeovers()).as("takeovers of the home loop").isPositive();
      }
      assertThat(service.inside()).as(service.report()).isZero();
    }
  }
}
