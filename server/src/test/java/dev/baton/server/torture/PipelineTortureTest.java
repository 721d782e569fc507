package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.torture.PipelineService.Placing;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The short form of the torture of pipelines, in each placement. */
final class PipelineTortureTest {
  @ParameterizedTest
  @EnumSource(Placing.class)
  void shouldAnswerEveryByteRight(Placing placing) {
    try (var service = TorturedPipelines.start(placing)) {
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
