package dev.baton.server.management;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where the management port listens, and whom it answers. */
public final class ManagementOptions {
  /** Default of {@link #getHost}. */
  public static final String DEFAULT_HOST = "127.0.0.1";

  /** Default of {@link #getPort}. */
  public static final int DEFAULT_PORT = 9090;

  /** Default of {@link #getUnreadyAfter}. */
  public static final Duration DEFAULT_UNREADY_AFTER = Duration.ofSeconds(5);

  private static final int MIN_TOKEN_LENGTH = 16;

  private String host = DEFAULT_HOST;
  private int port = DEFAULT_PORT;
  private List<String> names = List.of();
  private @Nullable String token;
  private boolean writable;
  private Duration unreadyAfter = DEFAULT_UNREADY_AFTER;

  /** All defaults: loopback only. */
  public ManagementOptions() {}

  /** A copy. */
  public ManagementOptions(ManagementOptions other) {
    host = other.host;
    port = other.port;
    names = other.names;
    token = other.token;
    writable = other.writable;
    unreadyAfter = other.unreadyAfter;
  }

  /** The address to listen on; {@code 0.0.0.0} lets other machines in. */
  public String getHost() {
    return host;
  }

  public ManagementOptions setHost(String host) {
    this.host = host;
    return this;
  }

  /** The port; 0 takes a free one. */
  public int getPort() {
    return port;
  }

  /**
   * Sets the port.
   *
   * @throws IllegalArgumentException outside of 0..65535
   */
  public ManagementOptions setPort(int port) {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("port=" + port + ": give 0..65535");
    }
    this.port = port;
    return this;
  }

  /**
   * Names by which this port may be asked beside addresses, {@code localhost} and, off loopback,
   * this machine's own name. Any other {@code Host} is refused, so that no web page can read this
   * port through a name of its own that it resolves to this machine.
   */
  public List<String> getNames() {
    return names;
  }

  public ManagementOptions setNames(Collection<String> names) {
    this.names = names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    return this;
  }

  /**
   * What must be shown to read anything but {@code /health}: as {@code Authorization: Bearer}, or
   * as the password of any user; null for nothing.
   */
  public @Nullable String getToken() {
    return token;
  }

  /**
   * Sets what must be shown.
   *
   * @throws IllegalArgumentException if it could be guessed; the message does not repeat it
   */
  public ManagementOptions setToken(@Nullable String token) {
    if (token != null
        && (token.length() < MIN_TOKEN_LENGTH || !token.chars().allMatch(c -> c > 32 && c < 127))) {
      throw new IllegalArgumentException(
          "token of "
              + token.length()
              + " characters: give "
              + MIN_TOKEN_LENGTH
              + " or more visible ASCII characters, such as those of openssl rand -hex 16");
    }
    this.token = token;
    return this;
  }

  /**
   * Whether who may read this port may also install scheduling policies and move loops; false by
   * default, and off loopback in any case.
   */
  public boolean isWritable() {
    return writable;
  }

  public ManagementOptions setWritable(boolean writable) {
    this.writable = writable;
    return this;
  }

  /** How long no loop may serve before {@code /health/ready} says no. */
  public Duration getUnreadyAfter() {
    return unreadyAfter;
  }

  /**
   * Sets the bound.
   *
   * @throws IllegalArgumentException below a second: a collection of garbage may take as long
   */
  public ManagementOptions setUnreadyAfter(Duration unreadyAfter) {
    if (unreadyAfter.toSeconds() < 1) {
      throw new IllegalArgumentException(
          "unreadyAfter=" + unreadyAfter + ": give a second or more");
    }
    this.unreadyAfter = unreadyAfter;
    return this;
  }
}
