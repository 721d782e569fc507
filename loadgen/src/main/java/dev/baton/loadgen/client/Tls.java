package dev.baton.loadgen.client;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.UncheckedIOException;
import javax.net.ssl.SSLException;

/** TLS of the client side, by the JDK's own provider. */
final class Tls {
  private Tls() {}

  static SslContext clientContext(LoadOptions options) {
    var builder = SslContextBuilder.forClient();
    if (options.isInsecure()) {
      builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
      builder.endpointIdentificationAlgorithm(null);
    }
    if (options.getProtocol() == Protocol.HTTP2) {
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              ApplicationProtocolNames.HTTP_2));
    }
    try {
      return builder.build();
    } catch (SSLException e) {
      throw new UncheckedIOException("TLS cannot be set up", e);
    }
  }
}
