package dev.baton.server.events;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One {@code Vertx} with one event loop, on which a row of the table is played. */
final class Stage implements AutoCloseable {
  /**
   * How long a callback that waits for others to be served waits, and how long all else may take.
   */
  private final int holdSeconds;

  private boolean bounded;

  final Host host;
  final Vertx vertx;

  Stage(Host host, int holdSeconds) {
    this(host, holdSeconds, new VertxOptions(), new BatonOptions());
  }

  private Stage(Host host, int holdSeconds, VertxOptions vertx, BatonOptions baton) {
    this.host = host;
    this.holdSeconds = holdSeconds;
    this.vertx = host.vertx(vertx.setEventLoopPoolSize(1), baton);
    if (host != Host.STOCK && Baton.scheduler(this.vertx).isTakeover()) {
      awaitStandbys(); // what comes before is held back, and dropped if its client leaves
    }
  }

  private void awaitStandbys() {
    try {
      settle(Stage::isAStandbyWaiting);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isAStandbyWaiting() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Stream::of)
        .anyMatch(
            frame ->
                frame.getClassName().endsWith(".StandbyPool")
                    && frame.getMethodName().equals("await"));
  }

  /** Another one of the same host, with other options. */
  Stage with(VertxOptions vertxOptions, BatonOptions batonOptions) {
    return new Stage(host, holdSeconds, vertxOptions, batonOptions);
  }

  /** A verticle with a server; returns its port. */
  int serve(Consumer<HttpServer> handlers) {
    return serve(new HttpServerOptions(), handlers).port();
  }

  Service serve(HttpServerOptions options, Consumer<HttpServer> handlers) {
    var service = new Service(options, (server, context) -> handlers.accept(server));
    service.id = vertx.deployVerticle(service).await();
    return service;
  }

  /** Runs {@code code} on the context of a verticle of its own. */
  <T> T inVerticle(Function<Vertx, Future<T>> code) throws TimeoutException {
    var verticle =
        new VerticleBase() {
          @Nullable Future<T> result;

          @Override
          public Future<?> start() {
            result = code.apply(vertx);
            return result;
          }
        };
    vertx.deployVerticle(verticle).await(60, TimeUnit.SECONDS);
    return Objects.requireNonNull(verticle.result).result();
  }

  Held held() {
    return new Held(holdSeconds);
  }

  /** How long an answer may take. */
  int patienceMillis() {
    return holdSeconds * 1_000;
  }

  /** Waits until {@code condition} holds, as long as patience lasts, and is silent about either. */
  void settle(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < patienceMillis() / 10 && !condition.getAsBoolean(); i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** Leaves what does not close in time; a stock client that has thrown does not. */
  void mayNotClose() {
    bounded = true;
  }

  @Override
  public void close() {
    Future<Void> closed = vertx.close();
    try {
      closed.await(bounded ? 1 : 20, TimeUnit.SECONDS);
    } catch (TimeoutException open) {
      if (!bounded) {
        throw new IllegalStateException("vertx.close() does not complete", open);
      }
    }
  }

  /** A verticle that serves HTTP. */
  static final class Service extends VerticleBase {
    private final HttpServerOptions options;
    private final BiConsumer<HttpServer, Context> handlers;
    private volatile @Nullable HttpServer server;
    private volatile @Nullable String id;

    Service(HttpServerOptions options, BiConsumer<HttpServer, Context> handlers) {
      this.options = options;
      this.handlers = handlers;
    }

    @Override
    public Future<?> start() {
      HttpServer made = vertx.createHttpServer(options);
      handlers.accept(made, context);
      return made.listen(0, "127.0.0.1").onSuccess(listening -> server = listening);
    }

    int port() {
      return server().actualPort();
    }

    HttpServer server() {
      return Objects.requireNonNull(server, "not deployed");
    }

    String id() {
      return Objects.requireNonNull(id, "not deployed");
    }
  }

  /** A callback that stays until somebody else was served, or too long. */
  static final class Held {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private final int seconds;

    private Held(int seconds) {
      this.seconds = seconds;
    }

    void hold() {
      entered.countDown();
      try {
        boolean _ = released.await(seconds, TimeUnit.SECONDS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    boolean awaitEntered() throws InterruptedException {
      return entered.await(20, TimeUnit.SECONDS);
    }

    void release() {
      released.countDown();
    }

    /** Whether another server answers while this callback stays. */
    boolean letsAnswer(int port) throws Exception {
      try (Wire wire = new Wire(port).timeout(Math.max(1, seconds - 1) * 1_000)) {
        if (!awaitEntered()) {
          throw new IllegalStateException("the callback that was to be held has not been called");
        }
        return wire.get("/fast").response().equals("fast");
      } catch (SocketTimeoutException stuck) {
        return false;
      } finally {
        release();
      }
    }
  }
}
