package io.vertx.core.impl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.net.NetClientInternal;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where one learns of connections that are made in one context. */
@Timeout(60)
final class PoolContextTest {
  private final BatonVertx vertx =
      (BatonVertx) Baton.vertx(new VertxOptions().setEventLoopPoolSize(1), new BatonOptions());
  private PoolContext context;
  private int port;

  @BeforeEach
  void listen() {
    TransferableEventLoop loop = vertx.scheduler().eventLoopGroup().loops().getFirst();
    context = new PoolContext(vertx.createEventLoopContext(), loop);
    port = vertx.createNetServer().connectHandler(_ -> {}).listen(0).await().actualPort();
  }

  @AfterEach
  void close() {
    vertx.close().await();
  }

  @Test
  void shouldTellOfAConnectionInsideItsChannel() throws Exception {
    Promise<NetSocket> connected = context.promise();
    CompletableFuture<@Nullable ChannelLoop> told = toldIn(connected.future());

    connect(connected);

    NetSocket socket = connected.future().await(10, TimeUnit.SECONDS);
    assertThat(told.get(10, TimeUnit.SECONDS)).isSameAs(channelOf(socket));
  }

  /** A thread outside of the loop may ask for the connection when that is there. */
  @Test
  void shouldTellALateListenerInsideTheChannel() throws Exception {
    NetSocket socket = socket();

    CompletableFuture<@Nullable ChannelLoop> told = toldIn(known(socket));

    assertThat(told.get(10, TimeUnit.SECONDS)).isSameAs(channelOf(socket));
  }

  @Test
  void shouldTellALateListenerOfAnotherConnectionInsideTheChannel() throws Exception {
    NetSocket socket = socket();
    Future<NetSocket> known = known(socket);
    var asked = new CompletableFuture<CompletableFuture<@Nullable ChannelLoop>>();

    channelOf(socket()).execute(() -> context.dispatch(() -> asked.complete(toldIn(known))));

    CompletableFuture<@Nullable ChannelLoop> told = asked.get(10, TimeUnit.SECONDS);
    assertThat(told.get(10, TimeUnit.SECONDS)).isSameAs(channelOf(socket));
  }

  private static CompletableFuture<@Nullable ChannelLoop> toldIn(Future<NetSocket> future) {
    var channel = new CompletableFuture<@Nullable ChannelLoop>();
    Future<NetSocket> _ = future.onSuccess(_ -> channel.complete(ChannelLoop.current()));
    return channel;
  }

  private Future<NetSocket> known(NetSocket socket) {
    Promise<NetSocket> known = context.promise();
    known.complete(socket);
    return known.future();
  }

  private NetSocket socket() throws Exception {
    Promise<NetSocket> connected = context.promise();
    connect(connected);
    return connected.future().await(10, TimeUnit.SECONDS);
  }

  private void connect(Promise<NetSocket> connected) {
    var client = (NetClientInternal) vertx.createNetClient();
    client.connectInternal(
        new ConnectOptions().setHost("localhost").setPort(port), connected, context);
  }

  private static EventLoop channelOf(NetSocket socket) {
    return ((ConnectionBase) socket).channel().eventLoop();
  }
}
