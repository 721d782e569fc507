package dev.baton.loadgen.client;

import dev.baton.loadgen.RequestSpec;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket: a request is a message, and its answer the next message that has not answered one
 * before. Messages that nobody waits for are passed over.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures come back as channelInactive
final class WebSocketSession extends ChannelInboundHandlerAdapter implements HttpSession {
  private static final int MAX_MESSAGE_BYTES = 64 << 20;
  private static final int MAX_HANDSHAKE_BYTES = 64 << 10;
  private static final int SWITCHING_PROTOCOLS = 101;

  private final Connection connection;
  private final boolean binary;
  private final ArrayDeque<Exchange> open = new ArrayDeque<>();
  private @Nullable ChannelHandlerContext context;

  private WebSocketSession(Connection connection, boolean binary) {
    this.connection = connection;
    this.binary = binary;
  }

  static void install(ChannelPipeline pipeline, Connection connection, RequestSpec spec) {
    var headers = new DefaultHttpHeaders();
    spec.headers().forEach(headers::add);
    var config =
        WebSocketClientProtocolConfig.newBuilder()
            .webSocketUri(spec.uri())
            .customHeaders(headers)
            .maxFramePayloadLength(MAX_MESSAGE_BYTES)
            .build();
    pipeline
        .addLast(new HttpClientCodec())
        .addLast(new HttpObjectAggregator(MAX_HANDSHAKE_BYTES))
        .addLast(new WebSocketClientProtocolHandler(config))
        .addLast(new WebSocketFrameAggregator(MAX_MESSAGE_BYTES))
        .addLast(new WebSocketSession(connection, spec.body().file() != null));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
      connection.opened(this);
    } else if (event == ClientHandshakeStateEvent.HANDSHAKE_TIMEOUT) {
      connection.failed("WebSocket: no answer to the handshake");
      ctx.close();
    }
  }

  @Override
  public void send(Exchange exchange) {
    open.add(exchange);
    if (context != null) {
      var payload = Unpooled.unreleasableBuffer(exchange.message().body().duplicate());
      context.writeAndFlush(
          binary ? new BinaryWebSocketFrame(payload) : new TextWebSocketFrame(payload));
    }
  }

  @Override
  public void cancel(Exchange exchange) {
    close(); // later answers could not be told apart
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
      var exchange = open.pollFirst();
      if (exchange != null && message instanceof WebSocketFrame frame) {
        exchange.status = SWITCHING_PROTOCOLS;
        exchange.received(frame.content());
        connection.answered(exchange, true);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    connection.closed("closed by the server");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    connection.failed("WebSocket: " + Connection.describe(cause));
    ctx.close();
  }
}
