package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import dev.baton.stages.PipelineOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The short form of the torture, on event loops that change hands. Leaks are looked for before any
 * client leaves in the middle, in a JVM of this class's own: stock Vert.x leaks what such a client
 * has sent ahead, and the garbage collector tells late.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class BatonTortureTest {
  @Order(1)
  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldAnswerEveryByteRightAndLeakNothing(ContextMode mode) {
    try (var leaks = LeakLog.open()) {
      torture(mode, 0);

      assertThat(leaks.reports()).isEmpty();
    }
  }

  @Order(2)
  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldAnswerEveryByteRightWhileClientsLeave(ContextMode mode) {
    torture(mode, 10);
  }

  /** All connections are one loop's, and the other one has nothing else to do. */
  @Order(3)
  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldAnswerEveryByteRightWhileAnIdleLoopPulls(ContextMode mode) {
    torture(mode, 10, 2);
  }

  private static void torture(ContextMode mode, int abortPercent) {
    torture(mode, abortPercent, 1);
  }

  private static void torture(ContextMode mode, int abortPercent, int loops) {
    var options = new BatonOptions().setContextMode(mode);
    // As many takeovers as can be had: no grace, and slices that most handlers outrun.
    options
        .getScheduler()
        .setLoops(loops)
        .setGrace(Duration.ZERO)
        .setSlice(Duration.ofNanos(20_000));
    Vertx vertx = Baton.vertx(options);
    // What waits behind a blocked callback would be shed, and a body that is slow under load ended,
    // rightly; here all is to be answered.
    var service =
        new DemoService(
            new HttpServerOptions().setHost("127.0.0.1").setPort(0),
            new PipelineOptions().setAdmissionTarget(Duration.ZERO).setBodyTimeout(Duration.ZERO));
    vertx.deployVerticle(service).await();

    Result result =
        Torture.run(
            Options.against("127.0.0.1", service.actualPort())
                .withAbortPercent(abortPercent)
                .withDuration(Duration.ofSeconds(2)));
    boolean over = isOverInTime(vertx);
    long takeovers = Baton.scheduler(vertx).enclave().takeovers(TakeoverCause.BLOCKED);
    long pulled =
        Baton.scheduler(vertx).enclave().loopSnapshots().stream()
            .mapToLong(LoopSnapshot::pulledUnits)
            .sum();
    boolean takeover = Baton.scheduler(vertx).isTakeover();
    vertx.close().await();

    assertThat(result.clean()).as(result.report()).isTrue();
    assertThat(over).as("no connection and no request is left").isTrue();
    if (takeover && mode != ContextMode.PINNED) {
      assertThat(takeovers).as("takeovers").isGreaterThan(20);
    }
    if (loops == 1) {
      assertThat(pulled).as("pulled").isZero();
    }
  }

  /** Whether no connection is open and no request under way soon after all clients have left. */
  private static boolean isOverInTime(Vertx vertx) {
    BatonMetrics metrics = Objects.requireNonNull(BatonMetrics.of(vertx));
    for (int i = 0; i < 1_000; i++) {
      List<String> now = metrics.scrape(null).body().toString().lines().toList();
      if (now.contains("vertx_http_server_active_connections 0.0")
          && now.contains("vertx_http_server_active_requests 0.0")) {
        return true;
      }
      LockSupport.parkNanos(20_000_000);
    }
    return false;
  }
}
