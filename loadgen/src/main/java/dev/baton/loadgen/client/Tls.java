package dev.baton.loadgen.client;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.NetworkOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.values.Origin;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.NetUtil;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS of the client side: by OpenSSL where it is there for the system, else by the JDK. */
final class Tls {
  private Tls() {}

  static SslContext clientContext(LoadOptions options) {
    var builder =
        SslContextBuilder.forClient()
            .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK);
    var network = options.getNetwork();
    if (network.getCertificate() != null) {
      identify(builder, network.getCertificate(), network);
    }
    if (network.getTrusted() != null) {
      builder.trustManager(readable("--cacert", network.getTrusted()));
    }
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

  /** What speaks TLS on a connection to an origin. */
  static SslHandler handler(
      SslContext context, ByteBufAllocator alloc, Origin origin, @Nullable String serverName) {
    String name = serverName == null ? origin.host() : serverName;
    var handler = context.newHandler(alloc, name, origin.port());
    if (!NetUtil.isValidIpV4Address(name) && !NetUtil.isValidIpV6Address(name)) {
      // Left to themselves, the providers show no name without a dot.
      var parameters = handler.engine().getSSLParameters();
      parameters.setServerNames(List.of(sni(name)));
      handler.engine().setSSLParameters(parameters);
    }
    return handler;
  }

  /** Says why a handshake failed, and what to do about it. */
  static String describe(Throwable failure) {
    var root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof NotSslRecordException) {
      return "TLS: the server does not speak it here; is it http://?";
    }
    if (root instanceof GeneralSecurityException) {
      return "TLS: the certificate is not trusted: "
          + Connection.describe(root)
          + "; --cacert FILE trusts it, --insecure anybody";
    }
    return "TLS: " + Connection.describe(root);
  }

  private static SNIHostName sni(String name) {
    try {
      return new SNIHostName(name);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "host '" + name + "': cannot be shown to a TLS server; show another one by --sni", e);
    }
  }

  private static void identify(
      SslContextBuilder builder, Path certificate, NetworkOptions network) {
    var file = readable("--cert", certificate);
    String password = network.getKeyPassword();
    var key = network.getKey();
    try {
      if (certificate.toString().matches(".*\\.(p12|pfx)")) {
        char[] secret = password == null ? new char[0] : password.toCharArray();
        var store = KeyStore.getInstance(file, secret);
        var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, secret);
        builder.keyManager(factory);
      } else {
        builder.keyManager(file, key == null ? file : readable("--key", key), password);
      }
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--cert %s: cannot be used: %s; write certificate and key as PEM (PKCS #8), or both as"
                  .formatted(certificate, e.getMessage())
              + " PKCS #12, and name the password, if there is one",
          e);
    }
  }

  private static File readable(String option, Path file) {
    if (!Files.isReadable(file)) {
      throw new IllegalArgumentException(option + " " + file + ": cannot be read");
    }
    return file.toFile();
  }
}
