package dev.baton.loadgen.client;

import io.netty.buffer.ByteBufInputStream;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** An HTTP/1.1 connection: pre-encoded requests out, Netty's decoder in, answers in order. */
@SuppressWarnings("FutureReturnValueIgnored") // failures come back as channelInactive
final class Http1Session extends ChannelInboundHandlerAdapter implements HttpSession {
  private static final int MAX_CHUNK_BYTES = 1 << 20;
  private static final int STREAM_BYTES = 64 << 10;

  private final Connection connection;
  private final boolean secure;
  private final ArrayDeque<Exchange> open = new ArrayDeque<>();
  private @Nullable ChannelHandlerContext context;
  private boolean informational;
  private boolean keepAlive = true;
  private boolean closing;

  private Http1Session(Connection connection, boolean secure) {
    this.connection = connection;
    this.secure = secure;
  }

  static void install(ChannelPipeline pipeline, Connection connection, boolean secure) {
    var session = new Http1Session(connection, secure);
    pipeline.addLast(session.new Decoder()).addLast(session);
  }

  /** Knows that responses to HEAD have no body whatever their headers say. */
  private final class Decoder extends HttpResponseDecoder {
    Decoder() {
      super(
          new HttpDecoderConfig()
              .setMaxInitialLineLength(65_536)
              .setMaxHeaderSize(65_536)
              .setMaxChunkSize(MAX_CHUNK_BYTES)
              .setValidateHeaders(false));
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
      var first = open.peekFirst();
      return (first != null && first.message().head()) || super.isContentAlwaysEmpty(message);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    context = ctx;
    if (!secure) {
      connection.opened(this);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake) {
      if (handshake.isSuccess()) {
        connection.opened(this);
      } else {
        fail(ctx, Tls.describe(handshake.cause()));
      }
    }
  }

  @Override
  public void send(Exchange exchange) {
    open.add(exchange);
    var ctx = context;
    if (ctx != null) {
      var message = exchange.message();
      if (message.body().isReadable()) {
        stream(ctx, message);
      } else {
        ctx.writeAndFlush(message.http1().duplicate(), ctx.voidPromise());
      }
    }
  }

  /** Writes a long body as fast as the connection takes it. */
  private static void stream(ChannelHandlerContext ctx, EncodedRequest message) {
    if (ctx.pipeline().get(ChunkedWriteHandler.class) == null) {
      ctx.pipeline().addBefore(ctx.name(), null, new ChunkedWriteHandler());
    }
    ctx.write(message.http1().duplicate());
    var body = new ByteBufInputStream(message.body().duplicate());
    ctx.writeAndFlush(new ChunkedStream(body, STREAM_BYTES));
  }

  @Override
  public void cancel(Exchange exchange) {
    close();
  }

  @Override
  public void close() {
    closing = true;
    if (context != null) {
      context.close();
    }
  }

  private void fail(ChannelHandlerContext ctx, String why) {
    closing = true;
    connection.failed(why);
    ctx.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      var exchange = open.peekFirst();
      if (exchange == null) {
        fail(ctx, "response without a request");
        return;
      }
      if (message instanceof HttpMessage part && part.decoderResult().isFailure()) {
        fail(ctx, "malformed response");
        return;
      }
      if (message instanceof HttpResponse response) {
        // After 101 there is no other answer: the connection speaks something else.
        boolean switching = response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
        informational =
            response.status().codeClass() == HttpStatusClass.INFORMATIONAL && !switching;
        exchange.status = response.status().code();
        exchange.headers(response.headers());
        keepAlive = HttpUtil.isKeepAlive(response) && !switching;
      }
      if (message instanceof HttpContent content) {
        if (content.decoderResult().isFailure()) {
          fail(ctx, "malformed response");
          return;
        }
        exchange.received(content.content());
        if (message instanceof LastHttpContent && !informational) {
          open.pollFirst();
          // A body may be ended by the end of the connection, said before or not.
          connection.answered(exchange, keepAlive && ctx.channel().isActive());
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    connection.ended(!closing);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    closing = !Connection.reset(cause);
    connection.failed(Connection.describe(cause));
    ctx.close();
  }
}
