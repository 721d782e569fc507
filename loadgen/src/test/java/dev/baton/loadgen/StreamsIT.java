package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.server.EchoSocketServer;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** WebSockets and server-sent events. */
class StreamsIT {
  private static LoadOptions options(String url) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(url).withBody("hello"))
        .setRate(100)
        .setConnections(4)
        .setWarmup(Duration.ZERO)
        .setDuration(Duration.ofMillis(500))
        .setDrain(Duration.ofSeconds(20));
  }

  @Test
  void shouldMeasureTheEchoOfMessages() {
    try (var server = EchoSocketServer.start(20)) {
      var request =
          RequestSpec.get(server.url("/echo"))
              .withBody("Grüße")
              .withCheck(new ResponseCheck(Set.of(), "Grüße"));
      var options = options("http://unused/").setRequests(List.of(request)).setDepth(8);

      var report = LoadGenerator.create(options).run();

      assertThat(report.total().count(Outcome.OK))
          .as("%s", report.errorKinds())
          .isEqualTo(report.total().scheduled())
          .isPositive();
      assertThat(report.total().response().millisAt(1)).isGreaterThan(19);
      assertThat(report.total().bytes()).isEqualTo(7 * report.total().sent());
    }
  }

  @Test
  void shouldSendMessagesInAClosedLoop() {
    try (var server = EchoSocketServer.start(0)) {
      var report = LoadGenerator.create(options(server.url("/echo")).setClosedLoop(true)).run();

      assertThat(report.total().count(Outcome.OK)).isGreaterThan(20);
      assertThat(report.errorKinds()).isEmpty();
    }
  }

  @Test
  void shouldSayThatThereIsNoWebSocket() {
    try (var server = EchoSocketServer.start(0);
        var plain = LawServer.start()) {
      var request = RequestSpec.get(server.url("/echo")).withBody("close");
      var closing =
          LoadGenerator.create(options(server.url("/echo")).setRequests(List.of(request))).run();
      var none = LoadGenerator.create(options(plain.url("/fast").replace("http:", "ws:")));

      assertThat(closing.errorKinds().keySet()).anyMatch(kind -> kind.contains("closed"));
      assertThatThrownBy(none::run).hasMessageContaining("no connection: WebSocket: Invalid");
    }
  }

  @Test
  void shouldMeasureTheTimeBetweenEvents() throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      server.setExecutor(executor);
      server.createContext("/events", StreamsIT::stream);
      server.createContext("/page", exchange -> exchange.sendResponseHeaders(204, -1));
      server.start();
      String base = "sse+http://127.0.0.1:" + server.getAddress().getPort();

      var report = LoadGenerator.create(options(base + "/events").setClosedLoop(true)).run();
      var none =
          LoadGenerator.create(options(base + "/page").setClosedLoop(true).setDrain(Duration.ZERO))
              .run();
      server.stop(0);
      executor.shutdownNow();

      // 4 streams with an event every 20 ms: at most 100, fewer on a busy machine.
      assertThat(report.total().count(Outcome.OK))
          .as("%s", report.errorKinds())
          .isBetween(8L, 110L);
      assertThat(report.total().count(Outcome.UNFINISHED)).isLessThanOrEqualTo(4);
      assertThat(report.total().service().millisAt(50)).isGreaterThan(10);
      assertThat(none.total().count(Outcome.OK)).isZero();
      assertThat(none.errorKinds()).containsKey("status 204");
    }
  }

  /** Comments and events without data are none; events end with all three ends of lines. */
  private static void stream(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().add("Content-Type", "text/event-stream; charset=utf-8");
    exchange.sendResponseHeaders(200, 0);
    String[] events = {
      ": hello\n\ndata: 1\n\n",
      "event: x\ndata: 2\r\n\r\n",
      "database: no\n\ndata\r\r",
      "id: 4\n\ndata:5\n\n"
    };
    try (var out = exchange.getResponseBody()) {
      for (int i = 0; ; i++) {
        out.write(events[i % events.length].getBytes(StandardCharsets.UTF_8));
        out.flush();
        Thread.sleep(20);
      }
    } catch (IOException | InterruptedException e) {
      exchange.close(); // the client went away
    }
  }

  @Test
  void shouldRefuseWhatHasNoMeaning() {
    assertThatThrownBy(() -> LoadGenerator.create(options("sse+http://h/")))
        .hasMessageContaining("say --closed");
    assertThatThrownBy(() -> LoadGenerator.create(options("ws://h/").setProtocol(Protocol.HTTP2)))
        .hasMessageContaining("leave --http2 out");
  }
}
