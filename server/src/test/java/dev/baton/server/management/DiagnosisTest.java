package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.management.Diagnosis.Finding;
import dev.baton.server.management.TakeoverLog.Blame;
import dev.baton.server.management.TakeoverLog.Entry;
import dev.baton.server.management.TakeoverLog.Part;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DiagnosisTest {
  private static final long MILLI = 1_000_000;

  private final Vertx vertx = Baton.vertx();

  @AfterEach
  void close() {
    vertx.close().await();
  }

  private Blame blame(String route, int takeovers, double perSecond, long awayNanos) {
    var takeover = new Takeover(0, TakeoverCause.BLOCKED, 1, 2, 0, 1, 1, 1, null);
    var last = new Entry(1, new Part(Baton.scheduler(vertx).enclave(), null), takeover, 0);
    Doing doing = Doing.of(TakeoverCause.BLOCKED);
    long each = awayNanos / takeovers;
    return new Blame(route, null, takeovers, perSecond, awayNanos, each, 0, 0, 0, 0, doing, last);
  }

  private static List<String> told(Blame... blame) {
    List<Finding> findings = new ArrayList<>();
    Diagnosis.blocking(List.of(blame), findings);
    return findings.stream().map(Finding::text).toList();
  }

  @Test
  void shouldBlameNoRouteForWhatAVerticleTookToStart() {
    Blame start = blame(TakeoverLog.NO_REQUEST, 2, 0.2, 60 * MILLI);

    assertThat(told(start, blame("GET /fast", 3, 0.3, 5 * MILLI))).isEmpty();
  }

  @Test
  void shouldTellTheShareOfARouteAmongRoutes() {
    Blame start = blame(TakeoverLog.NO_REQUEST, 2, 0.2, 60 * MILLI);
    Blame slow = blame("GET /slow", 4, 0.4, 60 * MILLI);
    Blame fast = blame("GET /fast", 4, 0.4, 20 * MILLI);

    assertThat(told(start, slow, fast))
        .containsExactly(
            "GET /slow blocks: 15 ms each, 0.4 a second, 75 % of all such time; asleep.",
            "GET /fast blocks: 5.0 ms each, 0.4 a second, 25 % of all such time; asleep.");
  }

  @Test
  void shouldTellOfCodeOfNoRequestThatGoesOnBlocking() {
    assertThat(told(blame(TakeoverLog.NO_REQUEST, 20, 2, 60 * MILLI)))
        .containsExactly("Code of no request blocks: 3.0 ms each, 2.0 a second; asleep.");
  }
}
