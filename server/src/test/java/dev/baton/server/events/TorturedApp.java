package dev.baton.server.events;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetSocket;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Echoes requests, messages and what comes through a CONNECT, and falls asleep in callbacks of
 * every kind. Counts callbacks that run beside another one of their context, or not on it.
 */
final class TorturedApp extends VerticleBase {
  private static final int MAX_SLEEP_NANOS = 3_000_000;
  private static final ThreadLocal<@Nullable AtomicInteger> RUNNING = new ThreadLocal<>();

  final AtomicLong callbacks = new AtomicLong();
  final AtomicLong overlaps = new AtomicLong();
  final AtomicLong strangers = new AtomicLong();

  private final KeyCertOptions certificate;
  private final boolean perRequest;
  private final AtomicInteger inside = new AtomicInteger();
  private volatile @Nullable HttpServer plain;
  private volatile @Nullable HttpServer secure;

  /**
   * @param perRequest whether callbacks of several requests may run at once
   */
  TorturedApp(KeyCertOptions certificate, boolean perRequest) {
    this.certificate = certificate;
    this.perRequest = perRequest;
  }

  int port(boolean tls) {
    return Objects.requireNonNull(tls ? secure : plain, "not deployed").actualPort();
  }

  @Override
  public Future<?> start() {
    HttpServer first = server(new HttpServerOptions());
    HttpServer second =
        server(
            new HttpServerOptions().setSsl(true).setUseAlpn(true).setKeyCertOptions(certificate));
    plain = first;
    secure = second;
    return Future.all(first.listen(0, "127.0.0.1"), second.listen(0, "127.0.0.1"));
  }

  private HttpServer server(HttpServerOptions options) {
    return vertx
        .createHttpServer(options)
        .connectionHandler(this::connected)
        .webSocketHandler(this::webSocket)
        .requestHandler(this::request);
  }

  private void connected(HttpConnection connection) {
    var guard = new Guard();
    guard.run(() -> maySleep(16));
    connection.closeHandler(v -> guard.run(() -> maySleep(16)));
    if (ThreadLocalRandom.current().nextInt(4) == 0) {
      ((HttpServerConnection) connection)
          .channelHandlerContext()
          .pipeline()
          .addFirst(new SleepingHandler());
    }
  }

  private void request(HttpServerRequest request) {
    var guard = new Guard();
    guard.run(() -> handle(request, guard));
  }

  private void handle(HttpServerRequest request, Guard guard) {
    HttpServerResponse response = request.response();
    request.exceptionHandler(t -> guard.run(() -> maySleep(2)));
    response.exceptionHandler(t -> guard.run(() -> maySleep(2)));
    response.closeHandler(v -> guard.run(() -> maySleep(8)));
    response.headersEndHandler(v -> guard.run(() -> maySleep(8)));
    response.bodyEndHandler(v -> guard.run(() -> maySleep(8)));
    maySleep(4);
    if (request.path().startsWith("/socket")) {
      request.toNetSocket().onSuccess(socket -> guard.run(() -> socket(socket, guard)));
      return;
    }
    if (ThreadLocalRandom.current().nextBoolean()) {
      response.setChunked(true);
      request.handler(
          data ->
              guard.run(
                  () -> {
                    maySleep(8);
                    response.write(data);
                  }));
      request.endHandler(v -> guard.run(() -> response.end()));
      return;
    }
    Buffer body = Buffer.buffer();
    request.handler(
        data ->
            guard.run(
                () -> {
                  maySleep(8);
                  body.appendBuffer(data);
                }));
    request.endHandler(
        v ->
            guard.run(
                () -> {
                  maySleep(8);
                  if (ThreadLocalRandom.current().nextBoolean()) {
                    response.end(body);
                  } else {
                    vertx.setTimer(1, fired -> guard.run(() -> response.end(body)));
                  }
                }));
  }

  private static void socket(NetSocket socket, Guard guard) {
    socket.handler(
        data ->
            guard.run(
                () -> {
                  maySleep(8);
                  socket.write(data);
                }));
    socket.endHandler(v -> guard.run(() -> maySleep(4)));
    socket.closeHandler(v -> guard.run(() -> maySleep(4)));
  }

  private void webSocket(ServerWebSocket socket) {
    var guard = new Guard();
    guard.run(
        () -> {
          maySleep(4);
          socket.textMessageHandler(
              text ->
                  guard.run(
                      () -> {
                        maySleep(8);
                        socket.writeTextMessage(text);
                      }));
          socket.exceptionHandler(t -> guard.run(() -> maySleep(4)));
          socket.closeHandler(v -> guard.run(() -> maySleep(4)));
        });
  }

  private static void maySleep(int oneOf) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    if (random.nextInt(oneOf) == 0) {
      LockSupport.parkNanos(random.nextInt(MAX_SLEEP_NANOS));
    }
  }

  /** Sees that the callbacks of one context do not run at once, and run on it. */
  private final class Guard {
    private final AtomicInteger entered = perRequest ? new AtomicInteger() : inside;

    /** Callbacks that Vert.x calls from within another one are part of it. */
    void run(Runnable code) {
      callbacks.incrementAndGet();
      AtomicInteger outer = RUNNING.get();
      boolean nested = outer == entered;
      if (!nested && entered.incrementAndGet() > 1) {
        overlaps.incrementAndGet();
      }
      Context current = Vertx.currentContext();
      if (current == null || !Objects.equals(current.deploymentID(), context.deploymentID())) {
        strangers.incrementAndGet();
      }
      RUNNING.set(entered);
      try {
        code.run();
      } finally {
        RUNNING.set(outer);
        if (!nested) {
          entered.decrementAndGet();
        }
      }
    }
  }

  /** A handler of Netty's that falls asleep below everything that Vert.x does. */
  private static final class SleepingHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext channel, Object message) {
      maySleep(8);
      channel.fireChannelRead(message);
    }
  }
}
