package dev.baton.server.connection;

import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol.AddressFamily;
import io.vertx.core.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** What a proxy says of its client. Only where Netty's codec for it is on the class path. */
final class ProxyHeader {
  private ProxyHeader() {}

  /** The client's address in a decoded header, null if it tells none. */
  static @Nullable SocketAddress client(Object message) {
    if (!(message instanceof HAProxyMessage header) || header.sourceAddress() == null) {
      return null;
    }
    AddressFamily family = header.proxiedProtocol().addressFamily();
    return switch (family) {
      case AF_IPv4, AF_IPv6 ->
          SocketAddress.inetSocketAddress(header.sourcePort(), header.sourceAddress());
      case AF_UNIX -> SocketAddress.domainSocketAddress(header.sourceAddress());
      case AF_UNSPEC -> null;
    };
  }
}
