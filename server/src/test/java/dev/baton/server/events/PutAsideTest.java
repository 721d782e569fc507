package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.events.Stage.Held;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests that come while no standby is left, and run when there is one. */
@Timeout(90)
final class PutAsideTest {
  private static final String TWO_REQUESTS =
      Wire.request("/later") + "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";

  @ParameterizedTest
  @EnumSource(names = {"SERIAL", "PER_REQUEST"})
  void shouldKeepWhatHasComeOfARequestBehindIt(Host host) throws Exception {
    var options = new BatonOptions().setMaxAwayPerRoute(10_000);
    options.getScheduler().setMaxStandbys(2);
    var later = new AtomicReference<HttpServerRequest>();
    var others = new ArrayList<Wire>();
    try (Stage plain = new Stage(host, 20);
        Stage stage = plain.with(new VertxOptions(), options)) {
      assumeTrue(Baton.scheduler(stage.vertx).isTakeover(), "event loops do not change hands here");
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        if (request.path().equals("/later")) {
                          later.set(request);
                        } else {
                          request.body().onSuccess(body -> request.response().end(body));
                        }
                      }));
      try (Wire wire = new Wire(port).send(TWO_REQUESTS)) {
        stage.settle(() -> later.get() != null);
        Held held = stage.held();
        for (int i = 0; i < 4; i++) {
          others.add(new Wire(stage.serve(s -> s.requestHandler(r -> held.hold()))).get("/"));
        }
        stage.settle(() -> holdsBack(stage));
        assertThat(holdsBack(stage)).isTrue();

        HttpServerResponse first = Objects.requireNonNull(later.get()).response();
        // Ended by a callback of its channel, in which the next request begins.
        first.setChunked(true).write("later").onSuccess(written -> first.end());

        assertThat(wire.anyResponse()).isEqualTo("later");
        held.release();
        assertThat(wire.response()).isEqualTo("body");
      } finally {
        for (Wire other : others) {
          other.close();
        }
      }
    }
  }

  private static boolean holdsBack(Stage stage) {
    return Baton.scheduler(stage.vertx).enclave().loopSnapshots().stream()
        .anyMatch(LoopSnapshot::holding);
  }
}
