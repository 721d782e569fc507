package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.events.Stage.Held;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What has been answered goes out, whatever blocks the context next. */
@Timeout(90)
final class AnswerBeforeNextTest {
  private static final int PATIENCE_MILLIS = 10_000;

  /** The end of the first request is told behind the second one, which waited before it. */
  @ParameterizedTest
  @EnumSource
  void shouldSendAnAnswerBeforeTheNextHandlerReturns(Host host) throws Exception {
    try (Stage stage = new Stage(host, 20)) {
      Held first = stage.held();
      Held second = stage.held();
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        request.endHandler(_ -> {});
                        (request.path().equals("/1") ? first : second).hold();
                        request.response().end("answered");
                      }));
      try (Wire one = new Wire(port).timeout(PATIENCE_MILLIS).get("/1")) {
        first.awaitEntered();
        try (Wire two = new Wire(port).timeout(PATIENCE_MILLIS).get("/2")) {
          TimeUnit.MILLISECONDS.sleep(100); // it is behind the first one
          first.release();

          assertThat(one.response()).isEqualTo("answered");

          second.release();
          assertThat(two.response()).isEqualTo("answered");
        }
      }
    }
  }

  /** Who answers is another thread, while a callback of the request waits for its context. */
  @ParameterizedTest
  @EnumSource
  void shouldSendAnAnswerThatComesWhileACallbackOfItsConnectionWaits(Host host) throws Exception {
    try (Stage stage = new Stage(host, 20)) {
      Held first = stage.held();
      Held second = stage.held();
      var answer = new CompletableFuture<HttpServerResponse>();
      int port =
          stage.serve(server -> server.requestHandler(r -> handle(r, first, second, answer)));
      try (Wire one = new Wire(port).timeout(PATIENCE_MILLIS).get("/1")) {
        first.awaitEntered();
        try (Wire two = new Wire(port).timeout(PATIENCE_MILLIS).get("/2")) {
          TimeUnit.MILLISECONDS.sleep(100);
          first.release();
          if (host != Host.STOCK && host != Host.PINNED) {
            second.awaitEntered();
          }
          answer.get(10, TimeUnit.SECONDS).end("answered");
          if (host == Host.STOCK || host == Host.PINNED) {
            second.release(); // nothing is written before
          }

          assertThat(one.response()).isEqualTo("answered");

          second.release();
          assertThat(two.response()).isEqualTo("answered");
        }
      }
    }
  }

  private static void handle(
      HttpServerRequest request,
      Held first,
      Held second,
      CompletableFuture<HttpServerResponse> answer) {
    request.endHandler(_ -> {});
    if (request.path().equals("/1")) {
      first.hold();
      answer.complete(request.response());
    } else {
      second.hold();
      request.response().end("answered");
    }
  }
}
