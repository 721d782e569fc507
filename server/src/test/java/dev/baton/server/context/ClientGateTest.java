package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import io.netty.channel.Channel;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetClientInternal;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.tcp.NetSocketImpl;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ClientGateTest {
  /** As a pool of Vert.x does that makes an HTTP connection of the socket, late. */
  @Test
  void shouldStandBeforeASocketUntilThatHasAMessage() throws Exception {
    Vertx vertx = Baton.vertx();
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(socket -> socket.handler(socket::write))
            .listen(0, "127.0.0.1")
            .await();
    var client = (NetClientInternal) vertx.createNetClient(); // open until nobody knows it
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    PromiseInternal<NetSocket> connected = context.promise();

    client.connectInternal(
        new ConnectOptions().setHost("127.0.0.1").setPort(server.actualPort()), connected, context);
    while (!connected.future().isComplete()) {
      Thread.sleep(1);
    }
    NetSocketImpl socket = (NetSocketImpl) connected.future().result();
    Channel channel = socket.channel();
    channel.eventLoop().submit(() -> {}).sync(); // what has made it active is over
    assertThat(channel.isActive()).isTrue();
    assertThat(channel.pipeline().get(ClientGate.class)).isNotNull();

    var answered = new CountDownLatch(1);
    NetSocket _ = socket.handler(_ -> answered.countDown());
    socket.write(Buffer.buffer("hello")).await();
    answered.await();
    assertThat(channel.pipeline().get(ClientGate.class)).isNull();
    client.close().await();
    vertx.close().await();
  }
}
