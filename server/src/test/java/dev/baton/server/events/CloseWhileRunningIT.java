package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.CloseLater;
import dev.baton.server.events.Stage.Held;
import dev.baton.server.logging.LogCapture;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A handler that runs when its server is closed answers, as on stock Vert.x, whose loop closes
 * nothing before it has returned; also one that was not begun by its connection.
 */
@Timeout(90)
final class CloseWhileRunningIT {
  /** How the handler comes to run. */
  enum Way {
    INLINE,
    /** No standby was left when it came. */
    HELD_BACK,
    /** A policy decides what runs next. */
    QUEUED,
    /** On a thread that may block. */
    AHEAD
  }

  /** Who closes. */
  enum Close {
    SERVER,
    /** Gives its connections time. */
    SHUTDOWN,
    DEPLOYMENT,
    VERTX,
    /** The handler, which waits until it is done. */
    HANDLER
  }

  private static final int TIMES_TO_LEARN = 80;

  private final Vertx clients = Vertx.vertx();
  private @Nullable HttpClient client;

  static List<Arguments> ways() {
    List<Arguments> all = new ArrayList<>();
    for (Way way : Way.values()) {
      boolean isDecided =
          way == Way.QUEUED || way == Way.AHEAD; // by whom it is closed is no matter
      for (Close close : isDecided ? new Close[] {Close.SERVER} : Close.values()) {
        for (HttpVersion version : List.of(HttpVersion.HTTP_1_1, HttpVersion.HTTP_2)) {
          Arrays.stream(Host.values())
              .filter(host -> host != Host.STOCK || (way == Way.INLINE && close != Close.HANDLER))
              .filter(host -> host != Host.PINNED || way == Way.INLINE)
              .forEach(host -> all.add(Arguments.of(way, close, version, host)));
        }
      }
    }
    return all;
  }

  @AfterEach
  void end() throws Exception {
    clients.close().await(20, TimeUnit.SECONDS);
  }

  @ParameterizedTest(name = "{0}, {1}, {2} on {3}")
  @MethodSource("ways")
  void shouldAnswer(Way way, Close close, HttpVersion version, Host host) throws Exception {
    client =
        clients.createHttpClient(
            new HttpClientOptions().setProtocolVersion(version).setHttp2ClearTextUpgrade(false));
    var options = new BatonOptions().setStartAhead(way == Way.AHEAD);
    if (way == Way.HELD_BACK) {
      options.getScheduler().setMinStandbys(1).setMaxStandbys(1);
    } else if (way == Way.QUEUED) {
      options.getScheduler().setPolicy("shinjuku");
    }
    try (Stage outer = new Stage(host, 20);
        Stage stage = outer.with(new VertxOptions(), options)) {
      Held first = stage.held();
      Held held = stage.held();
      var service =
          stage.serve(
              new HttpServerOptions(),
              server -> server.requestHandler(request -> handle(request, server, first, held)));
      int port = service.port();
      CompletableFuture<String> before = null;
      if (way == Way.AHEAD) {
        for (int i = 0; i < TIMES_TO_LEARN; i++) {
          assertThat(get(port, "/held/before").get(20, TimeUnit.SECONDS)).isEqualTo("answered");
        }
      } else if (way == Way.HELD_BACK) {
        before = get(port, "/first");
        first.awaitEntered();
        stage.settle(() -> Baton.scheduler(stage.vertx).poolSnapshots().getFirst().exhausted());
      }
      CompletableFuture<String> answer =
          get(port, close == Close.HANDLER ? "/closes" : "/held/now");
      if (before != null) {
        TimeUnit.MILLISECONDS.sleep(100); // it is held back
        first.release();
        assertThat(before.get(20, TimeUnit.SECONDS)).isEqualTo("answered");
      }
      assertThat(close == Close.HANDLER || held.awaitEntered()).isTrue();

      var _ =
          switch (close) {
            case SERVER -> service.server().close();
            case SHUTDOWN -> service.server().shutdown(20, TimeUnit.SECONDS);
            case DEPLOYMENT -> stage.vertx.undeploy(service.id());
            case VERTX -> stage.vertx.close();
            case HANDLER -> null;
          };
      TimeUnit.MILLISECONDS.sleep(100);
      held.release();

      if (close == Close.HANDLER) { // whatever comes of it, nobody hangs
        assertThat(answer.handle((text, lost) -> "over").get(20, TimeUnit.SECONDS))
            .isEqualTo("over");
      } else {
        assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo("answered");
      }
    }
  }

  /** The close of the server waits for the handler; meanwhile the pipeline is taken apart. */
  @Test
  void shouldFailNothingForAClientThatIsGoneByThen() throws Exception {
    client =
        clients.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    try (Stage stage = new Stage(Host.PER_REQUEST, 20);
        LogCapture loops = LogCapture.of("dev.baton.scheduler.loop.TransferableEventLoop")) {
      Held held = stage.held();
      var connection = new CompletableFuture<Channel>();
      var service =
          stage.serve(
              new HttpServerOptions(),
              server ->
                  server.requestHandler(
                      request -> {
                        connection.complete(((ConnectionBase) request.connection()).channel());
                        held.hold();
                        request.response().end();
                      }));
      var _ = get(service.port(), "/");
      assertThat(held.awaitEntered()).isTrue();
      Channel channel = connection.get(20, TimeUnit.SECONDS);

      Future<Void> closed = service.server().close();
      stage.settle(() -> channel.pipeline().get(CloseLater.class) != null);
      client.close().await(20, TimeUnit.SECONDS);
      stage.settle(() -> !channel.isRegistered());
      held.release();

      closed.await(20, TimeUnit.SECONDS);
      var loop = (ChannelLoop) channel.eventLoop();
      stage.settle(() -> !loop.callbacks().isAny());
      loop.submit(() -> {}).get(20, TimeUnit.SECONDS); // behind what waited for the callbacks
      assertThat(loops.messages()).isEmpty();
    }
  }

  private static void handle(HttpServerRequest request, HttpServer server, Held first, Held held) {
    request.routed(request.path().startsWith("/held/") ? "/held/:when" : request.path());
    switch (request.path()) {
      case "/first" -> first.hold();
      case "/held/before" -> sleep();
      case "/held/now" -> held.hold();
      default -> server.close().await();
    }
    request.response().end("answered");
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(4);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletableFuture<String> get(int port, String path) {
    return Objects.requireNonNull(client)
        .request(HttpMethod.GET, port, "127.0.0.1", path)
        .compose(request -> request.send().compose(HttpClientResponse::body))
        .map(Buffer::toString)
        .toCompletionStage()
        .toCompletableFuture();
  }
}
