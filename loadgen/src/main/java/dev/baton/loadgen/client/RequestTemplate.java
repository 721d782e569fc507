package dev.baton.loadgen.client;

import dev.baton.loadgen.RequestSpec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/** A request of the mix, encoded once for each HTTP version. */
final class RequestTemplate {
  private static final Set<String> CONNECTION_HEADERS =
      Set.of(
          "connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

  final RequestSpec spec;
  final int index;
  final boolean head;
  final ByteBuf body;
  private final ByteBuf http1;
  private final Http2Headers http2;

  RequestTemplate(RequestSpec spec, int index, boolean closeAfter) {
    this.spec = spec;
    this.index = index;
    this.head = spec.method().equals("HEAD");
    this.body = direct(spec.body());
    this.http1 = encodeHttp1(spec, closeAfter);
    this.http2 = encodeHttp2(spec);
  }

  private static ByteBuf encodeHttp1(RequestSpec spec, boolean closeAfter) {
    var text = new StringBuilder(256);
    text.append(spec.method()).append(' ').append(spec.target()).append(" HTTP/1.1\r\n");
    if (spec.headers().keySet().stream().noneMatch("host"::equalsIgnoreCase)) {
      text.append("host: ").append(spec.authority()).append("\r\n");
    }
    spec.headers().forEach((name, value) -> text.append(name + ": " + value + "\r\n"));
    if (closeAfter) {
      text.append("connection: close\r\n");
    }
    if (hasBody(spec)) {
      int length = ByteBufUtil.utf8Bytes(spec.body());
      text.append("content-length: ").append(length).append("\r\n");
    }
    return direct(text.append("\r\n").append(spec.body()).toString());
  }

  private static Http2Headers encodeHttp2(RequestSpec spec) {
    var headers =
        new DefaultHttp2Headers()
            .method(spec.method())
            .scheme(spec.uri().getScheme())
            .authority(spec.authority())
            .path(spec.target());
    spec.headers()
        .forEach(
            (name, value) -> {
              String lower = name.toLowerCase(Locale.ROOT);
              if (!CONNECTION_HEADERS.contains(lower)) {
                headers.add(lower, value);
              }
            });
    if (hasBody(spec)) {
      headers.addInt("content-length", ByteBufUtil.utf8Bytes(spec.body()));
    }
    return headers;
  }

  private static boolean hasBody(RequestSpec spec) {
    return !spec.body().isEmpty()
        || spec.method().equals("POST")
        || spec.method().equals("PUT")
        || spec.method().equals("PATCH");
  }

  private static ByteBuf direct(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    // Lives as long as this object and is freed with it: no leak, whatever Netty's detector thinks
    // of a buffer of its own that nobody releases.
    var memory = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    return Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(memory));
  }

  /** The whole request as bytes, to be written once. */
  ByteBuf http1() {
    return http1.duplicate();
  }

  /** The header fields; not to be changed. */
  Http2Headers http2() {
    return http2;
  }
}
