package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.server.Http2Server;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Http2IT {
  private static LoadOptions options(String url) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(url))
        .addRequest(RequestSpec.get(url).withMethod("POST").withBody("hello"))
        .setProtocol(Protocol.HTTP2)
        .setInsecure(true)
        .setConnections(2)
        .setRate(1_000)
        .setWarmup(Duration.ofMillis(500))
        .setDuration(Duration.ofSeconds(1));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldAnswerEveryRequestOverFewConnections(boolean secure) {
    try (var server = Http2Server.start(secure)) {
      var report = LoadGenerator.create(options(server.url("/"))).run();
      var total = report.total();

      assertThat(report.errorKinds()).isEmpty();
      assertThat(total.count(Outcome.OK)).isEqualTo(total.scheduled()).isPositive();
      assertThat(total.bytes()).isEqualTo(2 * total.scheduled());
    }
  }

  @Test
  void shouldCountResetStreams() {
    try (var server = Http2Server.start(false)) {
      var total = LoadGenerator.create(options(server.url("/reset"))).run().total();

      assertThat(total.count(Outcome.CONNECT_ERROR)).isEqualTo(total.sent()).isPositive();
    }
  }

  @Test
  void shouldGiveUpStreamsAndKeepTheConnection() {
    try (var server = Http2Server.start(false)) {
      var options = options(server.url("/silent")).setTimeout(Duration.ofMillis(200));

      var report = LoadGenerator.create(options).run();
      var total = report.total();

      assertThat(report.errorKinds()).containsOnlyKeys("timeout");
      assertThat(total.count(Outcome.TIMEOUT)).isEqualTo(total.sent()).isPositive();
    }
  }

  @Test
  void shouldSayThatAServerDoesNotSpeakHttp2() {
    try (var server = Http2Server.start(false)) {
      var options = options(server.url("/")).setProtocol(Protocol.HTTP1);

      var report = LoadGenerator.create(options).run();

      assertThat(report.total().count(Outcome.OK)).isZero();
      assertThat(report.total().sent())
          .isEqualTo(
              report.total().count(Outcome.CONNECT_ERROR)
                  + report.total().count(Outcome.TIMEOUT)
                  + report.total().count(Outcome.UNFINISHED));
    }
  }
}
