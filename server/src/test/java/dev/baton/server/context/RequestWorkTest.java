package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
final class RequestWorkTest {
  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/fast, /fast",
    "/block/50, /block/*",
    "/users/a81bc81b-dead-4e5d-abff-90865d1e13b1/orders, /users/*/orders",
    "/a/b/c/d/e/f, /a/b/c/d/…",
    "'', /",
  })
  void shouldShortenAPath(String path, String pattern) {
    assertThat(RequestWork.shortened(path)).isEqualTo(pattern);
  }

  @Test
  void shouldReadAsMethodAndPath() {
    assertThat(new RequestWork("GET", "/block/50", "/block/*", null, false, 0))
        .hasToString("GET /block/50");
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
  void shouldTellWhichRequestABlockedHandlerServes(HttpVersion version) throws Exception {
    BatonOptions batonOptions = new BatonOptions().setContextMode(ContextMode.PER_REQUEST);
    batonOptions.getScheduler().setLoops(1);
    Vertx vertx = Baton.vertx(batonOptions);
    var release = new CountDownLatch(1);
    try {
      Scheduler scheduler = Baton.scheduler(vertx);
      Assumptions.assumeTrue(scheduler.isTakeover(), scheduler::notifierReason);
      int port =
          vertx
              .createHttpServer()
              .requestHandler(
                  request -> {
                    if (request.path().equals("/reports/7")) {
                      await(release);
                    }
                    request.response().end();
                  })
              .listen(0, "127.0.0.1")
              .await()
              .actualPort();
      var client =
          vertx.createHttpClient(
              new HttpClientOptions().setProtocolVersion(version).setHttp2ClearTextUpgrade(false));
      RequestOptions options =
          new RequestOptions()
              .setMethod(HttpMethod.PUT)
              .setHost("127.0.0.1")
              .setPort(port)
              .putHeader("x-request-id", "r-1");
      for (int i = 0; i < 20; i++) { // or the loop is lost to classes that load on the way
        client
            .request(new RequestOptions(options).setURI("/warm"))
            .compose(request -> request.send())
            .await(20, TimeUnit.SECONDS);
      }
      var response =
          client
              .request(options.setURI("/reports/7?token=secret"))
              .compose(request -> request.send());

      Takeover takeover = firstTakeover(scheduler.enclave());
      var expected = new RequestWork("PUT", "/reports/7", "/reports/*", "r-1", false, 0);
      for (Object work :
          Arrays.asList(takeover.work(), scheduler.enclave().workOf(takeover.from()))) {
        assertThat(work)
            .usingRecursiveComparison()
            .ignoringFields("behind") // callbacks that follow
            .isEqualTo(expected);
      }

      release.countDown();
      assertThat(response.await(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      client.close().await();
    } finally {
      release.countDown();
      vertx.close().await();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Takeover firstTakeover(Enclave enclave) throws InterruptedException {
    while (withWork(enclave).isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    return withWork(enclave).getFirst();
  }

  private static List<Takeover> withWork(Enclave enclave) {
    return enclave.recentTakeovers().stream()
        .filter(
            takeover -> takeover.work() instanceof RequestWork work && !work.path().equals("/warm"))
        .toList();
  }
}
