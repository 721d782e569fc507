package dev.baton.loadgen.client;

import static io.netty.handler.codec.http2.Http2CodecUtil.DEFAULT_WINDOW_SIZE;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2EventAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.collection.IntObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 connection over Netty's connection handler; one stream per request. A request ends with
 * its last frame, but its place is free only when the stream is closed: until then the server's
 * limit of concurrent streams counts it.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures come back as channelInactive
final class Http2Session extends Http2EventAdapter implements HttpSession {
  // As large as h2load's: what limits a response is TCP and the server, never the generator.
  private static final int WINDOW_BYTES = (1 << 30) - 1;

  // RFC 9113, 5.1.1: ids end at 2^31 - 1; the connection is replaced a little before.
  private static final int LAST_STREAM_ID = Integer.MAX_VALUE - 10_000;

  private static final String GOAWAY = "stream above the last one of GOAWAY";

  private final Connection connection;
  private final Http2ConnectionHandler handler;
  private final IntObjectHashMap<Exchange> open = new IntObjectHashMap<>();
  private @Nullable ChannelHandlerContext context;
  private boolean settled;
  private boolean closing;
  private int lastStreamId = Integer.MAX_VALUE;

  private Http2Session(Connection connection) {
    this.connection = connection;
    this.handler = new HandlerBuilder(this).build();
    handler.connection().addListener(this);
  }

  static void install(ChannelPipeline pipeline, Connection connection) {
    var session = new Http2Session(connection);
    pipeline.addLast(session.handler).addLast(session.new Tail());
  }

  /** Builds Netty's handler with this session as the listener for frames. */
  private static final class HandlerBuilder
      extends AbstractHttp2ConnectionHandlerBuilder<Http2ConnectionHandler, HandlerBuilder> {
    HandlerBuilder(Http2Session session) {
      connection(newConnection());
      validateHeaders(false);
      gracefulShutdownTimeoutMillis(0);
      initialSettings(
          Http2Settings.defaultSettings().pushEnabled(false).initialWindowSize(WINDOW_BYTES));
      frameListener(session);
    }

    /** Requests have no priorities, so that no tree of them has to be kept. */
    private static Http2Connection newConnection() {
      var connection = new DefaultHttp2Connection(false);
      connection
          .remote()
          .flowController(
              new DefaultHttp2RemoteFlowController(
                  connection, new UniformStreamByteDistributor(connection)));
      return connection;
    }

    @Override
    protected Http2ConnectionHandler build() {
      return super.build();
    }

    @Override
    protected Http2ConnectionHandler build(
        Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
      return new Http2ConnectionHandler(decoder, encoder, settings, false) {};
    }
  }

  /** Behind the HTTP/2 handler: the life of the channel. */
  private final class Tail extends ChannelInboundHandlerAdapter {
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      context = ctx.pipeline().context(handler);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (!handshake.isSuccess()) {
          connection.failed(Tls.describe(handshake.cause()));
          ctx.close();
        } else if (!ApplicationProtocolNames.HTTP_2.equals(
            ctx.pipeline().get(SslHandler.class).applicationProtocol())) {
          connection.failed("the server does not offer h2 by ALPN");
          ctx.close();
        }
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      open.clear();
      if (!settled && !closing) {
        connection.failed(
            "closed by the server before it said anything in HTTP/2; does it speak it?");
      }
      connection.ended(!closing);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      closing = !Connection.reset(cause);
      connection.failed(Connection.describe(cause));
      ctx.close();
    }
  }

  @Override
  public void send(Exchange exchange) {
    var ctx = context;
    if (ctx == null) {
      return;
    }
    int id = handler.connection().local().incrementAndGetNextStreamId();
    open.put(id, exchange);
    var message = exchange.message();
    boolean noBody = !message.body().isReadable();
    var written =
        handler.encoder().writeHeaders(ctx, id, message.http2(), 0, noBody, ctx.newPromise());
    if (!noBody) {
      handler.encoder().writeData(ctx, id, message.body().duplicate(), 0, true, ctx.newPromise());
    }
    var _ =
        written.addListener(
            f -> {
              var cause = f.cause();
              if (cause != null) {
                end(id, Connection.describe(cause));
              }
            });
    if (id > LAST_STREAM_ID) {
      connection.retire();
    }
    // Not ctx.flush(): data waits in the handler's flow controller.
    handler.flush(ctx);
  }

  @Override
  public void cancel(Exchange exchange) {
    var ctx = context;
    for (var entry : open.entries()) {
      if (ctx != null && entry.value() == exchange) {
        handler
            .encoder()
            .writeRstStream(ctx, entry.key(), Http2Error.CANCEL.code(), ctx.newPromise());
        handler.flush(ctx);
        return;
      }
    }
  }

  @Override
  public void close() {
    closing = true;
    if (context != null) {
      context.channel().close();
    }
  }

  @Override
  public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
    var streams = settings.maxConcurrentStreams();
    if (streams != null) {
      connection.limit((int) Math.min(streams, Integer.MAX_VALUE));
    }
    if (!settled) {
      settled = true;
      widen();
      connection.opened(this);
    }
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean end) {
    var exchange = open.get(streamId);
    if (exchange == null) {
      return;
    }
    var status = headers.status();
    if (status != null) {
      exchange.status = Integer.parseInt(status.toString());
      exchange.headers(headers);
    }
    if (end) {
      connection.answeredButNotFreed(exchange);
    }
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext ctx,
      int streamId,
      Http2Headers headers,
      int streamDependency,
      short weight,
      boolean exclusive,
      int padding,
      boolean end) {
    onHeadersRead(ctx, streamId, headers, padding, end);
  }

  @Override
  public int onDataRead(
      ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean end) {
    int processed = data.readableBytes() + padding;
    var exchange = open.get(streamId);
    if (exchange != null) {
      exchange.received(data);
      if (end) {
        connection.answeredButNotFreed(exchange);
      }
    }
    return processed;
  }

  @Override
  public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
    var error = Http2Error.valueOf(errorCode);
    var exchange = open.get(streamId);
    if (error == Http2Error.REFUSED_STREAM && exchange != null) {
      exchange.refused = true;
      return;
    }
    reject(streamId, "stream reset: " + (error == null ? Long.toString(errorCode) : error.name()));
  }

  @Override
  public void onGoAwayReceived(int lastStreamId, long errorCode, ByteBuf debugData) {
    this.lastStreamId = lastStreamId;
    connection.retire();
  }

  @Override
  public void onStreamClosed(Http2Stream stream) {
    end(stream.id(), "stream closed");
  }

  /** A stream is over. One that the server has not looked at goes to another connection. */
  private void end(int streamId, String why) {
    var exchange = open.get(streamId);
    if (exchange == null) {
      return;
    }
    boolean unseen = !exchange.done && (exchange.refused || streamId > lastStreamId);
    if (!unseen) {
      reject(streamId, why);
    }
    free(streamId);
    if (unseen) {
      connection.refused(exchange, exchange.refused ? "stream refused by the server" : GOAWAY);
    }
  }

  /** The window of the connection starts at 64 kB, whatever the settings say (RFC 9113, 6.9.2). */
  private void widen() {
    var streams = handler.connection();
    try {
      streams
          .local()
          .flowController()
          .incrementWindowSize(streams.connectionStream(), WINDOW_BYTES - DEFAULT_WINDOW_SIZE);
    } catch (Http2Exception e) {
      throw new IllegalStateException("the window cannot be widened", e);
    }
    if (context != null) {
      handler.flush(context);
    }
  }

  /** Ends a request that has no end yet. */
  private void reject(int streamId, String why) {
    var exchange = open.get(streamId);
    if (exchange != null && !exchange.done) {
      connection.rejected(exchange, why);
    }
  }

  /** Gives the place of a stream away; only now may another one be opened for it. */
  private void free(int streamId) {
    if (open.remove(streamId) != null && !connection.closed()) {
      connection.freed();
    }
  }
}
