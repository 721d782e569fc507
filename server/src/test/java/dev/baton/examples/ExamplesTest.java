package dev.baton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Response;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each example does what it says. */
@Timeout(30)
final class ExamplesTest {
  private static final Vertx VERTX = Baton.vertx();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir static Path directory;

  @AfterAll
  static void close() {
    CLIENT.close();
    VERTX.close().await();
  }

  @Test
  void shouldGreetTheWorld() throws Exception {
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    System.setProperty("port", Integer.toString(port));
    HelloWorld.main(new String[0]);

    assertThat(get(port, "/?name=Ada").body()).isEqualTo("hello Ada");
    assertThat(get(port, "/").statusCode()).isEqualTo(400);
  }

  @Test
  void shouldBindJsonToARecord() throws Exception {
    int port = serve(Examples.json());

    assertThat(
            post(port, "{\"customer\":\"Ada\",\"items\":[{\"sku\":\"tea\",\"quantity\":2}]}")
                .body())
        .isEqualTo("{\"customer\":\"Ada\",\"pieces\":2}");
    assertThat(
            post(port, "{\"customer\":\"Ada\",\"items\":[{\"sku\":\"tea\",\"quantity\":0}]}")
                .body())
        .contains("items[0].quantity=0 is out of range: give 1 or more");
  }

  @Test
  void shouldBindParameters() throws Exception {
    assertThat(get(serve(Examples.query()), "/?q=green+tea&page=2").body())
        .isEqualTo("[\"green tea\",2]");
    assertThat(post(serve(Examples.form()), "user=Ada&password=x", "form").body())
        .isEqualTo("welcome Ada");
    Router router = Router.router(VERTX);
    router.get("/users/:id").handler(Baton.handler(VERTX, Examples.path()).route());
    assertThat(get(listen(router), "/users/4%202").body()).isEqualTo("{\"id\":\"4 2\"}");
  }

  @Test
  void shouldRunEachKindOfStage() throws Exception {
    assertThat(get(serve(Examples.kinds(VERTX)), "/?name=a").body()).isEqualTo("a!?!");
  }

  @Test
  void shouldStream() throws Exception {
    String body = "x".repeat(300_000);

    assertThat(post(serve(Examples.echo()), body).body()).isEqualTo(body);
    Path file = directory.resolve("uploaded");
    assertThat(post(serve(Examples.upload(VERTX, file)), body).statusCode()).isEqualTo(204);
    assertThat(Files.readString(file)).isEqualTo(body);
    assertThat(get(serve(Examples.written()), "/?n=3").body()).isEqualTo("0\n1\n2\n");
  }

  @Test
  void shouldSendFiles() throws IOException, InterruptedException {
    Files.writeString(directory.resolve("a.txt"), "file");
    Router router = Router.router(VERTX);
    router.get("/:name").handler(Baton.handler(VERTX, Examples.file(directory)).route());
    int port = listen(router);

    HttpResponse<String> file = get(port, "/a.txt");

    assertThat(file.body()).isEqualTo("file");
    assertThat(file.headers().firstValue("content-type")).hasValue("text/plain");
    assertThat(get(port, "/b.txt").statusCode()).isEqualTo(404);
    assertThat(get(port, "/..%2Fa").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldMapErrors() throws Exception {
    int port = serve(Examples.errors());

    assertThat(get(port, "/?n=x").statusCode()).isEqualTo(422);
    assertThat(get(port, "/?n=x").body()).isEqualTo("no number");
    assertThat(get(port, "/").headers().firstValue("content-type"))
        .hasValue("application/problem+json");
  }

  @Test
  void shouldKeepLimits() throws Exception {
    PipelineOptions limits = new PipelineOptions(Examples.limits().toJson());
    int port = listen(Baton.handler(VERTX, Examples.kinds(VERTX), limits));
    assertThat(get(port, "/?name=a").body()).isEqualTo("a!?!");

    limits.getStages().values().forEach(stage -> stage.setCapacity(1));
    assertThat(limits.toJson().getInteger("maxBodyBytes")).isEqualTo(65_536);
  }

  @Test
  void shouldServeBesideARouter() throws Exception {
    int port = listen(Examples.router(VERTX));

    assertThat(get(port, "/hello").body()).isEqualTo("hello");
    assertThat(get(port, "/users/7").body()).isEqualTo("{\"id\":\"7\"}");
    assertThat(get(port, "/nowhere").body())
        .contains("\"detail\":\"path=/nowhere is unknown: ask for one that is known\"");
    assertThat(get(port, "/orders").statusCode()).isEqualTo(405);
    List<StageSnapshot> price =
        dev.baton.server.Pipelines.of(VERTX).snapshots().stream()
            .filter(stage -> stage.stage().equals("price"))
            .toList();
    assertThat(price).anyMatch(stage -> stage.capacity() == 256);
  }

  private static int serve(Pipeline<Exchange, Response> pipeline) {
    return listen(Baton.handler(VERTX, pipeline));
  }

  private static int listen(Handler<HttpServerRequest> handler) {
    return VERTX
        .createHttpServer()
        .requestHandler(handler)
        .listen(0, "localhost")
        .await()
        .actualPort();
  }

  private static HttpResponse<String> get(int port, String path)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
    while (true) {
      try {
        return CLIENT.send(request, BodyHandlers.ofString());
      } catch (ConnectException notYet) {
        Thread.sleep(10);
      }
    }
  }

  private static HttpResponse<String> post(int port, String body)
      throws IOException, InterruptedException {
    return post(port, body, "json");
  }

  private static HttpResponse<String> post(int port, String body, String type)
      throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/"))
            .header(
                "content-type",
                type.equals("json") ? "application/json" : "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }
}
