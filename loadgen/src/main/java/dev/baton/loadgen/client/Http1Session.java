package dev.baton.loadgen.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
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
        connection.failed("TLS: " + Connection.describe(handshake.cause()));
        ctx.close();
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
    if (context != null) {
      context.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      var exchange = open.peekFirst();
      if (exchange == null) {
        connection.failed("response without a request");
        ctx.close();
        return;
      }
      if (message instanceof HttpMessage part && part.decoderResult().isFailure()) {
        connection.failed("malformed response");
        ctx.close();
        return;
      }
      if (message instanceof HttpResponse response) {
        informational = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        exchange.status = response.status().code();
        exchange.headers(response.headers());
        keepAlive = HttpUtil.isKeepAlive(response);
      }
      if (message instanceof HttpContent content) {
        if (content.decoderResult().isFailure()) {
          connection.failed("malformed response");
          ctx.close();
          return;
        }
        received(exchange, content.content());
        if (message instanceof LastHttpContent && !informational) {
          open.pollFirst();
          connection.answered(exchange, keepAlive);
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  static void received(Exchange exchange, ByteBuf bytes) {
    exchange.bodyBytes += bytes.readableBytes();
    if (exchange.keepsBody()) {
      if (exchange.body == null) {
        exchange.body = new StringBuilder();
      }
      exchange.body.append(bytes.toString(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    connection.closed("closed by the server");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    connection.failed(Connection.describe(cause));
    ctx.close();
  }
}
