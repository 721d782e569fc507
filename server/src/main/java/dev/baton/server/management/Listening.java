package dev.baton.server.management;

import java.io.IOException;

/** Says what an address in use does not say by itself. */
public final class Listening {
  private Listening() {}

  /**
   * Why something cannot listen, with what, where and what to do.
   *
   * @param what such as {@code the service}
   */
  public static IOException failure(String what, String host, int port, IOException cause) {
    String reason = String.valueOf(cause.getMessage());
    String remedy =
        reason.contains("in use")
            ? "end who listens there (ss -ltnp shows it), or choose another port"
            : reason.contains("denied")
                ? "choose a port from 1024 on, or give CAP_NET_BIND_SERVICE"
                : "choose an address of this machine";
    return new IOException(
        what + " cannot listen on " + host + " port " + port + " (" + reason + "): " + remedy,
        cause);
  }
}
