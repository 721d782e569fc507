package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.logging.LogCapture;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients whose connection begins as one of HTTP/1.1. */
@Timeout(60)
final class ClientUpgradeTest {
  private static final int CLIENTS = 4;
  private static final int REQUESTS = 100;

  /** Asks from a context of its own. */
  private static final class Asking extends AbstractVerticle {
    private final HttpClient client;
    private final int port;
    private final int number;

    Asking(HttpClient client, int port, int number) {
      this.client = client;
      this.port = port;
      this.number = number;
    }

    private Future<Void> ask(int n) {
      String mine = "/" + number + "/" + n;
      return client
          .request(HttpMethod.GET, port, "127.0.0.1", mine)
          .compose(
              request -> request.putHeader("x-mine", mine).send().compose(HttpClientResponse::body))
          .map(
              body -> {
                assertThat(body.toString()).isEqualTo(mine + mine + HttpVersion.HTTP_2);
                return null;
              });
    }

    @Override
    public void start(Promise<Void> all) {
      List<Future<Void>> answers = new ArrayList<>();
      for (int n = 0; n < REQUESTS; n++) {
        answers.add(ask(n));
      }
      Future.all(answers).<Void>mapEmpty().onComplete(all);
    }
  }

  private static void answer(HttpServerRequest request) {
    Future<Void> _ =
        request.response().end(request.path() + request.getHeader("x-mine") + request.version());
  }

  @ParameterizedTest
  @EnumSource(ContextMode.class)
  void shouldRunAnUpgradedConnectionInItsChannel(ContextMode mode) {
    Vertx vertx = Baton.vertx(new BatonOptions().setContextMode(mode));
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(ClientUpgradeTest::answer)
            .listen(0, "127.0.0.1")
            .await();
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2),
            new PoolOptions().setHttp2MaxSize(1));

    try (LogCapture netty = LogCapture.of("io.netty");
        LogCapture stock = LogCapture.of("io.vertx")) {
      List<Future<String>> done = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        done.add(vertx.deployVerticle(new Asking(client, server.actualPort(), number)));
      }
      Future.all(done).await();
      vertx.close().await();

      assertThat(netty.messages()).isEmpty();
      assertThat(stock.messages()).isEmpty();
    }
  }
}
