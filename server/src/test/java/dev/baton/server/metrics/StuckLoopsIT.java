package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.management.ManagementServer;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The management server answers when nobody else does. */
class StuckLoopsIT {
  private static final System.Logger LOGGER = System.getLogger(StuckLoopsIT.class.getName());

  /** A service whose handlers wait for {@code released}. */
  private static final class Stuck extends VerticleBase {
    private final CountDownLatch released;
    private volatile int port;

    Stuck(CountDownLatch released) {
      this.released = released;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer()
          .requestHandler(
              request -> {
                try {
                  released.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                request.response().end();
              })
          .listen(0, "127.0.0.1")
          .onSuccess(server -> port = server.actualPort());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"PER_REQUEST", "PINNED"})
  void shouldAnswerScrapesWhileEveryLoopIsStuck(ContextMode mode) throws Exception {
    BatonOptions options = new BatonOptions().setContextMode(mode).setMaxAwayPerRoute(10_000);
    options.getScheduler().setLoops(2).setPinning(false).setMinStandbys(1).setMaxStandbys(3);
    options.getScheduler().setMaxHeldContinuations(1);
    CountDownLatch released = new CountDownLatch(1);
    Vertx vertx = Baton.vertx(options);
    Vertx clients = Vertx.vertx();
    ManagementServer management = ManagementServer.start(0, vertx);
    try (java.net.http.HttpClient http = java.net.http.HttpClient.newHttpClient()) {
      Assumptions.assumeTrue(
          mode == ContextMode.PINNED || Baton.scheduler(vertx).isTakeover(),
          () -> "loops do not change hands: " + Baton.scheduler(vertx).notifierReason());
      List<Stuck> services = new ArrayList<>();
      for (int i = 0; i < 2; i++) { // each on a loop of its own
        Stuck stuck = new Stuck(released);
        vertx.deployVerticle(stuck).await();
        services.add(stuck);
      }
      HttpClient client = clients.createHttpClient();
      List<Future<Void>> answers = new ArrayList<>();
      Runnable send =
          () ->
              services.forEach(
                  s ->
                      answers.add(
                          client
                              .request(HttpMethod.GET, s.port, "127.0.0.1", "/")
                              .compose(r -> r.send().compose(HttpClientResponse::end))));
      send.run();
      if (mode == ContextMode.PINNED) {
        Scrape.until(
            "both have begun",
            () ->
                scrape(http, management, "/metrics").value("vertx_http_server_active_requests")
                    >= 2);
      } else {
        send.run();
        Scrape.until(
            "both loops were taken",
            () ->
                scrape(http, management, "/metrics")
                        .value("baton_standbys{cpu=\"-1\",state=\"in_use\"}")
                    >= 2);
      }

      long begin = System.nanoTime();
      Scrape scrape = scrape(http, management, "/metrics");
      long metrics = System.nanoTime();
      String health = get(http, management, "/health/live").body();
      long end = System.nanoTime();

      LOGGER.log(
          System.Logger.Level.INFO,
          "{0}: /metrics after {1} ms, /health/live after {2} ms",
          mode,
          (metrics - begin) / 1e6,
          (end - metrics) / 1e6);
      assertThat(Duration.ofNanos(end - begin)).isLessThan(Duration.ofSeconds(5));
      assertThat(health).contains("UP");
      assertThat(scrape.value("vertx_http_server_active_requests")).isGreaterThanOrEqualTo(2);
      if (mode == ContextMode.PER_REQUEST) {
        assertThat(scrape.value("baton_standbys{cpu=\"-1\",state=\"in_use\"}"))
            .isBetween(2.0, 3.0); // what is not a request may have cost one, too
        assertThat(scrape.value("baton_standbys_max{cpu=\"-1\"}")).isEqualTo(3);
        assertThat(scrape.value("baton_blocked_seconds_total{cause=\"blocked\"}")).isPositive();
        assertThat(scrape.value("baton_takeover_delay_seconds_count{cause=\"blocked\"}"))
            .isGreaterThanOrEqualTo(2); // a page fault may have cost a loop, too
        assertThat(
                scrape.value("baton_loop_takeovers_total{cause=\"blocked\",loop=\"0\"}")
                    + scrape.value("baton_loop_takeovers_total{cause=\"blocked\",loop=\"1\"}"))
            .isGreaterThanOrEqualTo(2);
        assertThat(
                scrape.value("baton_loop_away{loop=\"0\"}")
                    + scrape.value("baton_loop_away{loop=\"1\"}"))
            .isGreaterThanOrEqualTo(2);
        for (int i = 0; i < 3; i++) {
          send.run(); // one may be held back on each loop, the next ones are refused
        }
        Scrape.until(
            "a request is refused",
            () ->
                scrape(http, management, "/metrics")
                        .value("baton_shed_requests_total{reason=\"overload\"}")
                    > 0);
      }
      released.countDown();
      Future.join(answers).await();
      client.close().await(); // until then it is held: one that nobody holds may be closed
      Scrape.until(
          "all are done",
          () ->
              scrape(http, management, "/metrics").value("vertx_http_server_active_requests") == 0);
    } finally {
      released.countDown();
      management.close();
      clients.close().await();
      vertx.close().await();
    }
  }

  private static Scrape scrape(
      java.net.http.HttpClient http, ManagementServer management, String path) {
    try {
      return Scrape.parse(get(http, management, path).body());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static HttpResponse<String> get(
      java.net.http.HttpClient http, ManagementServer management, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + management.port() + path))
            .timeout(Duration.ofSeconds(10))
            .build(),
        BodyHandlers.ofString());
  }
}
