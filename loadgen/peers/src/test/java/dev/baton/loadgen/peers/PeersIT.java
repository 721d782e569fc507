package dev.baton.loadgen.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.peers.service.Answer;
import dev.baton.loadgen.peers.service.Service;
import dev.baton.server.main.DemoService;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every peer gives the answers of the shared service, and those are Baton's demo service's. */
class PeersIT {
  private static final String ORDER =
      "{\"customer\":\"Ada Ü\",\"note\":1,\"items\":["
          + "{\"sku\":\"tea-1\",\"quantity\":2,\"unitPriceCents\":450},"
          + "{\"sku\":\"cup\",\"quantity\":1,\"unitPriceCents\":1299}]}";

  private record Request(String method, String path, String body, int status) {}

  private static final List<Request> REQUESTS =
      List.of(
          new Request("GET", "/fast", "", 200),
          new Request("GET", "/block/0", "", 200),
          new Request("GET", "/block/20", "", 200),
          new Request("GET", "/native/20", "", 200),
          new Request("GET", "/cpu/0", "", 200),
          new Request("GET", "/cpu/1000", "", 200),
          new Request("POST", "/orders", ORDER, 200),
          new Request("POST", "/orders", "{\"customer\":", 400),
          new Request("POST", "/orders", "{\"customer\":\"Ada\"}", 400),
          new Request("POST", "/orders", "", 400),
          new Request("GET", "/orders", "", 405),
          new Request("DELETE", "/fast", "", 405),
          new Request("GET", "/block/x", "", 400),
          new Request("GET", "/block/60001", "", 400),
          new Request("GET", "/nothing", "", 404),
          new Request("GET", "/fast/1", "", 404));

  @ParameterizedTest
  @EnumSource
  void shouldAnswerWhatTheServiceSays(Peer peer) throws Exception {
    int port = freePort();

    try (var _ = peer.start("127.0.0.1", port);
        var client = client()) {
      for (var request : REQUESTS) {
        var response = send(client, port, request);

        Answer expected = answer(request);
        assertThat(response.statusCode()).as("%s", request).isEqualTo(request.status());
        assertThat(response.body()).as("%s", request).isEqualTo(expected.body());
        assertThat(response.headers().firstValue("content-type"))
            .as("%s", request)
            .hasValue(expected.contentType());
        assertThat(response.headers().firstValue("content-length"))
            .as("%s", request)
            .hasValue(Integer.toString(expected.body().length));
      }
    }
  }

  @Test
  void shouldAnswerAsTheDemoServiceDoes() throws Exception {
    var vertx = Vertx.vertx();
    var demo = new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    vertx.deployVerticle(demo).await();

    try (var client = client()) {
      for (var request : REQUESTS) {
        var response = send(client, demo.actualPort(), request);

        Answer ours = answer(request);
        assertThat(ours.status()).as("%s", request).isEqualTo(response.statusCode());
        if (ours.status() == 200) {
          assertThat(new String(ours.body(), UTF_8))
              .as("%s", request)
              .isEqualTo(new String(response.body(), UTF_8));
          assertThat(response.headers().firstValue("content-type"))
              .as("%s", request)
              .hasValue(ours.contentType());
        }
      }
    } finally {
      vertx.close().await();
    }
  }

  @Test
  void shouldNameThePeersThereAre() {
    assertThatThrownBy(() -> Peer.of("tomcat"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'tomcat'")
        .hasMessageContaining("undertow");
  }

  private static Answer answer(Request request) {
    return Service.answer(request.method(), request.path(), request.body().getBytes(UTF_8));
  }

  private static HttpClient client() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  private static HttpResponse<byte[]> send(HttpClient client, int port, Request request)
      throws IOException, InterruptedException {
    var uri = URI.create("http://127.0.0.1:" + port + request.path());
    var publisher =
        request.method().equals("POST")
            ? BodyPublishers.ofString(request.body())
            : BodyPublishers.noBody();
    return client.send(
        HttpRequest.newBuilder(uri).method(request.method(), publisher).build(),
        BodyHandlers.ofByteArray());
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
