package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.server.LawServer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers whose latency law is known. What is reported is never less than what the server did; that
 * it is hardly more is judged only while nobody else uses the machine.
 */
class LatencyLawIT {
  private static LawServer server;

  @BeforeAll
  static void start() {
    server = LawServer.start(); // again, if tests are run again
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static LoadOptions options(String path, double rate) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(server.url(path)))
        .setRate(rate)
        .setWarmup(Duration.ofSeconds(2))
        .setDuration(Duration.ofSeconds(5));
  }

  /**
   * Who else uses the machine adds to a latency, for a moment: the quietest of three runs counts.
   */
  @Test
  void shouldReportAFreezeAsEveryUserFeltIt() {
    Freeze freeze = freeze();
    for (int again = 0; again < 2 && !freeze.isFeltAsLongAsItWas(); again++) {
      freeze = freeze();
    }
    assumeQuiet(freeze.report);
    assertThat(freeze).matches(Freeze::isFeltAsLongAsItWas, "felt as long as it was");
  }

  private static Freeze freeze() {
    var options =
        options("/fast", 2_000).setArrivals(Arrivals.UNIFORM).setDuration(Duration.ofSeconds(10));
    var froze =
        CompletableFuture.supplyAsync(
            () -> server.freeze(1_000), CompletableFuture.delayedExecutor(6, TimeUnit.SECONDS));

    var report = LoadGenerator.create(options).run();

    var freeze = new Freeze(froze.join(), report);
    var response = report.total().response();
    assertThat(report.total().count(Outcome.OK)).isEqualTo(20_000);
    assertThat(response.millisAt(95)).isGreaterThan(freeze.millis - 525);
    assertThat(response.millisAt(99)).isGreaterThan(freeze.millis - 145);
    assertThat(response.maxMillis()).isGreaterThan(freeze.millis - 50);
    // What a closed loop would have shown: hardly anything.
    assertThat(report.total().service().millisAt(95)).isLessThan(response.millisAt(95));
    return freeze;
  }

  /** A tenth of the requests wait between as long as the server was frozen and 0, evenly. */
  private record Freeze(double millis, LoadReport report) {
    boolean isFeltAsLongAsItWas() {
      var response = report.total().response();
      return response.millisAt(95) <= millis - 475
          && response.millisAt(99) <= millis - 55
          && response.maxMillis() <= millis + 50
          && response.millisAt(50) < 50;
    }

    @Override
    public String toString() {
      var response = report.total().response();
      return "frozen for %.1f ms; p50 %.1f, p95 %.1f, p99 %.1f, max %.1f ms"
          .formatted(
              millis,
              response.millisAt(50),
              response.millisAt(95),
              response.millisAt(99),
              response.maxMillis());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/constant/20000", "/bimodal/10000/60000/50", "/exponential/10000"})
  void shouldReportWhatTheServerDid(String path) {
    var options = options(path, 500).setConnections(200);
    LoadGenerator.create(
            options(path, 500).setDuration(Duration.ofSeconds(1)).setDrain(Duration.ofMinutes(1)))
        .run(); // to its end: what is given up would be recorded below
    server.forget();

    var report = LoadGenerator.create(options.setWarmup(Duration.ZERO)).run();

    var response = report.total().response();
    var truth = server.recorded();
    assertThat(report.total().count(Outcome.OK)).isEqualTo(truth.getTotalCount());
    for (double percentile : new double[] {10, 50, 90, 99}) {
      double did = truth.getValueAtPercentile(percentile) / 1e6;
      // Both histograms keep three digits.
      assertThat(response.millisAt(percentile)).isGreaterThanOrEqualTo(did * 0.998);
    }
    assumeQuiet(report);
    for (double percentile : new double[] {10, 50, 90}) {
      double did = truth.getValueAtPercentile(percentile) / 1e6;
      assertThat(response.millisAt(percentile)).isLessThan(did * 1.1 + 1);
    }
  }

  /** Server and generator share this process: what its CPU time leaves was taken by others. */
  private static void assumeQuiet(LoadReport report) {
    var self = report.self();
    double others = (self.busySeconds() - self.processCpuSeconds()) / self.seconds();
    assumeTrue(
        report.valid() && others < 0.25, "others use the machine: upper bounds are not judged");
  }
}
