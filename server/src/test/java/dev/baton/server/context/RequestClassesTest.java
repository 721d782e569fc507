package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.server.Baton;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a policy that orders requests is told of each, before its handler has begun. */
@Timeout(60)
final class RequestClassesTest {
  /** How long a proxy waits for an answer, in milliseconds. */
  private static final String EXPECTED_WITHIN = "x-envoy-expected-rq-timeout-ms";

  /** Notes how long from now each class of requests has. */
  private static final class Noting implements SchedulingPolicy {
    private final Map<Integer, Long> nanosLeft = new ConcurrentHashMap<>();

    @Override
    public String name() {
      return "noting";
    }

    @Override
    public boolean queuesHandlers() {
      return true;
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      nanosLeft.put(
          handlerClass, deadlineNanos == NO_DEADLINE ? NO_DEADLINE : deadlineNanos - nowNanos);
      return loop;
    }
  }

  private static void get(HttpClient client, HttpServer server, String uri, String within) {
    String answer =
        client
            .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", uri)
            .compose(
                request ->
                    request
                        .putHeader(EXPECTED_WITHIN, within)
                        .send()
                        .compose(HttpClientResponse::body))
            .await()
            .toString();
    assertThat(answer).isEqualTo("here");
  }

  @ParameterizedTest
  @EnumSource(
      value = HttpVersion.class,
      names = {"HTTP_1_1", "HTTP_2"})
  void shouldNameTheClassAndTheDeadlineOfEachRequest(HttpVersion version) {
    Vertx vertx = Baton.vertx();
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.response().end("here"))
            .listen(0, "127.0.0.1")
            .await();
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions().setProtocolVersion(version).setHttp2ClearTextUpgrade(false));
    Enclave enclave = Baton.scheduler(vertx).enclave();
    var policy = new Noting();
    enclave.install(policy);

    get(client, server, "/orders/17?x=1", "60000");
    get(client, server, "/unhurried", "soon");
    vertx.close().await();

    assertThat(enclave.policyFaults()).isZero();
    assertThat(policy.nanosLeft).hasSize(2);
    policy.nanosLeft.forEach(
        (handlerClass, nanos) -> {
          if (enclave.classes().name(handlerClass).equals("GET /orders/*")) {
            assertThat(nanos).isBetween(1L, TimeUnit.SECONDS.toNanos(60));
          } else {
            assertThat(enclave.classes().name(handlerClass)).isEqualTo("GET /unhurried");
            assertThat(nanos).isEqualTo(SchedulingPolicy.NO_DEADLINE);
          }
        });
  }

  @Test
  void shouldNotKeepEveryMethodThatClientsInvent() {
    var classes = new RequestClasses(new HandlerClasses());

    for (int n = 0; n < 1_000; n++) {
      classes.away(new RequestWork("M" + n, "/", "/", null, false, 0), true, 1);
    }

    assertThat(classes.methods()).isLessThanOrEqualTo(64);
  }
}
