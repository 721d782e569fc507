package dev.baton.server.logging;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.observability.HttpRequest;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes a line for each request that was answered, or whose client has gone, to the logger {@value
 * #NAME}. Any thread; what takes the lines must not block, as the event loop writes them.
 *
 * @see <a href="https://httpd.apache.org/docs/current/logs.html#combined">Apache's format</a>
 */
public final class AccessLog {
  /** The logger's name. */
  public static final String NAME = "dev.baton.access";

  /** What stands for the status if the client has gone before it was answered, as in nginx. */
  public static final int CLIENT_GONE = 499;

  private static final System.Logger LOGGER = System.getLogger(NAME);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH)
          .withZone(ZoneId.systemDefault());

  private final boolean json;

  /** A log that writes; {@link AccessFormat#OFF} needs none. */
  public AccessLog(AccessFormat format) {
    this.json = format == AccessFormat.JSON;
  }

  /**
   * One request.
   *
   * @param status {@link #CLIENT_GONE} if it was not answered
   * @param bytes of the response's body
   * @param route the pattern it was routed by, if any
   */
  public record Entry(
      HttpRequest request,
      @Nullable SocketAddress remote,
      int status,
      long bytes,
      long nanos,
      @Nullable String route,
      @Nullable String requestId,
      @Nullable String traceId) {}

  /** Writes one line. */
  public void log(Entry entry) {
    LOGGER.log(Level.INFO, json ? json(entry) : combined(entry));
  }

  private static String combined(Entry entry) {
    StringBuilder line = new StringBuilder(192);
    line.append(host(entry.remote)).append(" - - [");
    TIME.formatTo(Instant.now(), line);
    line.append("] \"");
    escape(entry.request.method().name(), line);
    line.append(' ');
    escape(String.valueOf(entry.request.uri()), line);
    line.append(' ').append(protocol(entry.request)).append("\" ").append(entry.status).append(' ');
    line.append(entry.bytes == 0 ? "-" : Long.toString(entry.bytes));
    quote(entry.request.headers().get(HttpHeaders.REFERER), line);
    quote(entry.request.headers().get(HttpHeaders.USER_AGENT), line);
    return line.toString();
  }

  private static String json(Entry entry) {
    MultiMap headers = entry.request.headers();
    JsonObject line =
        new JsonObject()
            .put("time", Instant.now().toString())
            .put("remote", host(entry.remote))
            .put("method", entry.request.method().name())
            .put("uri", entry.request.uri())
            .put("protocol", protocol(entry.request))
            .put("status", entry.status)
            .put("bytes", entry.bytes)
            .put("seconds", entry.nanos / 1e9);
    putIfPresent(line, "route", entry.route);
    putIfPresent(line, "request_id", entry.requestId);
    putIfPresent(line, "trace_id", entry.traceId);
    putIfPresent(line, "referer", headers.get(HttpHeaders.REFERER));
    putIfPresent(line, "user_agent", headers.get(HttpHeaders.USER_AGENT));
    return line.encode();
  }

  private static void putIfPresent(JsonObject line, String key, @Nullable String value) {
    if (value != null) {
      line.put(key, value);
    }
  }

  private static String host(@Nullable SocketAddress remote) {
    String host = remote == null ? null : remote.hostAddress();
    return host == null ? "-" : host;
  }

  private static String protocol(HttpRequest request) {
    HttpVersion version = request.version();
    return version == null
        ? "-"
        : version.alpnName().toUpperCase(Locale.ROOT).replace("H2", "HTTP/2.0");
  }

  private static void quote(@Nullable String value, StringBuilder line) {
    line.append(" \"");
    escape(value == null || value.isEmpty() ? "-" : value, line);
    line.append('"');
  }

  /** As Apache does: nothing that a client sends ends a line or a field. */
  private static void escape(String value, StringBuilder line) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        line.append('\\').append(c);
      } else if (c < ' ' || c == 127) {
        line.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      } else {
        line.append(c);
      }
    }
  }
}
