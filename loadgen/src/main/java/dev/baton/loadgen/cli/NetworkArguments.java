package dev.baton.loadgen.cli;

import dev.baton.loadgen.NetworkOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where connections go and who the client is. */
final class NetworkArguments {
  @Option(
      names = "--connect-to",
      paramLabel = "HOST1:PORT1:HOST2:PORT2",
      description =
          "Connect to HOST2:PORT2 instead of HOST1:PORT1; any of the four may be empty. Host header"
              + " and TLS stay those of the URL. Repeatable.")
  List<String> connectTo = new ArrayList<>();

  @Option(
      names = "--unix",
      paramLabel = "PATH",
      description = "Connect to this Unix domain socket, whatever host the URL names.")
  @Nullable Path unix;

  @Option(
      names = "--sni",
      paramLabel = "NAME",
      description = "Show this name to TLS servers instead of the host of the URL.")
  @Nullable String sni;

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      description = "Certificate of the client: PEM, or PKCS #12 (.p12, .pfx) with its key.")
  @Nullable Path certificate;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "Key of the client's certificate: PEM, PKCS #8.")
  @Nullable Path key;

  @Option(names = "--key-password", paramLabel = "TEXT", description = "Password of the key.")
  @Nullable String keyPassword;

  @Option(
      names = "--cacert",
      paramLabel = "FILE",
      description = "Trust servers by these certificates (PEM) instead of the JDK's.")
  @Nullable Path trusted;

  @Option(
      names = "--auth",
      paramLabel = "USER:PASSWORD",
      description =
          "Authorize all requests: 'user:password' (Basic), or a scheme and its credentials, as in"
              + " 'Bearer TOKEN'.")
  @Nullable String auth;

  NetworkOptions options() {
    var options =
        new NetworkOptions()
            .setServerName(sni)
            .setUnixSocket(unix)
            .setClientCertificate(certificate, key, keyPassword)
            .setTrusted(trusted);
    connectTo.forEach(text -> options.addConnectTo(NetworkOptions.Redirect.parse(text)));
    if (key != null && certificate == null) {
      throw new IllegalArgumentException("--key: belongs to a certificate; name it with --cert");
    }
    if (unix != null && !connectTo.isEmpty()) {
      throw new IllegalArgumentException("--unix and --connect-to: give one of them");
    }
    return options;
  }

  /** The value of the authorization header; null for none. */
  @Nullable String authorization() {
    if (auth == null) {
      return null;
    }
    if (auth.matches("[A-Za-z]+ .+")) {
      return auth;
    }
    if (auth.indexOf(':') < 1) {
      throw new IllegalArgumentException(
          "--auth: write 'user:password', or a scheme and its credentials, as in 'Bearer TOKEN'");
    }
    byte[] bytes = auth.getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(bytes);
  }
}
