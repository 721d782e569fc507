package dev.baton.loadgen;

import dev.baton.loadgen.values.Origin;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where connections really go, and what they show in the TLS handshake. Not thread-safe. */
public final class NetworkOptions {
  private final List<Redirect> connectTo = new ArrayList<>();
  private @Nullable String serverName;
  private @Nullable Path unixSocket;
  private @Nullable Path certificate;
  private @Nullable Path key;
  private @Nullable String keyPassword;
  private @Nullable Path trusted;

  /** Creates options that change nothing. */
  public NetworkOptions() {}

  /** Copies other options. */
  public NetworkOptions(NetworkOptions other) {
    connectTo.addAll(other.connectTo);
    serverName = other.serverName;
    unixSocket = other.unixSocket;
    certificate = other.certificate;
    key = other.key;
    keyPassword = other.keyPassword;
    trusted = other.trusted;
  }

  /**
   * Another place to connect to than the URL says; host header and TLS stay those of the URL.
   *
   * @param fromHost host of the URL; empty for any
   * @param fromPort port of the URL; 0 for any
   * @param toHost host to connect to; empty for the same
   * @param toPort port to connect to; 0 for the same
   */
  public record Redirect(String fromHost, int fromPort, String toHost, int toPort) {
    private static final Pattern SYNTAX =
        Pattern.compile("(\\[[^]]*]|[^:]*):([0-9]{0,5}):(\\[[^]]*]|[^:]*):([0-9]{0,5})");

    /**
     * Reads {@code HOST1:PORT1:HOST2:PORT2} as curl writes it: what is left empty stays as it is,
     * IPv6 addresses stand in brackets.
     *
     * @throws IllegalArgumentException saying what to write instead
     */
    public static Redirect parse(String text) {
      var matcher = SYNTAX.matcher(text.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "connect-to '"
                + text
                + "': write HOST1:PORT1:HOST2:PORT2, as in shop.example:443:127.0.0.1:8443");
      }
      return new Redirect(
          bare(matcher.group(1)),
          port(matcher.group(2)),
          bare(matcher.group(3)),
          port(matcher.group(4)));
    }

    private static String bare(String host) {
      return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(String text) {
      return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    /** Whether it is for connections to the given place. */
    public boolean matches(String host, int port) {
      return (fromHost.isEmpty() || fromHost.equalsIgnoreCase(host))
          && (fromPort == 0 || fromPort == port);
    }
  }

  /** Adds another place to connect to; the first one that matches counts. */
  public NetworkOptions addConnectTo(Redirect redirect) {
    connectTo.add(redirect);
    return this;
  }

  /** Other places to connect to. */
  public List<Redirect> getConnectTo() {
    return List.copyOf(connectTo);
  }

  /** Sets the name shown to TLS servers (SNI) and looked for in their certificates. */
  public NetworkOptions setServerName(@Nullable String name) {
    serverName = name;
    return this;
  }

  /** The name shown to TLS servers; null for the host of the URL. */
  public @Nullable String getServerName() {
    return serverName;
  }

  /** Sets the Unix domain socket that all connections go to. */
  public NetworkOptions setUnixSocket(@Nullable Path socket) {
    unixSocket = socket;
    return this;
  }

  /** The Unix domain socket that all connections go to; null for none. */
  public @Nullable Path getUnixSocket() {
    return unixSocket;
  }

  /**
   * Sets what the client shows when a TLS server asks who it is.
   *
   * @param newCertificate PEM, with the chain; or PKCS #12 (.p12, .pfx) with the key
   * @param newKey PEM (PKCS #8); null if the certificate's file holds it
   * @param password of the key; null for none
   */
  public NetworkOptions setClientCertificate(
      @Nullable Path newCertificate, @Nullable Path newKey, @Nullable String password) {
    certificate = newCertificate;
    key = newKey;
    keyPassword = password;
    return this;
  }

  /** The client's certificate; null for none. */
  public @Nullable Path getCertificate() {
    return certificate;
  }

  /** The client's key; null if the certificate's file holds it. */
  public @Nullable Path getKey() {
    return key;
  }

  /** The password of the key; null for none. */
  public @Nullable String getKeyPassword() {
    return keyPassword;
  }

  /** Sets the certificates, in PEM, that servers are trusted by instead of the JDK's. */
  public NetworkOptions setTrusted(@Nullable Path file) {
    trusted = file;
    return this;
  }

  /** The certificates that servers are trusted by; null for the JDK's. */
  public @Nullable Path getTrusted() {
    return trusted;
  }

  /** The host and port that connections to an origin really go to. */
  public InetSocketAddress target(Origin origin) {
    for (var redirect : connectTo) {
      if (redirect.matches(origin.host(), origin.port())) {
        return InetSocketAddress.createUnresolved(
            redirect.toHost().isEmpty() ? origin.host() : redirect.toHost(),
            redirect.toPort() == 0 ? origin.port() : redirect.toPort());
      }
    }
    return InetSocketAddress.createUnresolved(origin.host(), origin.port());
  }
}
