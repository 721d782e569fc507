package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.SelfSigned;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.NetServerOptions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is read in one go comes in a row, as in stock, also to a context in which others always
 * wait.
 */
@Timeout(60)
final class PiecesTest {
  private static final int BYTES = 512 * 1024;
  private static final int IN_A_ROW = 4;

  private final List<Vertx> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(vertx -> vertx.close().await());
  }

  /** Pinned contexts are stock ones. */
  static Set<Host> hosts() {
    return EnumSet.complementOf(EnumSet.of(Host.PINNED));
  }

  private Vertx open(Host host) {
    Vertx vertx = host.vertx();
    opened.add(vertx);
    return vertx;
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void shouldDeliverABodyInARow(Host host) throws Exception {
    Vertx vertx = open(host);
    Busy busy = new Busy(vertx);
    int port =
        busy.listen(
            vertx
                .createHttpServer()
                .requestHandler(
                    request -> request.handler(busy::piece).endHandler(_ -> busy.end())));

    try (var wire = new Wire(port)) {
      wire.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: " + BYTES + "\r\n\r\n");
      wire.send(new byte[BYTES]);

      assertThat(busy.mostInARow()).isGreaterThanOrEqualTo(IN_A_ROW);
    }
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void shouldDeliverAResponseInARow(Host host) throws Exception {
    Vertx vertx = open(host);
    Busy busy = new Busy(vertx);
    int port =
        open(Host.STOCK)
            .createHttpServer()
            .requestHandler(request -> request.response().end(Buffer.buffer(new byte[BYTES])))
            .listen(0, "localhost")
            .await()
            .actualPort();
    var client =
        vertx.createHttpClient(new HttpClientOptions().setDefaultPort(port).setMaxChunkSize(256));

    String _ =
        busy.in(
            () -> {
              Future<HttpClientResponse> _ =
                  client
                      .request(HttpMethod.GET, "/")
                      .compose(request -> request.send())
                      .onSuccess(
                          response -> response.handler(busy::piece).endHandler(_ -> busy.end()));
              return Future.succeededFuture("asked");
            });

    assertThat(busy.mostInARow()).isGreaterThanOrEqualTo(IN_A_ROW);
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void shouldDeliverFramesInARow(Host host) throws Exception {
    Vertx vertx = open(host);
    Busy busy = new Busy(vertx);
    int port =
        busy.listen(
            vertx
                .createHttpServer()
                .webSocketHandler(
                    socket ->
                        socket
                            .textMessageHandler(text -> busy.piece(Buffer.buffer(text)))
                            .closeHandler(_ -> busy.end())));

    try (var wire = new Wire(port)) {
      wire.upgrade("/");
      assertThat(wire.head()).contains("101");
      byte[][] frames = new byte[500][];
      for (int i = 0; i < frames.length; i++) {
        frames[i] = Wire.textFrame("x");
      }
      wire.send(Wire.join(frames)).send(Wire.closeFrame());

      assertThat(busy.mostInARow()).isGreaterThanOrEqualTo(IN_A_ROW);
    }
  }

  /** A record of TLS is at most 16 KiB; several come in one read. */
  @ParameterizedTest
  @MethodSource("hosts")
  void shouldDeliverRecordsInARow(Host host) throws Exception {
    Vertx vertx = open(host);
    Busy busy = new Busy(vertx);
    int port =
        busy.in(
            () ->
                vertx
                    .createNetServer(
                        new NetServerOptions()
                            .setSsl(true)
                            .setUseAlpn(true)
                            .setKeyCertOptions(SelfSigned.CERTIFICATE))
                    .connectHandler(
                        socket -> socket.handler(busy::piece).closeHandler(_ -> busy.end()))
                    .listen(0, "localhost")
                    .map(server -> server.actualPort()));

    try (var wire = Wire.bind("127.0.0.1")) {
      wire.connect(port, "http/1.1");
      for (int i = 0; i < 2_000; i++) {
        wire.send(new byte[100]); // a record each
      }
    }

    assertThat(busy.mostInARow()).isGreaterThanOrEqualTo(IN_A_ROW);
  }

  /** A context with a callback that sleeps, and is there again when it has run; counts pieces. */
  private static final class Busy {
    private final Vertx vertx;
    private final CompletableFuture<Integer> most = new CompletableFuture<>();

    // Written in the context
    private int row;
    private int longest;

    Busy(Vertx vertx) {
      this.vertx = vertx;
    }

    /** What a verticle has asked for, whose context is busy from then on. */
    <T> T in(Supplier<Future<T>> ask) {
      Promise<T> answer = Promise.promise();
      vertx
          .deployVerticle(
              new VerticleBase() {
                @Override
                public Future<?> start() {
                  return ask.get()
                      .onComplete(answer)
                      .onComplete(_ -> context.runOnContext(again(context)));
                }
              })
          .await();
      return answer.future().await();
    }

    /** Its port. */
    int listen(HttpServer server) {
      return in(() -> server.listen(0, "localhost").map(HttpServer::actualPort));
    }

    private Handler<Void> again(Context context) {
      return _ -> {
        row = 0;
        try {
          Thread.sleep(2);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        if (!most.isDone()) {
          context.runOnContext(again(context));
        }
      };
    }

    void piece(Buffer piece) {
      longest = Math.max(longest, ++row);
    }

    void end() {
      most.complete(longest);
    }

    int mostInARow() throws Exception {
      return most.get(30, TimeUnit.SECONDS);
    }
  }
}
