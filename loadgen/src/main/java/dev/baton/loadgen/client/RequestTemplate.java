package dev.baton.loadgen.client;

import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.values.Origin;
import dev.baton.loadgen.values.Text;
import dev.baton.loadgen.values.Values;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.search.AbstractSearchProcessorFactory;
import io.netty.buffer.search.SearchProcessor;
import io.netty.buffer.search.SearchProcessorFactory;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request of the mix: encoded once if it is always the same, else whenever it is sent. */
final class RequestTemplate {
  /** Longer bodies are written in pieces, as fast as the connection takes them. */
  private static final int STREAMED_BYTES = 64 << 10;

  private static final Set<String> CONNECTION_HEADERS =
      Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

  private static final Set<String> IDEMPOTENT =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

  final RequestSpec spec;
  final int index;
  private final Protocol protocol;
  private final boolean varies;
  private final boolean closeAfter;
  private final Text path;
  private final List<Header> headers = new ArrayList<>();
  private final Text bodyText;
  private final ByteBuf body;
  private final @Nullable EncodedRequest constant;
  private final @Nullable SearchProcessorFactory bodySearch;

  private record Header(String name, Text value) {}

  /**
   * Creates a template.
   *
   * @param varies whether placeholders stand for values
   * @param inSession whether cookies may come with it
   * @param closeAfter whether its connection is not to be used again
   */
  RequestTemplate(
      RequestSpec spec,
      int index,
      Protocol protocol,
      boolean varies,
      boolean inSession,
      boolean closeAfter) {
    this.spec = spec;
    this.index = index;
    this.protocol = protocol;
    this.varies = varies;
    this.closeAfter = closeAfter;
    this.path = varies ? Text.ofUrl(spec.target()) : Text.constant(spec.target());
    spec.headers()
        .forEach(
            (name, value) ->
                headers.add(new Header(name, varies ? Text.of(value) : Text.constant(value))));
    String user = Origin.authorization(spec.uri());
    if (user != null && !has("authorization")) {
      headers.add(new Header("authorization", Text.constant(user)));
    }
    if (protocol == Protocol.HTTP2) {
      checkHeaders();
    }
    this.bodySearch =
        spec.check().needsBody()
            ? AbstractSearchProcessorFactory.newKmpSearchProcessorFactory(
                spec.check().bodyContains().getBytes(StandardCharsets.UTF_8))
            : null;
    this.bodyText = varies ? Text.of(spec.body().text()) : Text.constant(spec.body().text());
    // Lives as long as this object and is freed with it: no leak, whatever Netty's detector thinks
    // of a buffer of its own that nobody releases.
    this.body = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(spec.body().bytes()));
    checkLength();
    boolean same =
        !inSession
            && spec.urls().isEmpty()
            && path.constant()
            && bodyText.constant()
            && headers.stream().allMatch(h -> h.value().constant());
    this.constant =
        same ? encode(spec.method(), spec.origin(), spec.target(), Values.NONE).direct() : null;
  }

  private boolean has(String name) {
    return headers.stream().anyMatch(h -> h.name().equalsIgnoreCase(name));
  }

  private void checkLength() {
    for (var header : headers) {
      boolean length = header.name().equalsIgnoreCase("content-length");
      String value = length && header.value().constant() ? header.value().render(Values.NONE) : "";
      if (!value.isEmpty()
          && bodyText.constant()
          && !value.equals(Integer.toString(body.readableBytes()))) {
        throw new IllegalArgumentException(
            "content-length '%s': the body has %,d bytes; leave the header out, it is sent anyway"
                .formatted(value, body.readableBytes()));
      }
    }
  }

  /** RFC 9113, 8.2.2: what is about the connection has no place in a request. */
  private void checkHeaders() {
    for (var header : headers) {
      if (CONNECTION_HEADERS.contains(header.name().toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            "header '" + header.name() + "': HTTP/2 has no such header; leave it out");
      }
    }
  }

  /** Looks for the text that a body must contain, from one part of the body to the next. */
  @Nullable SearchProcessor newBodySearch() {
    return bodySearch == null ? null : bodySearch.newSearchProcessor();
  }

  /** Index of the origin that request number {@code ordinal} goes to. */
  int origin(long ordinal) {
    return spec.urls().isEmpty() ? 0 : spec.urls().origin(ordinal);
  }

  /** Request number {@code ordinal} with the given values. */
  EncodedRequest encode(long ordinal, Values values) {
    if (constant != null) {
      return constant;
    }
    if (spec.urls().isEmpty()) {
      return encode(spec.method(), spec.origin(), path.render(values), values);
    }
    var url = spec.urls().target(ordinal);
    String method = url.method().isEmpty() ? spec.method() : url.method();
    var origin = spec.urls().origins().get(spec.urls().origin(ordinal));
    var target = varies ? Text.ofUrl(url.path()) : Text.constant(url.path());
    return encode(method, origin, target.render(values), values);
  }

  private EncodedRequest encode(String method, Origin origin, String target, Values values) {
    var content = content(method, values);
    boolean head = method.equals("HEAD");
    boolean idempotent = IDEMPOTENT.contains(method);
    if (origin.webSocket()) {
      return new EncodedRequest(
          false, false, Unpooled.EMPTY_BUFFER, EncodedRequest.NO_FIELDS, content);
    }
    if (protocol == Protocol.HTTP2) {
      return new EncodedRequest(
          head,
          idempotent,
          Unpooled.EMPTY_BUFFER,
          http2(method, origin, target, values, content),
          content);
    }
    var first = http1(method, origin, target, values, content);
    return content.readableBytes() > STREAMED_BYTES
        ? new EncodedRequest(head, idempotent, first, EncodedRequest.NO_FIELDS, content)
        : new EncodedRequest(
            head,
            idempotent,
            Unpooled.wrappedBuffer(first, content.duplicate()),
            EncodedRequest.NO_FIELDS,
            Unpooled.EMPTY_BUFFER);
  }

  private ByteBuf content(String method, Values values) {
    if (!spec.urls().isEmpty() && (method.equals("GET") || method.equals("HEAD"))) {
      return Unpooled.EMPTY_BUFFER;
    }
    return bodyText.constant()
        ? body
        : Unpooled.copiedBuffer(bodyText.render(values), StandardCharsets.UTF_8);
  }

  private ByteBuf http1(
      String method, Origin origin, String target, Values values, ByteBuf content) {
    var text = new StringBuilder(256);
    text.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    if (!has("host")) {
      text.append("host: ").append(origin.authority()).append("\r\n");
    }
    for (var header : headers) {
      text.append(header.name()).append(": ").append(header.value().render(values)).append("\r\n");
    }
    if (origin.events()) {
      text.append("accept: text/event-stream\r\n");
    }
    var cookies = cookies(origin, target, values);
    if (!cookies.isEmpty()) {
      text.append("cookie: ").append(String.join("; ", cookies)).append("\r\n");
    }
    if (closeAfter) {
      text.append("connection: close\r\n");
    }
    if (hasBody(method, content) && !has("content-length")) {
      text.append("content-length: ").append(content.readableBytes()).append("\r\n");
    }
    return Unpooled.copiedBuffer(text.append("\r\n"), StandardCharsets.UTF_8);
  }

  private Http2Headers http2(
      String method, Origin origin, String target, Values values, ByteBuf content) {
    var fields =
        new DefaultHttp2Headers()
            .method(method)
            .scheme(origin.scheme())
            .authority(origin.authority())
            .path(target);
    for (var header : headers) {
      String lower = header.name().toLowerCase(Locale.ROOT);
      // As bytes: of characters, HPACK would keep the lower half.
      var value =
          new AsciiString(header.value().render(values).getBytes(StandardCharsets.UTF_8), false);
      if (lower.equals("host")) {
        fields.authority(value);
      } else {
        fields.add(lower, value);
      }
    }
    for (var cookie : cookies(origin, target, values)) {
      fields.add("cookie", cookie);
    }
    if (hasBody(method, content) && !has("content-length")) {
      fields.addInt("content-length", content.readableBytes());
    }
    return fields;
  }

  private List<String> cookies(Origin origin, String target, Values values) {
    return varies ? values.cookies(uri(origin, target)) : List.of();
  }

  private static URI uri(Origin origin, String target) {
    return URI.create(origin.scheme() + "://" + origin.authority() + target);
  }

  /** The URL of a request of a scenario. */
  URI uri(Values values) {
    return uri(spec.origin(), path.render(values));
  }

  private static boolean hasBody(String method, ByteBuf content) {
    return content.isReadable()
        || method.equals("POST")
        || method.equals("PUT")
        || method.equals("PATCH");
  }
}
