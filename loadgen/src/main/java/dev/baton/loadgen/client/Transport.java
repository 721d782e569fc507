package dev.baton.loadgen.client;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.values.Origin;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Opens sockets: epoll where there is epoll, NIO elsewhere; TLS for https. */
final class Transport {
  private static final boolean EPOLL = Epoll.isAvailable();

  private final IoEventLoop loop;
  private final LoadOptions options;
  private @Nullable SslContext sslContext;

  Transport(IoEventLoop loop, LoadOptions options) {
    this.loop = loop;
    this.options = options;
  }

  static IoHandlerFactory handlerFactory() {
    return EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
  }

  /** What opens connections to an origin, for requests of a mix that share them. */
  BiConsumer<ConnectionPool, Connection> connector(Origin origin, RequestSpec spec) {
    var ssl = origin.secure() ? sslContext() : null;
    var socket = options.getNetwork().getUnixSocket();
    var bootstrap = new Bootstrap().group(loop).option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0);
    Addresses addresses;
    if (socket == null) {
      bootstrap
          .channel(EPOLL ? EpollSocketChannel.class : NioSocketChannel.class)
          .option(ChannelOption.TCP_NODELAY, true);
      addresses = resolve(options.getNetwork().target(origin));
    } else if (EPOLL) {
      bootstrap.channel(EpollDomainSocketChannel.class);
      addresses = new Addresses(List.of(new DomainSocketAddress(socket.toFile())));
    } else {
      bootstrap.channel(NioDomainSocketChannel.class);
      addresses = new Addresses(List.of(UnixDomainSocketAddress.of(socket)));
    }
    String sni = options.getNetwork().getServerName();
    boolean http2 = options.getProtocol() == Protocol.HTTP2;
    return (pool, connection) ->
        connect(
            bootstrap.clone(),
            addresses,
            0,
            connection,
            ssl == null ? null : alloc -> Tls.handler(ssl, alloc, origin, sni),
            options.getDepth() > 1,
            pipeline -> {
              if (origin.webSocket()) {
                WebSocketSession.install(pipeline, connection, spec);
              } else if (origin.events()) {
                EventStreamSession.install(pipeline, connection, ssl != null);
              } else if (http2) {
                Http2Session.install(pipeline, connection);
              } else {
                Http1Session.install(pipeline, connection, ssl != null);
              }
            });
  }

  /** Where an origin is, the one that answered last first. */
  private static final class Addresses {
    final List<SocketAddress> all;
    int preferred;

    Addresses(List<SocketAddress> all) {
      this.all = all;
    }
  }

  /**
   * Opens a connection.
   *
   * @param tls what speaks TLS on it, or null
   * @param consolidate whether requests that are sent while answers are read leave together: one
   *     system call for all that an answer to many streams lets go
   * @param session adds what speaks HTTP
   */
  private static void connect(
      Bootstrap bootstrap,
      Addresses addresses,
      int attempt,
      Connection connection,
      @Nullable Function<ByteBufAllocator, SslHandler> tls,
      boolean consolidate,
      Consumer<ChannelPipeline> session) {
    int index = (addresses.preferred + attempt) % addresses.all.size();
    var future =
        bootstrap
            .remoteAddress(addresses.all.get(index))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    var pipeline = channel.pipeline();
                    if (tls != null) {
                      pipeline.addLast(tls.apply(channel.alloc()));
                    }
                    if (consolidate) {
                      pipeline.addLast(new FlushConsolidationHandler());
                    }
                    session.accept(pipeline);
                  }
                })
            .connect();
    connection.onAbort(
        () -> {
          var _ = future.channel().close();
        });
    var _ =
        future.addListener(
            (ChannelFutureListener)
                f -> {
                  if (f.isSuccess()) {
                    addresses.preferred = index;
                  } else if (attempt + 1 < addresses.all.size() && connection.connecting()) {
                    connect(
                        bootstrap, addresses, attempt + 1, connection, tls, consolidate, session);
                  } else {
                    var cause = f.cause();
                    connection.failed(cause == null ? "cancelled" : Connection.describe(cause));
                    connection.closed("connection failed");
                  }
                });
  }

  private static Addresses resolve(InetSocketAddress target) {
    try {
      var all = new ArrayList<SocketAddress>();
      for (var address : InetAddress.getAllByName(target.getHostString())) {
        all.add(new InetSocketAddress(address, target.getPort()));
      }
      return new Addresses(all);
    } catch (UnknownHostException e) {
      throw new UncheckedIOException("unknown host '" + target.getHostString() + "'", e);
    }
  }

  private SslContext sslContext() {
    if (sslContext == null) {
      sslContext = Tls.clientContext(options);
    }
    return sslContext;
  }
}
