package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.record.Heatmap;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a server does to it, a run ends and accounts for every request. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FaultIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final LawServer SERVER = LawServer.start();

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static LoadOptions options(String url) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(url))
        .setRate(500)
        .setConnections(8)
        .setWarmup(Duration.ofMillis(100))
        .setDuration(Duration.ofMillis(900))
        .setTimeout(Duration.ofMillis(300))
        .setDrain(PATIENCE);
  }

  private static RequestRecord run(LoadOptions options) {
    var report = LoadGenerator.create(options).run();
    var total = report.total();
    assertAddsUp(total);
    report.requests().forEach(FaultIT::assertAddsUp);
    report.phases().forEach(FaultIT::assertAddsUp);
    assertAddsUp(report.warmup());
    assertThat(values(report.heatmap())).isEqualTo(total.response().count());
    return total;
  }

  private static long values(Heatmap heatmap) {
    long sum = 0;
    for (int column = 0; column < heatmap.columns(); column++) {
      for (int row = 0; row < Heatmap.ROWS; row++) {
        sum += heatmap.count(column, row);
      }
    }
    return sum;
  }

  private static void assertAddsUp(RequestRecord record) {
    long outcomes = 0;
    for (var outcome : Outcome.values()) {
      outcomes += record.count(outcome);
    }
    assertThat(record.scheduled()).isEqualTo(record.sent() + record.unsent());
    assertThat(record.sent()).isEqualTo(outcomes);
    assertThat(record.unsent()).isNotNegative();
    if (!record.name().equals("warmup")) {
      long errors = record.count(Outcome.HTTP_ERROR) + record.count(Outcome.CONNECT_ERROR);
      assertThat(record.response().count() + errors).isEqualTo(record.scheduled());
    }
  }

  @Test
  void shouldCountEveryRequestAgainstADeadServer() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }

    var total = run(options("http://127.0.0.1:" + port + "/").setUnreachableAllowed(true));

    assertThat(total.count(Outcome.CONNECT_ERROR)).isEqualTo(total.sent()).isPositive();
  }

  @Test
  void shouldCountTimeoutsAgainstASilentServer() {
    var total =
        run(
            options(SERVER.url("/silent"))
                .setWarmup(Duration.ZERO)
                .setDrain(Duration.ofMillis(200)));

    assertThat(total.count(Outcome.OK)).isZero();
    assertThat(total.count(Outcome.TIMEOUT)).isPositive();
    assertThat(total.unsent()).isPositive();
    assertThat(total.response().lowerBoundAt(50)).isTrue();
  }

  @Test
  void shouldCountTimeoutsWhereConnectionsAreAcceptedButNeverServed() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String url = "http://127.0.0.1:" + socket.getLocalPort() + "/";
      var total = run(options(url).setWarmup(Duration.ZERO).setDrain(Duration.ofMillis(200)));

      assertThat(total.count(Outcome.OK)).isZero();
      assertThat(total.sent()).isPositive();
    }
  }

  @Test
  void shouldCountUnfinishedAsAtLeastWhatWasWaited() {
    var total =
        run(options(SERVER.url("/silent")).setTimeout(PATIENCE).setDrain(Duration.ofMillis(200)));

    assertThat(total.count(Outcome.UNFINISHED)).isEqualTo(total.sent());
    assertThat(total.response().censored()).isEqualTo(total.scheduled());
    assertThat(total.response().maxMillis()).isGreaterThan(900);
  }

  @Test
  void shouldEndAboveCapacity() {
    // 8 connections answered after 50 ms: 160/s of the 500/s asked.
    var total =
        run(
            options(SERVER.url("/constant/50000"))
                .setTimeout(PATIENCE)
                .setDrain(Duration.ofMillis(200)));

    assertThat(total.count(Outcome.OK)).isPositive();
    assertThat(total.unsent()).isPositive();
    assertThat(total.queued()).isPositive();
    assertThat(total.response().millisAt(50)).isGreaterThan(total.service().millisAt(50));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/reset", "/close", "/status/503", "/fast", "/constant/1000"})
  void shouldAddUpWhateverTheServerDoes(String path) {
    for (boolean closed : new boolean[] {false, true}) {
      var total = run(options(SERVER.url(path)).setClosedLoop(closed));

      var expected =
          switch (path) {
            case "/reset" -> Outcome.CONNECT_ERROR;
            case "/status/503" -> Outcome.HTTP_ERROR;
            default -> Outcome.OK;
          };
      assertThat(total.count(expected)).isPositive();
    }
  }

  @Test
  void shouldAddUpWithPipeliningAndWithNewConnections() {
    var options = options(SERVER.url("/fast")).setTimeout(PATIENCE);
    var pipelined = run(new LoadOptions(options).setDepth(4).setConnections(2));
    var fresh = run(new LoadOptions(options).setNewConnections(true));

    assertThat(pipelined.count(Outcome.OK)).isEqualTo(pipelined.scheduled());
    assertThat(fresh.count(Outcome.OK)).isEqualTo(fresh.scheduled());
  }

  @Test
  void shouldCheckBodiesAndSendMethods() {
    var request = RequestSpec.get(SERVER.url("/echo")).withMethod("POST").withBody("x");
    var good = request.withCheck(new ResponseCheck(Set.of(200), "POST"));
    var bad = request.withCheck(new ResponseCheck(Set.of(200), "GET"));

    var options = options(SERVER.url("/")).setTimeout(PATIENCE);
    var right = run(new LoadOptions(options).setRequests(List.of(good)));
    var wrong = run(new LoadOptions(options).setRequests(List.of(bad)));

    assertThat(right.count(Outcome.OK)).isEqualTo(right.sent());
    assertThat(wrong.count(Outcome.HTTP_ERROR)).isEqualTo(wrong.sent());
  }

  @Test
  void shouldNotDelayARequestBehindASlowOne() {
    // If they shared them, two requests that are never answered would hold both connections.
    var options =
        options(SERVER.url("/fast"))
            .setConnections(2)
            .setTimeout(PATIENCE)
            .setDrain(Duration.ofSeconds(10))
            .setRequests(
                List.of(
                    RequestSpec.get(SERVER.url("/fast")).withRate(200),
                    RequestSpec.get(SERVER.url("/silent")).withRate(20)));

    var report = LoadGenerator.create(options).run();

    assertThat(report.requests().get(0).count(Outcome.OK))
        .isEqualTo(report.requests().get(0).scheduled())
        .isPositive();
    assertThat(report.requests().get(1).count(Outcome.OK)).isZero();
  }
}
