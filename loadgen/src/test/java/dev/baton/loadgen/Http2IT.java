package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.server.Http2Server;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 against a server of Netty. How busy the machine is decides nothing here. */
class Http2IT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static LoadOptions options(String url) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(url))
        .addRequest(RequestSpec.get(url).withMethod("POST").withBody("hello"))
        .setProtocol(Protocol.HTTP2)
        .setInsecure(true)
        .setConnections(2)
        .setRate(500)
        .setWarmup(Duration.ofMillis(200))
        .setDuration(Duration.ofMillis(500))
        .setTimeout(PATIENCE)
        .setDrain(PATIENCE);
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
      var options = options(server.url("/silent")).setTimeout(Duration.ofSeconds(2));

      var report = LoadGenerator.create(options).run();
      var total = report.total();

      assertThat(report.errorKinds()).containsOnlyKeys("timeout");
      assertThat(total.count(Outcome.TIMEOUT)).isEqualTo(total.sent()).isPositive();
      assertThat(report.connections().opened()).isEqualTo(2);
    }
  }

  @Test
  void shouldSayThatAServerSpeaksHttp1Only() {
    try (var server = LawServer.start()) {
      assertThatThrownBy(() -> LoadGenerator.create(options(server.url("/fast"))).run())
          .hasMessageContaining("before it said anything in HTTP/2; does it speak it?");
    }
  }

  @Test
  void shouldCountEveryRequestOfHttp1AgainstHttp2() {
    try (var server = Http2Server.start(false)) {
      var options =
          options(server.url("/"))
              .setProtocol(Protocol.HTTP1)
              .setTimeout(Duration.ofSeconds(1))
              .setDrain(Duration.ofSeconds(1));

      var report = LoadGenerator.create(options).run();

      assertThat(report.total().count(Outcome.OK)).isZero();
      assertThat(report.total().sent())
          .isEqualTo(
              report.total().count(Outcome.CONNECT_ERROR)
                  + report.total().count(Outcome.TIMEOUT)
                  + report.total().count(Outcome.UNFINISHED));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldSendTheBytesOfAFile(boolean secure, @TempDir Path directory) throws IOException {
    var file = directory.resolve("body");
    try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(100 << 20);
    }
    try (var server = Http2Server.start(secure)) {
      var request =
          RequestSpec.get(server.url("/length"))
              .withMethod("PUT")
              .withBody(Body.of(file))
              .withCheck(new ResponseCheck(Set.of(200), "length=104857600."));
      var options =
          options(server.url("/"))
              .setRequests(List.of(request))
              .setRate(4)
              .setWarmup(Duration.ZERO)
              .setDuration(Duration.ofSeconds(1));
      var before = usedDirect();

      var report = LoadGenerator.create(options).run();

      assertThat(report.errorKinds()).isEmpty();
      assertThat(report.total().count(Outcome.OK))
          .isEqualTo(report.total().scheduled())
          .isPositive();
      assertThat(usedDirect() - before).isLessThan(50L << 20);
    }
  }

  /** Bytes in buffers outside of the heap, mapped files apart. */
  private static long usedDirect() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
