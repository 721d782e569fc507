package dev.baton.loadgen.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A stream of server-sent events: the first request asks for it, every further one waits for the
 * next event, so that their times are those between events.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">WHATWG</a>
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures come back as channelInactive
final class EventStreamSession extends ChannelInboundHandlerAdapter implements HttpSession {
  private static final int OK = 200;
  private static final String DATA = "data";

  private final Connection connection;
  private final boolean secure;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Exchange open;
  private boolean asked;

  // Within the stream: how far the current line is, whether it is data, whether the event has some.
  private int column;
  private boolean dataLine;
  private boolean data;
  private boolean afterReturn;

  private EventStreamSession(Connection connection, boolean secure) {
    this.connection = connection;
    this.secure = secure;
  }

  static void install(ChannelPipeline pipeline, Connection connection, boolean secure) {
    pipeline.addLast(new HttpResponseDecoder(), new EventStreamSession(connection, secure));
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
        connection.failed(Tls.describe(handshake.cause()));
        ctx.close();
      }
    }
  }

  @Override
  public void send(Exchange exchange) {
    open = exchange;
    if (context != null && !asked) {
      asked = true;
      context.writeAndFlush(exchange.message().http1().duplicate(), context.voidPromise());
    }
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
      if (message instanceof HttpResponse response) {
        begin(response);
      }
      if (message instanceof HttpContent content && !connection.closed()) {
        content.content().forEachByte(this::read);
        var waiting = open;
        if (message instanceof LastHttpContent && waiting != null) {
          connection.failed("the stream ended");
          ctx.close();
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(HttpResponse response) {
    String type = response.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    int status = response.status().code();
    var exchange = open;
    if (exchange != null && (status != OK || !type.startsWith("text/event-stream"))) {
      open = null;
      connection.rejected(
          exchange, status == OK ? "'" + type + "' is no event stream" : "status " + status);
      connection.closed("no event stream");
    }
  }

  /** Lines end with CR, LF or both; an empty one ends an event, if there was a line of data. */
  private boolean read(byte b) {
    if (b == '\n' && afterReturn) {
      afterReturn = false;
      return true;
    }
    afterReturn = b == '\r';
    if (b != '\n' && b != '\r') {
      if (column < DATA.length()) {
        dataLine = (column == 0 || dataLine) && b == DATA.charAt(column);
      } else if (column == DATA.length()) {
        dataLine &= b == ':';
      }
      column++;
      return true;
    }
    if (column == 0) {
      boolean event = data;
      data = false;
      if (event) {
        event();
      }
    } else {
      data |= dataLine && column >= DATA.length();
    }
    column = 0;
    dataLine = false;
    return !connection.closed();
  }

  private void event() {
    var exchange = open;
    if (exchange != null) {
      open = null;
      exchange.status = OK;
      connection.answered(exchange, true);
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
