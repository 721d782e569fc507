package io.vertx.core.impl;

import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.server.context.FlushBehindTasks;
import dev.baton.server.context.InboundGate;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.CleanableHttpServer;
import io.vertx.core.http.impl.HttpServerBuilderImpl;
import io.vertx.core.http.impl.http1.Http1ServerConnection;
import io.vertx.core.http.impl.tcp.TcpHttpServer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.net.SSLEngineOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Stock Vert.x's HTTP server; its connections get contexts of their own, and a gate. */
final class BatonHttpServer extends TcpHttpServer {
  private final BatonVertx vertx;

  private BatonHttpServer(
      BatonVertx vertx,
      HttpServerConfig config,
      @Nullable ServerSSLOptions sslOptions,
      @Nullable SSLEngineOptions engineOptions,
      boolean registerWebSocketWriteHandlers) {
    super(vertx, config, sslOptions, engineOptions, null, registerWebSocketWriteHandlers);
    this.vertx = vertx;
    HttpServer _ = super.connectionHandler(connection -> connected(connection, null));
  }

  /** Makes such servers; stock ones where HTTP/3 is asked for. */
  static final class Builder extends HttpServerBuilderImpl {
    private final BatonVertx vertx;
    private HttpServerConfig config = new HttpServerConfig();
    private @Nullable ServerSSLOptions sslOptions;
    private @Nullable SSLEngineOptions engineOptions;
    private @Nullable Handler<HttpConnection> connectHandler;
    private boolean registerWebSocketWriteHandlers;

    Builder(BatonVertx vertx) {
      super(vertx);
      this.vertx = vertx;
    }

    @Override
    public HttpServerBuilderImpl with(HttpServerConfig config) {
      this.config = config;
      return super.with(config);
    }

    @Override
    public HttpServerBuilderImpl with(@Nullable ServerSSLOptions options) {
      sslOptions = options;
      return super.with(options);
    }

    @Override
    public HttpServerBuilderImpl with(@Nullable SSLEngineOptions engine) {
      engineOptions = engine;
      return super.with(engine);
    }

    @Override
    public HttpServerBuilderImpl registerWebSocketWriteHandlers(boolean register) {
      registerWebSocketWriteHandlers = register;
      return super.registerWebSocketWriteHandlers(register);
    }

    @Override
    public HttpServerBuilderImpl withConnectHandler(@Nullable Handler<HttpConnection> handler) {
      connectHandler = handler;
      return super.withConnectHandler(handler);
    }

    @Override
    public HttpServer build() {
      if (config.getVersions().isEmpty() || config.getVersions().contains(HttpVersion.HTTP_3)) {
        return super.build();
      }
      HttpServer server =
          new CleanableHttpServer(
              vertx,
              new BatonHttpServer(
                  vertx,
                  // Strict: the context's thread writes plain fields of the connection. Here it
                  // need not be the one inside its channel.
                  new HttpServerConfig(config).setStrictThreadMode(false),
                  sslOptions == null ? null : sslOptions.copy(),
                  engineOptions,
                  registerWebSocketWriteHandlers));
      return connectHandler == null ? server : server.connectionHandler(connectHandler);
    }
  }

  @Override
  public synchronized HttpServer connectionHandler(@Nullable Handler<HttpConnection> handler) {
    return super.connectionHandler(connection -> connected(connection, handler));
  }

  @Override
  public synchronized Future<HttpServer> listen(ContextInternal context, SocketAddress address) {
    return super.listen(vertx.listening(context), address);
  }

  /**
   * What has reached the process is taken in first, if there is time to answer it: connections that
   * have no request under way are closed.
   */
  @Override
  public Future<Void> shutdown(Duration timeout) {
    if (!timeout.isPositive() || isClosed()) {
      return super.shutdown(timeout);
    }
    PromiseInternal<Void> promise = vertx.getOrCreateContext().promise();
    vertx.takeIn(() -> super.shutdown(timeout).onComplete(promise));
    return promise.future();
  }

  /** A connection has been made; it has had no message yet. Inside its channel. */
  private static void connected(
      HttpConnection connection, @Nullable Handler<HttpConnection> handler) {
    ConnectionBase base = (ConnectionBase) connection;
    ContextInternal context = base.context();
    if (context instanceof ConnectionContext
        && base.channel().eventLoop() instanceof ChannelLoop channel) {
      context = ConnectionContext.bind(base, channel);
      if (connection instanceof Http1ServerConnection) {
        InboundGate.open(channel, base.channelHandlerContext(), "httpDecoder");
      } else {
        InboundGate.remove(channel); // it was an upgrade
        FlushBehindTasks flush = FlushBehindTasks.in(base.channel().pipeline());
        if (handler == null) {
          channel.inbound(flush);
        } else {
          InboundGate.openUntilTheyHaveRun(channel, base.channelHandlerContext(), flush);
        }
      }
    }
    if (handler != null) {
      context.emit(connection, handler);
    }
  }
}
