package dev.baton.loadgen.values;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.IDN;
import java.net.URI;
import java.net.URLDecoder;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where connections go to: what the requests of one pool have in common.
 *
 * @param scheme http, https, ws, wss, sse+http or sse+https
 * @param host as in the URL, without the brackets of an IPv6 address
 * @param port the one given or the scheme's
 * @param authority host and port as in the URL, for the host header
 */
public record Origin(String scheme, String host, int port, String authority) {
  private static final Pattern AUTHORITY =
      Pattern.compile("(?:.*@)?(\\[[^]]+]|[^:\\[\\]]+)(?::([0-9]{0,5}))?");

  /**
   * The origin of an absolute URL. Names that are none of the DNS's, as in {@code my_service}, are
   * names as well.
   *
   * @throws IllegalArgumentException if it names no host
   */
  public static Origin of(URI uri) {
    String given = uri.getRawAuthority();
    var matcher = AUTHORITY.matcher(given == null ? "" : given);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "url '" + uri + "': names no host, as in http://127.0.0.1:8080/");
    }
    String host = matcher.group(1);
    boolean literal = host.startsWith("[");
    String bare = literal ? host.substring(1, host.length() - 1) : IDN.toASCII(host);
    String number = matcher.group(2);
    boolean named = number != null && !number.isEmpty();
    int port = named ? Integer.parseInt(number) : secure(uri.getScheme()) ? 443 : 80;
    if (port > 65_535) {
      throw new IllegalArgumentException("url '" + uri + "': port " + port + " is above 65535");
    }
    String shown = literal ? host : bare;
    return new Origin(uri.getScheme(), bare, port, named ? shown + ":" + port : shown);
  }

  /** User and password of a URL as the value of an authorization header; null if it has none. */
  public static @Nullable String authorization(URI uri) {
    String authority = uri.getRawAuthority();
    int at = authority == null ? -1 : authority.lastIndexOf('@');
    if (authority == null || at < 0) {
      return null;
    }
    String user = URLDecoder.decode(authority.substring(0, at).replace("+", "%2B"), UTF_8);
    String pair = user.contains(":") ? user : user + ":";
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  /** Whether TLS is used. */
  public boolean secure() {
    return secure(scheme);
  }

  private static boolean secure(String scheme) {
    return scheme.endsWith("https") || scheme.equals("wss");
  }

  /** Whether messages are sent over WebSockets. */
  public boolean webSocket() {
    return scheme.equals("ws") || scheme.equals("wss");
  }

  /** Whether server-sent events are awaited. */
  public boolean events() {
    return scheme.startsWith("sse+");
  }
}
