package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.server.BatonOptions;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom the management port answers. */
@Timeout(60)
final class GateTest {
  private static final String TOKEN = "0123456789abcdef";

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "LocalHost:9090, 200",
    "127.0.0.1:80, 200",
    "[::1]:9090, 200",
    "10.1.2.3, 200", // behind a forwarded port; no page of the web has an address for a name
    "baton.internal, 200",
    "evil.example, 421",
    "localhost.evil.example:9090, 421",
    "127.0.0.1.evil.example, 421",
  })
  void shouldBeAskedByNamesItKnows(String host, int status) throws Exception {
    var options = new ManagementOptions().setNames(List.of("Baton.Internal"));
    try (Watched watched = Watched.start(new BatonOptions(), options)) {
      for (String path : List.of("/metrics", "/baton", "/baton/api", "/health/ready")) {
        assertThat(status(watched, "GET " + path, "Host: " + host)).as(path).isEqualTo(status);
      }
    }
  }

  @Test
  void shouldSayWhichNameItDoesNotKnow() throws Exception {
    try (Watched watched = Watched.start()) {
      String response = ask(watched, "GET /baton/api", "Host: evil.example");

      assertThat(response)
          .contains("421 ", "application/problem+json", "evil.example", "--management-names");
    }
  }

  @Test
  void shouldKnowItsOwnNameOffLoopback() throws Exception {
    var options = new ManagementOptions().setHost("0.0.0.0");
    String own = InetAddress.getLocalHost().getHostName();
    try (Watched watched = Watched.start(new BatonOptions(), options)) {
      assertThat(status(watched, "GET /metrics", "Host: " + own)).isEqualTo(200);
      assertThat(status(watched, "GET /metrics", "Host: evil.example")).isEqualTo(421);
    }
  }

  @Test
  void shouldBeReadOnlyOffLoopbackWhateverItIsTold() throws Exception {
    var options = new ManagementOptions().setHost("0.0.0.0").setWritable(true);
    try (Watched watched = Watched.start(new BatonOptions(), options)) {
      for (String path : List.of("/baton/api/policy", "/baton/api/enclaves")) {
        assertThat(ask(watched, "PUT " + path, "Content-Length: 0"))
            .as(path)
            .contains("403 ", "is for a port on loopback", "listen on 127.0.0.1");
        assertThat(status(watched, "GET " + path, "")).isEqualTo(200);
      }
    }
  }

  @Test
  void shouldAskForTheTokenEverywhereButOfProbes() throws Exception {
    var options = new ManagementOptions().setToken(TOKEN);
    String basic = basic("anybody:" + TOKEN);
    try (Watched watched = Watched.start(new BatonOptions(), options)) {
      assertThat(status(watched, "GET /health/live", "")).isEqualTo(200);
      for (String path : List.of("/", "/metrics", "/baton", "/baton/events", "/baton/api/loops")) {
        assertThat(ask(watched, "HEAD " + path, ""))
            .contains("401 ")
            .containsIgnoringCase("www-authenticate: Basic");
        assertThat(status(watched, "HEAD " + path, "Authorization: Bearer " + TOKEN))
            .isEqualTo(200);
        assertThat(status(watched, "HEAD " + path, "Authorization: " + basic)).isEqualTo(200);
      }
    }
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer",
        "Bearer ",
        "Bearer 0123456789abcde",
        "Bearer 0123456789abcdef0",
        "Basic !",
        "Basic MDEyMzQ1Njc4OWFiY2RlZjo=", // the token as user, without password
        "Digest 0123456789abcdef",
        "0123456789abcdef"
      })
  void shouldRefuseAnyOtherToken(String authorization) throws Exception {
    var options = new ManagementOptions().setToken(TOKEN);
    try (Watched watched = Watched.start(new BatonOptions(), options)) {
      assertThat(status(watched, "GET /metrics", "Authorization: " + authorization)).isEqualTo(401);
    }
  }

  @Test
  void shouldRefuseATokenThatCouldBeGuessedWithoutRepeatingIt() {
    assertThatThrownBy(() -> new ManagementOptions().setToken("secret"))
        .hasMessageContaining("6 characters")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/metrics",
        "/baton",
        "/baton/events",
        "/baton/api",
        "/baton/api/workers",
        "/nowhere"
      })
  void shouldAnswerHeadAsGetWithoutBody(String path) throws Exception {
    try (Watched watched = Watched.start()) {
      String head = ask(watched, "HEAD " + path, "");

      assertThat(head.indexOf("\r\n\r\n")).isEqualTo(head.length() - 4);
      assertThat(head).containsIgnoringCase("content-type: ");
      assertThat(head).contains(path.equals("/nowhere") ? " 404 " : " 200 ");
    }
  }

  @Test
  void shouldSayWhichPortIsInUse() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> ManagementServer.start(taken.getLocalPort(), vertx))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the management port")
          .hasMessageContaining("127.0.0.1 port " + taken.getLocalPort())
          .hasMessageContaining("choose another port");
    } finally {
      vertx.close().await();
    }
  }

  private static int status(Watched watched, String line, String header) throws IOException {
    return Integer.parseInt(ask(watched, line, header).substring("HTTP/1.1 ".length(), 12));
  }

  /** Java's own client lets nobody choose the host. */
  private static String ask(Watched watched, String line, String header) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), watched.management.port())) {
      String host = header.startsWith("Host:") ? "" : "Host: localhost\r\n";
      String more = header.isEmpty() ? "" : header + "\r\n";
      String request = line + " HTTP/1.1\r\nConnection: close\r\n" + host + more + "\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void shouldTellBothProbesThatAllIsWell() throws Exception {
    try (Watched watched = Watched.start()) {
      var up = new JsonObject().put("status", "UP");

      assertThat(watched.json("/health/live")).isEqualTo(up);
      assertThat(watched.json("/health/ready")).isEqualTo(up);
    }
  }
}
