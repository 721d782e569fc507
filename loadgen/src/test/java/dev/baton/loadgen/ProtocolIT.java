package dev.baton.loadgen;

import static dev.baton.loadgen.server.RawServer.request;
import static dev.baton.loadgen.server.RawServer.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.server.GeneratorProcess;
import dev.baton.loadgen.server.Http2Server;
import dev.baton.loadgen.server.LawServer;
import dev.baton.loadgen.server.NginxServer;
import dev.baton.loadgen.server.RawServer;
import io.netty.pkitesting.CertificateBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is legal in HTTP is no error, and both versions say the same to a server. */
class ProtocolIT {
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  @TempDir Path directory = Path.of("");

  private static LoadOptions options(RequestSpec request) {
    return new LoadOptions()
        .addRequest(request)
        .setConnections(4)
        .setRate(200)
        .setWarmup(Duration.ZERO)
        .setDuration(Duration.ofMillis(500))
        .setDrain(Duration.ofSeconds(20))
        .setTimeout(Duration.ofSeconds(20));
  }

  private static LoadOptions closed(String url) {
    return options(RequestSpec.get(url)).setClosedLoop(true);
  }

  private static LoadReport assertNoErrors(LoadOptions options) {
    var report = LoadGenerator.create(options).run();
    assertThat(report.errorKinds()).isEmpty();
    assertThat(report.total().count(Outcome.OK)).isEqualTo(report.total().scheduled()).isPositive();
    return report;
  }

  private static RequestSpec expecting(String url, String body) {
    return RequestSpec.get(url).withCheck(new ResponseCheck(Set.of(200), body));
  }

  @Test
  void shouldTakeTheEndOfTheConnectionForTheEndOfABody() {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              request(in);
              write(out, OK + "content-type: text/plain\r\n\r\nhello");
            })) {
      assertNoErrors(closed(server.url("/")));
      assertNoErrors(options(expecting(server.url("/"), "hello")));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "DELETE"})
  void shouldSendAgainWhatAnIdleConnectionLost(String method) {
    try (var server = RawServer.start(ProtocolIT::answerOnceAndClose)) {
      var request = RequestSpec.get(server.url("/")).withMethod(method);

      var report = assertNoErrors(options(request).setClosedLoop(true));

      assertThat(report.connections().resent())
          .containsOnlyKeys("connection closed by the server before an answer");
    }
  }

  @Test
  void shouldNotSendTwiceWhatMustNotBe() {
    try (var server = RawServer.start(ProtocolIT::answerOnceAndClose)) {
      var request = RequestSpec.get(server.url("/")).withMethod("POST").withBody("x");

      var report = LoadGenerator.create(options(request).setClosedLoop(true)).run();

      assertThat(report.connections().resent()).isEmpty();
      assertThat(report.errorKinds().keySet())
          .allMatch(kind -> kind.endsWith(", not to be sent twice"))
          .isNotEmpty();
      assertThat(report.total().count(Outcome.OK)).isPositive();
    }
  }

  /** Keeps the connection open, as it says, but not for long. */
  private static void answerOnceAndClose(int connection, InputStream in, OutputStream out)
      throws Exception {
    request(in);
    write(out, OK + "content-length: 2\r\n\r\nok");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldFindTextAcrossTheEndsOfChunksAndSegments(boolean chunked) {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              byte[] body = "viele Grüße".getBytes(StandardCharsets.UTF_8);
              while (request(in) != null) {
                write(out, OK + (chunked ? "transfer-encoding: chunked" : "content-length: 13"));
                write(out, "\r\n\r\n");
                for (byte b : body) {
                  write(out, chunked ? "1\r\n" : "");
                  out.write(b);
                  write(out, chunked ? "\r\n" : "");
                }
                write(out, chunked ? "0\r\n\r\n" : "");
              }
            })) {
      assertNoErrors(options(expecting(server.url("/"), "Grüße")));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldReplaceConnectionsThatAServerGivesUp(boolean secure) throws Exception {
    var certificate =
        new CertificateBuilder()
            .subject("CN=localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    Files.writeString(directory.resolve("cert.pem"), certificate.getCertificatePEM());
    Files.writeString(directory.resolve("key.pem"), certificate.getPrivateKeyPEM());
    try (var nginx =
        NginxServer.start(
            directory,
            """
            ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/key.pem;
            server { listen 127.0.0.1:PORT%s http2; keepalive_requests 100; return 200 ok; }
            """
                .formatted(secure ? " ssl" : ""))) {
      String url = (secure ? "https" : "http") + "://127.0.0.1:" + nginx.port() + "/";
      var get = options(RequestSpec.get(url)).setProtocol(Protocol.HTTP2).setInsecure(true);

      var closed = assertNoErrors(new LoadOptions(get).setClosedLoop(true));
      var open = assertNoErrors(new LoadOptions(get).setRate(1_000));

      // In both more than the 400 that the first four connections are good for.
      assertThat(closed.connections().opened()).isGreaterThan(4);
      assertThat(open.connections().opened()).isGreaterThan(4);
    }
  }

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldAskForTheSameInBothVersions(Protocol protocol) {
    String http2 = protocol == Protocol.HTTP2 ? " http2" : "";
    try (var nginx =
        NginxServer.start(
            directory,
            """
            server { listen 127.0.0.1:PORT%1$s default_server; return 200 "other $host"; }
            server {
              listen 127.0.0.1:PORT%1$s;
              server_name virt.example;
              return 200 "$host $request_uri $http_x_name $http_cookie $http_authorization";
            }
            """
                .formatted(http2))) {
      String url = "http://user:pass%20word@127.0.0.1:" + nginx.port() + "/log?grüße=日本";
      var request =
          expecting(
                  url,
                  "virt.example /log?gr%C3%BC%C3%9Fe=%E6%97%A5%E6%9C%AC Grüße a=1; b=2"
                      + " Basic dXNlcjpwYXNzIHdvcmQ=")
              .withHeaders(Map.of("Host", "virt.example", "x-name", "Grüße", "cookie", "a=1; b=2"));

      assertNoErrors(options(request).setProtocol(protocol));
    }
  }

  @Test
  void shouldReachNamesThatAreNoneOfTheDns() {
    try (var nginx =
        NginxServer.start(
            directory, "server { listen 127.0.0.1:PORT; return 200 \"host=$http_host\"; }")) {
      var network =
          new NetworkOptions()
              .addConnectTo(
                  NetworkOptions.Redirect.parse("my_service:8080:127.0.0.1:" + nginx.port()));

      assertNoErrors(
          options(expecting("http://my_service:8080/", "host=my_service:8080"))
              .setNetwork(network));
    }
  }

  @Test
  void shouldTryAllAddressesOfAHost() throws Exception {
    var hosts =
        Files.writeString(
            directory.resolve("hosts"), "127.0.0.1 two_addresses\n127.0.0.2 two_addresses\n");
    try (var server = RawServer.start("127.0.0.2", ProtocolIT::answerAll);
        var generator =
            GeneratorProcess.start(
                List.of("env", "JAVA_TOOL_OPTIONS=-Djdk.net.hosts.file=" + hosts),
                "run",
                "http://two_addresses:" + server.port() + "/",
                "--rate=100",
                "--warmup=0",
                "--duration=300ms",
                "--no-rehearsal",
                "--quiet",
                "--fail-if=errors>0%")) {
      // A busy machine may make the generator late; it may not make anything fail.
      assertThat(generator.await()).as(generator.output()).isIn(0, 2);
      assertThat(generator.output()).doesNotContain("FAILED");
    }
  }

  private static void answerAll(int connection, InputStream in, OutputStream out) throws Exception {
    while (request(in) != null) {
      write(out, OK + "content-length: 2\r\n\r\nok");
    }
  }

  @Test
  void shouldTakeAChangeOfProtocolForAnAnswer() {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              request(in);
              write(out, "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n");
              write(out, "connection: upgrade\r\n\r\n\0\1\2");
              in.read();
            })) {
      var report = assertNoErrors(options(RequestSpec.get(server.url("/"))));

      assertThat(report.total().response().count()).isEqualTo(report.total().scheduled());
    }
  }

  @Test
  void shouldNotLimitHowMuchAServerMaySend() {
    try (var server = Http2Server.start(false)) {
      assertNoErrors(options(expecting(server.url("/window"), "wide")).setProtocol(Protocol.HTTP2));
    }
  }

  @Test
  void shouldUseThePlaceOfAConnectionThatHangsAgain() throws Exception {
    try (var server = Http2Server.start(false)) {
      int port = Integer.parseInt(server.url("").replaceAll(".*:", ""));
      try (var proxy = RawServer.start((n, in, out) -> passAllButTheFirst(n, in, out, port))) {
        var options =
            options(RequestSpec.get(proxy.url("/")))
                .setConnections(2)
                .setDepth(1)
                .setProtocol(Protocol.HTTP2)
                .setTimeout(Duration.ofMillis(300))
                .setDuration(Duration.ofSeconds(1))
                .setDrain(Duration.ofSeconds(1));

        var report = LoadGenerator.create(options).run();

        assertThat(report.connections().failures()).containsKey("timeout while connecting");
        assertThat(proxy.connections()).isGreaterThan(2);
        assertThat(report.total().count(Outcome.OK)).isPositive();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldUseThePlaceOfAHandshakeThatHangsAgain(Protocol protocol) {
    try (var server =
        RawServer.start((n, in, out) -> in.transferTo(OutputStream.nullOutputStream()))) {
      var request = RequestSpec.get(server.url("/").replace("http:", "https:"));
      var options =
          options(request)
              .setProtocol(protocol)
              .setConnections(2)
              .setUnreachableAllowed(true)
              .setTimeout(Duration.ofMillis(200))
              .setDuration(Duration.ofSeconds(1))
              .setDrain(Duration.ofSeconds(1));

      var report = LoadGenerator.create(options).run();

      assertThat(report.connections().failures()).containsKey("timeout while connecting");
      assertThat(server.connections()).isGreaterThan(2);
      assertThat(report.total().count(Outcome.OK)).isZero();
    }
  }

  private static void passAllButTheFirst(int n, InputStream in, OutputStream out, int port)
      throws Exception {
    if (n == 0) {
      in.transferTo(OutputStream.nullOutputStream());
      return;
    }
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      var back =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      socket.getInputStream().transferTo(out);
                    } catch (IOException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
      in.transferTo(socket.getOutputStream());
      back.join();
    }
  }

  @Test
  void shouldRefuseWhatHttp2CannotSay() {
    var request = RequestSpec.get("http://127.0.0.1:1/").withHeaders(Map.of("upgrade", "x"));

    assertThatThrownBy(
            () -> LoadGenerator.create(options(request).setProtocol(Protocol.HTTP2)).run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("header 'upgrade': HTTP/2 has no such header");
  }

  // What others got wrong.

  /** Source: gatling#3833, gatling#3609: retried whatever the connection had been used for. */
  @Test
  void shouldCallTheLossOfAFreshConnectionAnError() {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              request(in);
            })) {
      var report = LoadGenerator.create(options(RequestSpec.get(server.url("/")))).run();

      assertThat(report.total().count(Outcome.CONNECT_ERROR)).isEqualTo(report.total().sent());
      assertThat(report.connections().resent()).isEmpty();
    }
  }

  /** Source: gatling#3607: a request that was sent again ended twice. */
  @Test
  void shouldEndARequestThatWasSentAgainOnce() {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              if (n < 4) {
                answerOnceAndClose(n, in, out);
              } else {
                in.transferTo(OutputStream.nullOutputStream());
              }
            })) {
      var report =
          LoadGenerator.create(closed(server.url("/")).setTimeout(Duration.ofMillis(200))).run();

      var total = report.total();
      assertThat(report.connections().resent()).isNotEmpty();
      assertThat(total.sent())
          .isEqualTo(
              total.count(Outcome.OK)
                  + total.count(Outcome.TIMEOUT)
                  + total.count(Outcome.UNFINISHED));
    }
  }

  /** Source: nghttp2#2090: h2load sent an IPv6 literal without its brackets. */
  @Test
  void shouldSendBracketsWithTheHostOfAnIpv6Literal() throws Exception {
    try (var server =
        RawServer.start(
            "::1",
            (n, in, out) -> {
              for (String head = request(in); head != null; head = request(in)) {
                boolean good = head.toLowerCase(Locale.ROOT).contains("host: [::1]:");
                write(out, OK + "content-length: 2\r\n\r\n" + (good ? "ok" : "no"));
              }
            })) {
      assertNoErrors(options(expecting("http://[::1]:" + server.port() + "/", "ok")));
    } catch (UncheckedIOException e) {
      assumeTrue(false, "there is no IPv6 here: " + e.getMessage());
    }
  }

  /**
   * Source: nghttp2#372: the ends of connections that had done their number of requests were
   * errors.
   */
  @Test
  void shouldNotMindThatConnectionsEnd() {
    try (var nginx =
        NginxServer.start(
            directory,
            "server { listen 127.0.0.1:PORT; keepalive_requests 10; location / { return 200 ok;"
                + " } }")) {
      var report = assertNoErrors(closed("http://127.0.0.1:" + nginx.port() + "/"));

      assertThat(report.connections().opened()).isGreaterThan(4);
    }
  }

  /** Source: nghttp2#2896: -H 'host: …' was sent beside another :authority. */
  @Test
  void shouldNotLetHostAndAuthorityDisagree() {
    try (var server = Http2Server.start(false)) {
      var request =
          expecting(server.url("/authority"), "authority=virt.example host=null")
              .withHeaders(Map.of("host", "virt.example"));

      assertNoErrors(options(request).setProtocol(Protocol.HTTP2));
    }
  }

  /** Source: k6#1094: a wrong content-length was sent by one version and refused by the other. */
  @ParameterizedTest
  @EnumSource(Protocol.class)
  void shouldRefuseALengthThatIsNotTheBodys(Protocol protocol) {
    var request =
        RequestSpec.get("http://127.0.0.1:1/")
            .withMethod("POST")
            .withBody("hello")
            .withHeaders(Map.of("Content-Length", "3"));

    assertThatThrownBy(() -> LoadGenerator.create(options(request).setProtocol(protocol)).run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("content-length '3': the body has 5 bytes");
  }

  /** Source: fortio#972: without keep-alive, the end of the connection was an error. */
  @Test
  void shouldNotMindTheEndOfConnectionsThatAreUsedOnce() {
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              request(in);
              write(out, OK + "connection: close\r\n\r\nhello");
            })) {
      assertNoErrors(options(expecting(server.url("/"), "hello")).setNewConnections(true));
    }
  }

  /** Source: wrk2#5: with -H 'Connection: close' latencies of 9.2e15 ms, and errors. */
  @Test
  void shouldNotMindThatItIsToldToCloseConnections() {
    try (var nginx =
        NginxServer.start(directory, "server { listen 127.0.0.1:PORT; return 200 ok; }")) {
      var get =
          options(expecting("http://127.0.0.1:" + nginx.port() + "/", "ok"))
              .setRequests(
                  List.of(
                      expecting("http://127.0.0.1:" + nginx.port() + "/", "ok")
                          .withHeaders(Map.of("Connection", "close"))));

      var open = assertNoErrors(new LoadOptions(get));
      var closed = assertNoErrors(new LoadOptions(get).setClosedLoop(true));

      assertThat(open.connections().opened()).isGreaterThanOrEqualTo(open.total().sent());
      assertThat(open.connections().resent()).isEmpty();
      assertThat(closed.total().response().maxMillis()).isLessThan(60_000);
      assertThat(closed.connections().resent()).isEmpty();
    }
  }

  /** Source: Hyperfoil#19: "Too long header line" where a response came in large pieces. */
  @Test
  void shouldReadHeadersAsLongAsServersSendThem() {
    String cookie = "x".repeat(32_000);
    try (var server =
        RawServer.start(
            (n, in, out) -> {
              while (request(in) != null) {
                write(out, OK + "set-cookie: " + cookie + "\r\ncontent-length: 2\r\n\r\nok");
              }
            })) {
      assertNoErrors(options(expecting(server.url("/"), "ok")));
    }
  }

  /** Source: Hyperfoil#524: redirects that nobody wants to follow were errors. */
  @Test
  void shouldTakeARedirectForAnAnswer() {
    try (var server = LawServer.start()) {
      var request =
          RequestSpec.get(server.url("/status/302")).withCheck(new ResponseCheck(Set.of(302), ""));

      assertNoErrors(options(RequestSpec.get(server.url("/status/302"))));
      assertNoErrors(options(request));
    }
  }
}
