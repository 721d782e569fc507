package dev.baton.loadgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.server.NginxServer;
import dev.baton.loadgen.server.RawServer;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where connections go, and what nginx sees of them: it answers that, and the body is checked. */
@SuppressWarnings("NullAway.Init") // set before all tests
class NetworkIT {
  @TempDir static Path directory;
  private static NginxServer nginx;
  private static X509Bundle client;

  @BeforeAll
  static void start() throws Exception {
    var authority =
        new CertificateBuilder()
            .subject("CN=authority")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    var server =
        new CertificateBuilder()
            .subject("CN=shop.example")
            .addSanDnsName("shop.example")
            .buildIssuedBy(authority);
    client = new CertificateBuilder().subject("CN=somebody").buildIssuedBy(authority);
    write("ca.pem", authority.getCertificatePEM());
    write("server.pem", server.getCertificatePathPEM());
    write("server.key", server.getPrivateKeyPEM());
    write("client.pem", client.getCertificatePathPEM());
    write("client.key", client.getPrivateKeyPEM());
    try (var out = Files.newOutputStream(directory.resolve("client.p12"))) {
      client.toKeyStore("secret".toCharArray()).store(out, "secret".toCharArray());
    }
    nginx =
        NginxServer.start(
            directory,
            """
            ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key;
            ssl_client_certificate DIR/ca.pem; ssl_verify_client optional;
            server {
              listen 127.0.0.1:PORT ssl http2;
              return 200 "sni=$ssl_server_name host=$http_host client=$ssl_client_s_dn";
            }
            server {
              listen unix:DIR/socket;
              return 200 "unix host=$http_host auth=$http_authorization";
            }
            """);
  }

  private static void write(String file, String text) throws IOException {
    Files.writeString(directory.resolve(file), text);
  }

  @AfterAll
  static void stop() {
    if (nginx != null) {
      nginx.close();
    }
  }

  private static NetworkOptions network() {
    return new NetworkOptions().setTrusted(directory.resolve("ca.pem"));
  }

  private static void assertAnswered(String url, String answer, NetworkOptions network) {
    for (var protocol :
        url.startsWith("https") ? Protocol.values() : new Protocol[] {Protocol.HTTP1}) {
      var request = RequestSpec.get(url).withCheck(new ResponseCheck(Set.of(200), answer));
      assertOk(new LoadOptions().addRequest(request).setProtocol(protocol).setNetwork(network));
    }
  }

  private static void assertOk(LoadOptions options) {
    var report =
        LoadGenerator.create(
                options
                    .setRate(50)
                    .setConnections(2)
                    .setWarmup(Duration.ZERO)
                    .setDuration(Duration.ofMillis(200))
                    .setDrain(Duration.ofSeconds(20)))
            .run();
    assertThat(report.total().sent()).isPositive();
    assertThat(report.total().count(Outcome.OK))
        .as("%s", report.errorKinds())
        .isEqualTo(report.total().sent());
  }

  @Test
  void shouldConnectElsewhereThanTheUrlSays() {
    var redirect = NetworkOptions.Redirect.parse("shop.example:443:127.0.0.1:" + nginx.port());

    assertAnswered(
        "https://shop.example/",
        "sni=shop.example host=shop.example",
        network().addConnectTo(redirect));
  }

  @Test
  void shouldShowAnotherNameToTheServer() {
    String url = "https://127.0.0.1:" + nginx.port() + "/";

    assertAnswered(
        url,
        "sni=shop.example host=127.0.0.1:" + nginx.port(),
        network().setServerName("shop.example"));
  }

  @Test
  void shouldShowNamesWithoutADot() {
    var redirect = NetworkOptions.Redirect.parse("shop:443:127.0.0.1:" + nginx.port());

    for (var protocol : Protocol.values()) {
      var request =
          RequestSpec.get("https://shop/")
              .withCheck(new ResponseCheck(Set.of(200), "sni=shop host=shop client="));
      assertOk(
          new LoadOptions()
              .addRequest(request)
              .setProtocol(protocol)
              .setInsecure(true)
              .setNetwork(network().addConnectTo(redirect)));
    }
  }

  @Test
  void shouldSayWhoItIs() {
    String url = "https://127.0.0.1:" + nginx.port() + "/";
    var network = network().setServerName("shop.example");

    assertAnswered(
        url,
        "client=CN=somebody",
        new NetworkOptions(network)
            .setClientCertificate(
                directory.resolve("client.pem"), directory.resolve("client.key"), null));
    assertAnswered(
        url,
        "client=CN=somebody",
        new NetworkOptions(network)
            .setClientCertificate(directory.resolve("client.p12"), null, "secret"));
  }

  @Test
  void shouldSpeakOverAUnixSocket() {
    assertAnswered(
        "http://anything/",
        "unix host=anything",
        new NetworkOptions().setUnixSocket(directory.resolve("socket")));
  }

  @Test
  void shouldNotTrustWhomItWasNotTold() {
    var options =
        new LoadOptions()
            .addRequest(RequestSpec.get("https://127.0.0.1:" + nginx.port() + "/"))
            .setRate(50)
            .setWarmup(Duration.ZERO)
            .setDuration(Duration.ofMillis(100))
            .setUnreachableAllowed(true)
            .setNetwork(new NetworkOptions().setServerName("shop.example"));

    var report = LoadGenerator.create(options).run();

    assertThat(report.total().count(Outcome.OK)).isZero();
    assertThat(report.errorKinds().keySet())
        .isNotEmpty()
        .allMatch(kind -> kind.startsWith("TLS: the certificate is not trusted: "))
        .allMatch(kind -> kind.endsWith("--cacert FILE trusts it, --insecure anybody"));
  }

  @Test
  void shouldSayThatThereIsNoTls() {
    try (var server = RawServer.start((n, in, out) -> RawServer.write(out, "HTTP/1.1 400 no"))) {
      for (var protocol : Protocol.values()) {
        var options =
            new LoadOptions()
                .addRequest(RequestSpec.get("https://127.0.0.1:" + server.port() + "/"))
                .setProtocol(protocol);

        assertThatThrownBy(() -> LoadGenerator.create(options).run())
            .hasMessageContaining("no connection: TLS: the server does not speak it here");
      }
    }
  }

  @Test
  void shouldSayWhatIsWrongWithACertificate() {
    var network =
        network()
            .setClientCertificate(
                directory.resolve("client.pem"), directory.resolve("ca.pem"), null);
    var options =
        new LoadOptions()
            .addRequest(RequestSpec.get("https://127.0.0.1:" + nginx.port() + "/"))
            .setNetwork(network);

    assertThatThrownBy(() -> LoadGenerator.create(options).run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("client.pem: cannot be used");
    assertThatThrownBy(() -> NetworkOptions.Redirect.parse("a:b"))
        .hasMessageContaining("write HOST1:PORT1:HOST2:PORT2");
    assertThat(NetworkOptions.Redirect.parse("[::1]::[::2]:81"))
        .isEqualTo(new NetworkOptions.Redirect("::1", 0, "::2", 81));
  }
}
