package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The short form of the torture, on event loops that change hands. */
final class BatonTortureTest {
  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldAnswerEveryByteRightAndLeakNothingOfOurs(ContextMode mode) {
    var options = new BatonOptions().setContextMode(mode);
    // As many takeovers as can be had: no grace, and slices that most handlers outrun.
    options.getScheduler().setLoops(1).setGrace(Duration.ZERO).setSlice(Duration.ofNanos(20_000));
    try (var leaks = LeakLog.open()) {
      Vertx vertx = Baton.vertx(options);
      var service = new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
      vertx.deployVerticle(service).await();

      Result result =
          Torture.run(
              Options.against("127.0.0.1", service.actualPort())
                  .withDuration(Duration.ofSeconds(3)));
      long takeovers = Baton.scheduler(vertx).enclave().takeovers(TakeoverCause.BLOCKED);
      boolean takeover = Baton.scheduler(vertx).isTakeover();
      vertx.close().await();

      assertThat(result.clean()).as(result.report()).isTrue();
      assertThat(leaks.ours()).isEmpty();
      if (takeover && mode != ContextMode.PINNED) {
        assertThat(takeovers).as("takeovers").isGreaterThan(50);
      }
    }
  }
}
