package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.server.LawServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Servers whose latency law is known, with bounds that a noisy machine keeps. */
class LatencyLawIT {
  private static final LawServer SERVER = LawServer.start();

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static LoadOptions options(String path, double rate) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(SERVER.url(path)))
        .setRate(rate)
        .setWarmup(Duration.ofSeconds(2))
        .setDuration(Duration.ofSeconds(5));
  }

  @Test
  void shouldReportAFreezeAsEveryUserFeltIt() throws InterruptedException {
    var options =
        options("/fast", 2_000).setArrivals(Arrivals.UNIFORM).setDuration(Duration.ofSeconds(10));
    var freezer =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    Thread.sleep(6_000);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  SERVER.freeze(1_000);
                });

    var report = LoadGenerator.create(options).run();
    freezer.join();

    // A tenth of the requests wait between 1 s and 0, evenly: p95 is half of it.
    var response = report.total().response();
    assertThat(report.total().count(Outcome.OK)).isEqualTo(20_000);
    assertThat(response.millisAt(95)).isCloseTo(500, within(25.0 + 30));
    assertThat(response.millisAt(99)).isCloseTo(900, within(45.0 + 30));
    assertThat(response.maxMillis()).isCloseTo(1_000, within(50.0 + 30));
    assertThat(response.millisAt(50)).isLessThan(50);
    // What a closed loop would have shown: hardly anything.
    assertThat(report.total().service().millisAt(95)).isLessThan(100);
  }

  @Test
  void shouldReportAConstant() {
    var response = LoadGenerator.create(options("/constant/20000", 500)).run().total().response();

    assertThat(response.millisAt(50)).isBetween(20.0, 24.0);
    assertThat(response.millisAt(1)).isGreaterThanOrEqualTo(20.0);
  }

  @Test
  void shouldReportBothModes() {
    // 5 % take 60 ms, the others 10 ms.
    var response =
        LoadGenerator.create(options("/bimodal/10000/60000/50", 500)).run().total().response();

    assertThat(response.millisAt(50)).isBetween(10.0, 14.0);
    assertThat(response.millisAt(90)).isBetween(10.0, 20.0);
    assertThat(response.millisAt(98)).isBetween(60.0, 66.0);
  }

  @Test
  void shouldReportAnExponential() {
    var options = options("/exponential/10000", 500).setConnections(200);

    var response = LoadGenerator.create(options).run().total().response();

    // Quantiles of the law, 10 ms · ln(1/(1-p)), within three standard errors and a millisecond.
    assertThat(response.millisAt(50)).isCloseTo(6.93, within(0.6 + 1.5));
    assertThat(response.millisAt(90)).isCloseTo(23.03, within(1.8 + 1.5));
  }
}
