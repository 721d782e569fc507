package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Stages by their numbers, wherever they run. */
class StageMetricsIT {
  @ParameterizedTest
  @EnumSource
  void shouldCountHowEachRequestLeavesEachStage(Placement placement) {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("halves", Parse.query("n"))
            .then("halve", n -> half(Integer.parseInt(n)))
            .then(Respond.text());
    Vertx vertx = Baton.vertx();
    try {
      int port =
          vertx
              .createHttpServer()
              .requestHandler(
                  Baton.handler(
                      vertx,
                      pipeline,
                      new PipelineOptions()
                          .setStage(
                              "halve", new StageOptions().setPlacement(placement).setCapacity(77))))
              .listen(0, "127.0.0.1")
              .await()
              .actualPort();
      HttpClient client = vertx.createHttpClient();

      for (int n = 0; n < 30; n++) {
        client
            .request(HttpMethod.GET, port, "127.0.0.1", "/?n=" + n)
            .compose(r -> r.send().compose(HttpClientResponse::end))
            .await();
      }
      client.close().await();

      String stage = "pipeline=\"halves\",stage=\"halve\"";
      Scrape.until(
          "all are counted",
          () -> Scrape.of(BatonMetrics.of(vertx)).value("vertx_http_server_active_requests") == 0);
      Scrape scrape = Scrape.of(BatonMetrics.of(vertx));
      assertThat(outcomes(scrape, "ok")).isEqualTo(15);
      assertThat(outcomes(scrape, "failed")).isEqualTo(15);
      assertThat(outcomes(scrape, "rejected")).isZero();
      assertThat(scrape.value("baton_stage_queue_wait_seconds_count{" + stage + "}")).isEqualTo(30);
      assertThat(scrape.value("baton_stage_service_seconds_count{" + stage + "}")).isEqualTo(30);
      assertThat(scrape.value("baton_stage_service_seconds_sum{" + stage + "}")).isPositive();
      assertThat(scrape.value("baton_stage_queue_depth{" + stage + "}")).isZero();
      assertThat(scrape.value("baton_stage_queue_capacity{" + stage + "}")).isEqualTo(77);
      String loops = "baton_loop_continuations_total{loop=\"0\"," + stage + "}";
      if (placement == Placement.PARTITIONED) {
        assertThat(scrape.value(loops)).isPositive();
      } else {
        assertThat(scrape.samples()).doesNotContainKey(loops);
      }
    } finally {
      vertx.close().await();
    }
  }

  private static double outcomes(Scrape scrape, String outcome) {
    return scrape.value(
        "baton_stage_outcomes_total{outcome=\""
            + outcome
            + "\",pipeline=\"halves\",stage=\"halve\"}");
  }

  private static int half(int n) {
    if (n % 2 == 1) {
      throw new IllegalArgumentException(n + " is odd");
    }
    return n / 2;
  }
}
