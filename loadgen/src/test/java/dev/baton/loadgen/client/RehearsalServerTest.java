package dev.baton.loadgen.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.record.Outcome;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RehearsalServerTest {
  @ParameterizedTest
  @CsvSource({"HTTP1, true", "HTTP2, false", "HTTP2, true"})
  void shouldAnswerAsTheServersOfALoadDo(Protocol protocol, boolean secure) throws Exception {
    try (var server = new RehearsalServer(protocol, secure)) {
      var request =
          RequestSpec.get((secure ? "https" : "http") + "://127.0.0.1:" + server.port() + "/");
      var options =
          new LoadOptions()
              .addRequest(request)
              .setProtocol(protocol)
              .setInsecure(true)
              .setConnections(4)
              .setRate(200)
              .setWarmup(Duration.ZERO)
              .setDuration(Duration.ofMillis(300))
              .setDrain(Duration.ofSeconds(20));
      if (protocol == Protocol.HTTP2) {
        options.addRequest(request.withMethod("POST").withBody("x").withName("body"));
      }

      var report = LoadGenerator.create(options).run();

      assertThat(report.errorKinds()).isEmpty();
      assertThat(report.total().count(Outcome.OK))
          .isEqualTo(report.total().scheduled())
          .isPositive();
    }
  }
}
