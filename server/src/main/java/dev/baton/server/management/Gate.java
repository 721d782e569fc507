package dev.baton.server.management;

import dev.baton.stages.Problem;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Who may ask the management port what. One thread: the management server's. */
final class Gate {
  private final Set<String> names = new TreeSet<>(Set.of("localhost"));
  private final boolean loopback;
  private final byte @Nullable [] token;

  /**
   * @throws UnknownHostException if the address to listen on is none
   */
  Gate(ManagementOptions options) throws UnknownHostException {
    InetAddress address = InetAddress.getByName(options.getHost());
    loopback = address.isLoopbackAddress();
    names.addAll(options.getNames());
    names.add(options.getHost().toLowerCase(Locale.ROOT));
    if (!loopback) {
      addOwnName();
    }
    String t = options.getToken();
    token = t == null ? null : t.getBytes(StandardCharsets.US_ASCII);
  }

  private void addOwnName() {
    try {
      names.add(InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT));
    } catch (UnknownHostException nameless) {
      // Then nobody can ask for it by that name either.
    }
  }

  /** Whether only this machine can ask. */
  boolean isLoopback() {
    return loopback;
  }

  /**
   * Checks a request.
   *
   * @return why it is refused; null if it is not
   */
  @Nullable Problem refusal(HttpServerRequest request) {
    HostAndPort authority = request.authority();
    if (authority != null && !isKnown(authority.host())) {
      return new Problem(
          421,
          "Host",
          authority.host(),
          "is no name of this port",
          "ask by address, or start it with --management-names=" + authority.host());
    }
    // Probes have no way to keep a secret, and learn none.
    if (token == null || String.valueOf(request.path()).startsWith("/health/")) {
      return null;
    }
    String shown = shown(request.getHeader(HttpHeaders.AUTHORIZATION));
    if (shown != null
        && MessageDigest.isEqual(shown.getBytes(StandardCharsets.ISO_8859_1), token)) {
      return null;
    }
    return new Problem(
        401,
        "Authorization",
        null,
        shown == null ? "is missing" : "is wrong",
        "send Bearer and the token, or the token as password");
  }

  /** No page of the web has an address for a name. */
  private boolean isKnown(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    return names.contains(bare)
        || NetUtil.isValidIpV4Address(bare)
        || NetUtil.isValidIpV6Address(bare);
  }

  private static @Nullable String shown(@Nullable String authorization) {
    if (authorization == null) {
      return null;
    }
    int space = authorization.indexOf(' ');
    String scheme = space < 0 ? "" : authorization.substring(0, space).toLowerCase(Locale.ROOT);
    String rest = authorization.substring(space + 1).strip();
    return switch (scheme) {
      case "bearer" -> rest;
      case "basic" -> password(rest);
      default -> "";
    };
  }

  private static String password(String encoded) {
    try {
      String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.ISO_8859_1);
      return pair.substring(pair.indexOf(':') + 1);
    } catch (IllegalArgumentException notBase64) {
      return "";
    }
  }
}
