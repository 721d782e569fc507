package dev.baton.loadgen.values;

import java.net.URI;

/**
 * Where connections go to: what the requests of one pool have in common.
 *
 * @param scheme http, https, ws or wss
 * @param host as in the URL, without the brackets of an IPv6 address
 * @param port the one given or the scheme's
 * @param authority host and port as in the URL, for the host header
 */
public record Origin(String scheme, String host, int port, String authority) {
  /** The origin of an absolute URL that names a host. */
  public static Origin of(URI uri) {
    String host = uri.getHost();
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    boolean secure = uri.getScheme().equals("https") || uri.getScheme().equals("wss");
    int port = uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
    String authority = uri.getPort() >= 0 ? host + ":" + port : host;
    return new Origin(uri.getScheme(), bare, port, authority);
  }

  /** Whether TLS is used. */
  public boolean secure() {
    return scheme.equals("https") || scheme.equals("wss");
  }
}
