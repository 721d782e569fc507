package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What bad input is answered, byte by byte over a socket; the README shows the table. */
@Timeout(60)
final class BadInputTest {
  record Item(String sku, int quantity) {
    Item {
      if (quantity < 1) {
        throw Problem.badField("quantity", quantity, "is out of range", "give 1 or more");
      }
    }
  }

  record Order(String customer, List<Item> items) {}

  record Search(String q, @Nullable Integer page) {}

  private static final Vertx VERTX = Baton.vertx();
  private static final int PORT = serve();

  private static int serve() {
    Pipeline<Exchange, Response> orders =
        Pipeline.of("orders", Parse.json(Order.class)).then(Respond.json());
    Pipeline<Exchange, Response> search =
        Pipeline.of("search", Parse.query(Search.class)).then(Respond.json());
    PipelineOptions options =
        new PipelineOptions().setMaxBodyBytes(1_000).setBodyTimeout(Duration.ofMillis(300));
    Router router = Router.router(VERTX);
    router.post("/orders").handler(Baton.handler(VERTX, orders, options).route());
    router.get("/search").handler(Baton.handler(VERTX, search).route());
    router
        .get("/broken")
        .handler(
            routing -> {
              throw new IllegalStateException("secret");
            });
    return VERTX
        .createHttpServer()
        .requestHandler(Baton.problems(router))
        .listen(0, "127.0.0.1")
        .await()
        .actualPort();
  }

  @AfterAll
  static void close() {
    VERTX.close().await();
  }

  private record Answer(int status, String head, JsonObject body) {}

  @Test
  void shouldAnswerBadInputAsTheReadmeSays() throws IOException {
    Map<String, String> requests = new LinkedHashMap<>();
    String item = "{'sku':'tea','quantity':1}";
    String order = "{'customer':'Ada','items':[" + item + "]}";
    requests.put("malformed JSON", json("{'customer':'Ada',"));
    requests.put("empty body", json(""));
    requests.put("wrong type", json(order.replace(":1}", ":'two'}")));
    requests.put("wrong type of the whole", json("[]"));
    requests.put("missing field", json(order.replace("customer", "client")));
    requests.put("field is null", json(order.replace("'Ada'", "null")));
    requests.put("value out of range", json(order.replace(":1}", ":0}")));
    requests.put(
        "oversize body, announced",
        "POST /orders HTTP/1.1\r\ncontent-length: 1001\r\n" + end("x".repeat(1_001)));
    requests.put(
        "oversize body, chunked",
        "POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n"
            + end("400\r\n" + "x".repeat(1_024) + "\r\n0\r\n\r\n"));
    requests.put("nested too deep", json("{'x':" + "[".repeat(300) + "]".repeat(300) + "}"));
    requests.put("slow body", "POST /orders HTTP/1.1\r\ncontent-length: 9\r\nhost: x\r\n\r\n{");
    requests.put("wrong content type", json(order).replace("application/json", "text/plain"));
    requests.put("missing parameter", "GET /search HTTP/1.1\r\n" + end(""));
    requests.put("parameter of the wrong type", "GET /search?q=a&page=x HTTP/1.1\r\n" + end(""));
    requests.put("malformed encoding", "GET /search?q=%zz HTTP/1.1\r\n" + end(""));
    requests.put(
        "too many parameters", "GET /search?" + "q=a&".repeat(257) + " HTTP/1.1\r\n" + end(""));
    requests.put("unknown route", "GET /nowhere HTTP/1.1\r\n" + end(""));
    requests.put("wrong method", "PUT /orders HTTP/1.1\r\ncontent-length: 0\r\n" + end(""));
    requests.put("a handler that throws", "GET /broken HTTP/1.1\r\n" + end(""));

    var table = new StringBuilder("| request | status | `detail` |\n|---|---|---|\n");
    for (Map.Entry<String, String> request : requests.entrySet()) {
      Answer answer = send(request.getValue());
      assertThat(answer.head).as(request.getKey()).contains("application/problem+json");
      assertThat(answer.body.getInteger("status")).isEqualTo(answer.status);
      assertThat(answer.body.getString("requestId")).isNotBlank();
      assertThat(answer.body.encode()).doesNotContain("secret", "Exception", "\tat ");
      table.append(
          "| %s | %d | %s |%n"
              .formatted(request.getKey(), answer.status, answer.body.getString("detail")));
    }

    System.out.println(table);
    assertThat(Files.readString(Path.of("../README.md"))).contains(table);
  }

  @Test
  void shouldServeWhatIsRight() throws IOException {
    Answer answer = send(json("{'customer':'Ada','items':[]}"));

    assertThat(answer.status).isEqualTo(200);
    assertThat(answer.head).doesNotContain("x-request-id");
  }

  @Test
  void shouldNameTheAllowedMethodAndRepeatTheRequestId() throws IOException {
    Answer answer =
        send("PUT /orders HTTP/1.1\r\nx-request-id: a-1\r\ncontent-length: 0\r\n" + end(""));

    assertThat(answer.head).containsIgnoringCase("allow: POST").contains("x-request-id: a-1");
    assertThat(answer.body.getString("requestId")).isEqualTo("a-1");
  }

  @Test
  void shouldCloseTheConnectionOfASlowBody() throws IOException {
    // send() reads until the end of the stream; the request does not ask for it.
    Answer answer = send("POST /orders HTTP/1.1\r\ncontent-length: 9\r\nhost: x\r\n\r\n{");

    assertThat(answer.status).isEqualTo(408);
    assertThat(answer.head).contains("connection: close");
  }

  private static String json(String body) {
    String json = body.replace('\'', '"');
    return "POST /orders HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: "
        + json.length()
        + "\r\n"
        + end(json);
  }

  private static String end(String body) {
    return "host: x\r\nconnection: close\r\n\r\n" + body;
  }

  private static Answer send(String request) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = all.indexOf("\r\n\r\n");
      return new Answer(
          Integer.parseInt(all, 9, 12, 10),
          all.substring(0, end),
          new JsonObject(all.substring(end + 4)));
    }
  }
}
