package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.baton.server.logging.LogCapture;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DemoServiceTest {
  private static final Vertx VERTX = Vertx.vertx();
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final DemoService SERVICE = service();
  private static final String ITEM = "{'sku':'tea-1','quantity':2,'unitPriceCents':450}";

  private static DemoService service() {
    return new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
  }

  @BeforeAll
  static void deploy() {
    VERTX.deployVerticle(SERVICE).await();
  }

  @AfterAll
  static void close() {
    CLIENT.close();
    VERTX.close().await();
  }

  @Test
  void shouldLinkEachPlainRouteFromThePage() throws Exception {
    HttpResponse<String> page = get("/");

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
    assertThat(page.body()).doesNotContain("https://", "<script src", "@import");
    Stream.of("fast", "block", "native", "cpu", "file", "timer", "stream", "fail")
        .forEach(name -> assertThat(page.body()).contains("href=\"/" + name));
    assertThat(page.body()).contains("POST /echo", "POST /orders", "POST /login", "GET /orders/");
  }

  @ParameterizedTest
  @CsvSource({
    "/fast, ok",
    "/fast?n=1, ok",
    "/block/0, slept 0 ms",
    "/block/20, slept 20 ms",
    "/native/0, slept 0 ms in native code",
    "/native/20, slept 20 ms in native code",
    "/timer/20, waited 20 ms",
    // xorshift64*, computed with another program
    "/cpu/0, fb04e8828c6a2f61",
    "/cpu/1000, f797e155ddca8268",
  })
  void shouldAnswerText(String path, String body) throws Exception {
    HttpResponse<String> response = get(path);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo(body);
    assertThat(response.headers().firstValue("content-type")).hasValue("text/plain");
    assertThat(response.headers().firstValue("content-length")).hasValue("" + body.length());
    assertThat(response.headers().firstValue("x-request-id")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/block/", "/native/", "/timer/", "/stream/1?pause="})
  void shouldTakeTheTimeItWasAskedTo(String path) throws Exception {
    long start = System.nanoTime();

    HttpResponse<String> response = get(path + 120);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isBetween(119L, 5_000L);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 64, 16_384})
  void shouldAnswerTheBytesOfTheFile(int kib) throws Exception {
    HttpResponse<byte[]> response = CLIENT.send(to("/file/" + kib), BodyHandlers.ofByteArray());

    assertThat(response.headers().firstValue("content-type")).hasValue("application/octet-stream");
    assertThat(response.headers().firstValue("content-length")).hasValue("" + kib * 1024);
    assertThat(response.body()).isEqualTo(Pattern.bytes(PatternFile.SEED, 0, kib * 1024));
  }

  @ParameterizedTest
  @CsvSource({"1, 0, 0", "64, 1, 0", "1000, -5, 30", "16384, 9223372036854775807, 0"})
  void shouldStreamThePatternOfTheSeedInChunks(int kib, long seed, int pause) throws Exception {
    HttpResponse<byte[]> response =
        CLIENT.send(
            to("/stream/" + kib + "?seed=" + seed + "&pause=" + pause), BodyHandlers.ofByteArray());

    assertThat(response.headers().firstValue("transfer-encoding")).hasValue("chunked");
    assertThat(response.body()).isEqualTo(Pattern.bytes(seed, 0, kib * 1024));
  }

  @Test
  void shouldContinueThePatternAtAnyPosition() {
    byte[] whole = Pattern.bytes(7, 0, 100);

    for (int from = 0; from < 100; from++) {
      assertThat(Pattern.bytes(7, from, 100 - from))
          .isEqualTo(Arrays.copyOfRange(whole, from, 100));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, 3_000_000})
  void shouldEchoABodyWithItsLength(int length) throws Exception {
    byte[] body = random(length);

    HttpResponse<byte[]> response = postForBytes("/echo", BodyPublishers.ofByteArray(body));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-length")).hasValue("" + length);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/x-test");
    assertThat(response.body()).isEqualTo(body);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_536, 3_000_000})
  void shouldEchoAChunkedBody(int length) throws Exception {
    byte[] body = random(length);
    BodyPublisher chunked = BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(body));

    HttpResponse<byte[]> response = postForBytes("/echo", chunked);

    assertThat(response.headers().firstValue("transfer-encoding")).hasValue("chunked");
    assertThat(response.body()).isEqualTo(body);
  }

  @Test
  void shouldEchoWhileTheBodyIsStillUnderWay() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), SERVICE.actualPort())) {
      socket.setSoTimeout(5_000);
      write(socket, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc");

      String head = readUntil(socket, "abc");
      write(socket, "def");

      assertThat(head).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(readUntil(socket, "def")).isEqualTo("def");
    }
  }

  @Test
  void shouldPriceAnOrder() throws Exception {
    HttpResponse<String> response = order("{'customer':'Ada','extra':0,'items':[" + ITEM + "]}");

    var crc = new CRC32();
    crc.update("Ada\ntea-1,2,450\n".getBytes(StandardCharsets.UTF_8));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(new JsonObject(response.body()))
        .isEqualTo(
            new JsonObject()
                .put("customer", "Ada")
                .put("pieces", 2)
                .put("subtotalCents", 900)
                .put("taxCents", 171)
                .put("totalCents", 1_071)
                .put("checksum", String.format("%08x", crc.getValue())));
  }

  @Test
  void shouldPlaceTheOrderOfWhoHasLoggedIn() throws Exception {
    String ada = "Bearer " + token("ada");
    String eve = "Bearer " + token("Eve Ü.");

    HttpResponse<String> placed =
        CLIENT.send(
            builder("/orders")
                .header("authorization", ada)
                .POST(
                    BodyPublishers.ofString(
                        ("{'customer':'Ada','items':[" + ITEM + "]}").replace('\'', '"')))
                .build(),
            BodyHandlers.ofString());

    assertThat(placed.statusCode()).isEqualTo(201);
    assertThat(new JsonObject(placed.body()).getInteger("totalCents")).isEqualTo(1_071);
    String path = placed.headers().firstValue("location").orElseThrow();
    HttpResponse<String> looked = look(path, ada);
    while (new JsonObject(looked.body()).getString("status").equals("pending")) {
      Thread.sleep(5);
      looked = look(path, ada);
    }
    assertThat(new JsonObject(looked.body()))
        .isEqualTo(
            new JsonObject().put("id", path.substring("/orders/".length())).put("status", "done"));
    assertThat(problem(look(path, eve), 404).getString("field")).isEqualTo("id");
    assertThat(problem(look(path, "Bearer x"), 401).getString("field")).isEqualTo("authorization");
    assertThat(problem(get(path), 401).getString("reason")).isEqualTo("is missing");
  }

  private static String token(String user) throws Exception {
    HttpResponse<String> response =
        post("/login?user=" + URLEncoder.encode(user, StandardCharsets.UTF_8), "");
    assertThat(response.statusCode()).isEqualTo(200);
    return new JsonObject(response.body()).getString("token");
  }

  private static HttpResponse<String> look(String path, String authorization) throws Exception {
    return CLIENT.send(
        builder(path).header("authorization", authorization).build(), BodyHandlers.ofString());
  }

  @Test
  void shouldPriceTheLargestOrderWithoutOverflow() throws Exception {
    var items = new JsonArray();
    for (int i = 0; i < Order.MAX_ITEMS; i++) {
      items.add(
          new JsonObject()
              .put("sku", "a")
              .put("quantity", 10_000)
              .put("unitPriceCents", 100_000_000));
    }

    HttpResponse<String> response =
        post("/orders", new JsonObject().put("customer", "Ada").put("items", items).encode());

    assertThat(new JsonObject(response.body()).getLong("totalCents"))
        .isEqualTo(11_900_000_000_000_000L);
  }

  static Stream<Arguments> badOrders() {
    return Stream.of(
        Arguments.of("", "body", null, "is empty"),
        Arguments.of("{'customer':", "body", null, "is not JSON ("),
        Arguments.of("[]", "body", "[]", "has the wrong type"),
        Arguments.of("'text'", "body", "text", "has the wrong type"),
        Arguments.of("null", "body", null, "has the wrong type"),
        Arguments.of("{'items':[" + ITEM + "]}", "customer", null, "is missing"),
        Arguments.of("{'customer':null}", "customer", null, "is null"),
        Arguments.of("{'customer':7}", "customer", "7", "has the wrong type"),
        Arguments.of("{'customer':' ','items':[" + ITEM + "]}", "customer", " ", "is blank"),
        Arguments.of("{'customer':'a'}", "items", null, "is missing"),
        Arguments.of("{'customer':'a','items':{}}", "items", "{}", "has the wrong type"),
        Arguments.of("{'customer':'a','items':[]}", "items", "[0]", "is out of range"),
        Arguments.of("{'customer':'a','items':[1]}", "items[0]", "1", "has the wrong type"),
        Arguments.of("{'customer':'a','items':[null]}", "items[0]", null, "is null"),
        badItem("'sku':'tea-1'", "'sku':'a b'", "sku", "a b", "is not a stock keeping unit"),
        badItem("'quantity':2", "'quantity':0", "quantity", "0", "is out of range"),
        badItem("'quantity':2", "'quantity':10001", "quantity", "10001", "is out of range"),
        badItem("'quantity':2", "'quantity':1.5", "quantity", "1.5", "has the wrong type"),
        badItem("'quantity':2", "'quantity':1e40", "quantity", "1.0E40", "has the wrong type"),
        badItem("'quantity':2", "'quantity':'2'", "quantity", "2", "has the wrong type"),
        badItem("'quantity':2,", "", "quantity", null, "is missing"),
        badItem("Cents':450", "Cents':-1", "unitPriceCents", "-1", "is out of range"));
  }

  private static Arguments badItem(
      String good, String bad, String field, @Nullable String value, String reason) {
    String items = ITEM + "," + ITEM.replace(good, bad);
    return Arguments.of(
        "{'customer':'a','items':[" + items + "]}", "items[1]." + field, value, reason);
  }

  @ParameterizedTest
  @MethodSource("badOrders")
  void shouldNameWhatIsWrongWithAnOrder(
      String order, String field, @Nullable String value, String reason) throws Exception {
    HttpResponse<String> response = order(order);

    JsonObject problem = problem(response, 400);
    assertThat(problem.getString("field")).isEqualTo(field);
    assertThat(problem.getString("value")).isEqualTo(value);
    assertThat(problem.getString("reason")).startsWith(reason);
    assertThat(problem.getString("remedy")).isNotBlank();
    assertThat(problem.getString("detail")).startsWith(field).endsWith(problem.getString("remedy"));
  }

  @Test
  void shouldShortenALongValue() throws Exception {
    HttpResponse<String> response =
        order("{'customer':'" + "x".repeat(100_000) + "','items':[" + ITEM + "]}");

    assertThat(problem(response, 400).getString("value")).hasSize(81).endsWith("…");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldRefuseAnOrderOfMoreThanOneMebibyte(boolean chunked) throws Exception {
    String most = ("{'customer':'a','items':[" + ITEM + "]}").replace('\'', '"');
    String padded = most + " ".repeat((1 << 20) - most.length());
    assertThat(post("/orders", padded).statusCode()).isEqualTo(200);

    BodyPublisher body = BodyPublishers.ofString(padded + " ");
    HttpRequest.Builder request =
        builder("/orders").POST(chunked ? BodyPublishers.fromPublisher(body) : body);
    HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());

    JsonObject problem = problem(response, 413);
    assertThat(problem.getString("detail"))
        .isEqualTo("body is larger than 1048576 bytes: send less at a time");
  }

  @ParameterizedTest
  @CsvSource({
    "/block/-1, ms, -1, is out of range, 0..60000",
    "/block/60001, ms, 60001, is out of range, 0..60000",
    "/block/x, ms, x, is not a number of 32 bits, 0..60000",
    "/block/, ms, '', is not a number of 32 bits, 0..60000",
    "/block/1/2, ms, 1/2, is not a number of 32 bits, 0..60000",
    "/native/60001, ms, 60001, is out of range, 0..60000",
    "/timer/0, ms, 0, is out of range, 1..60000",
    "/cpu/1000001, kiloIterations, 1000001, is out of range, 0..1000000",
    "/file/0, kib, 0, is out of range, 1..16384",
    "/file/16385, kib, 16385, is out of range, 1..16384",
    "/stream/99999999999, kib, 99999999999, is not a number of 32 bits, 1..16384",
    "/stream/1?pause=1001, pause, 1001, is out of range, 0..1000",
    "/stream/1?seed=x, seed, x, is not a number of 64 bits, 64 bits",
  })
  void shouldNameTheParameterTheValueAndTheRange(
      String path, String field, String value, String reason, String range) throws Exception {
    JsonObject problem = problem(get(path), 400);

    assertThat(problem.getString("field")).isEqualTo(field);
    assertThat(problem.getString("value")).isEqualTo(value);
    assertThat(problem.getString("reason")).isEqualTo(reason);
    assertThat(problem.getString("detail")).contains(range);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/stream/1?seed=%zz", "/stream/1?%zz", "/stream/1?pause=1&seed=%"})
  void shouldAnswerAQueryThatIsNotEncoded(String path) throws Exception {
    String answer;
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), SERVICE.actualPort())) {
      write(socket, "GET " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
      answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    assertThat(answer)
        .startsWith("HTTP/1.1 400 ")
        .contains("\"field\":\"query\"", "\"remedy\":\"write % as %25\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nowhere", "/block", "/fast/", "//", "/FAST", "/echo/1", "/%66ast"})
  void shouldNotKnowOtherPaths(String path) throws Exception {
    JsonObject problem = problem(get(path), 404);

    assertThat(problem.getString("value")).isEqualTo(path);
  }

  @ParameterizedTest
  @CsvSource({
    "PUT, /fast, GET",
    "HEAD, /block/1, GET",
    "GET, /echo, POST",
    "DELETE, /orders, POST"
  })
  void shouldSayWhichMethodIsAllowed(String method, String path, String allowed) throws Exception {
    HttpRequest request = builder(path).method(method, BodyPublishers.noBody()).build();

    HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("allow")).hasValue(allowed);
  }

  @Test
  void shouldRepeatTheRequestId() throws Exception {
    for (String path : new String[] {"/fast", "/timer/1", "/stream/1", "/nowhere", "/fail"}) {
      HttpRequest request = builder(path).header("x-request-id", "a-1").build();

      HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());

      assertThat(response.headers().allValues("x-request-id")).containsExactly("a-1");
    }
  }

  @Test
  void shouldRefuseARequestIdThatCouldNotBeLogged() throws Exception {
    for (String id : new String[] {"a b", "x".repeat(129)}) {
      HttpRequest request = builder("/fast").header("x-request-id", id).build();

      HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());

      assertThat(problem(response, 400).getString("field")).isEqualTo("x-request-id");
      assertThat(response.headers().firstValue("x-request-id")).isEmpty();
    }
  }

  @Test
  void shouldLogAFailureOnceUnderTheIdTheClientGets() throws Exception {
    List<ILoggingEvent> logged;
    HttpResponse<String> response;
    try (var log = LogCapture.of(DemoService.class.getName())) {
      response = get("/fail");
      logged = log.events();
    }

    String id = response.headers().firstValue("x-request-id").orElseThrow();
    JsonObject problem = problem(response, 500);
    assertThat(problem.getString("requestId")).isEqualTo(id);
    assertThat(problem.encode()).doesNotContain("as asked");
    assertThat(logged).hasSize(1);
    assertThat(logged.getFirst().getMessage()).isEqualTo("GET /fail failed, request " + id);
    assertThat(logged.getFirst().getThrowableProxy().getMessage())
        .isEqualTo("/fail fails, as asked");
  }

  @Test
  void shouldFinishRequestsUnderWayWhenUndeployed() throws Exception {
    DemoService service = service();
    String deployment = VERTX.deployVerticle(service).await();
    URI uri = URI.create("http://127.0.0.1:" + service.actualPort() + "/timer/500");
    CompletableFuture<HttpResponse<String>> response =
        CLIENT.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    TimeUnit.MILLISECONDS.sleep(200);

    VERTX.undeploy(deployment).await();

    assertThat(response.get(5, TimeUnit.SECONDS).body()).isEqualTo("waited 500 ms");
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), uri.getPort()).close())
        .isInstanceOf(IOException.class);
  }

  @Test
  void shouldSendNoFieldOfConnectionsOverHttp2WhenUndeployed() throws Exception {
    DemoService service = service();
    String deployment = VERTX.deployVerticle(service).await();
    var client =
        VERTX.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    Future<HttpClientResponse> response =
        client
            .request(HttpMethod.GET, service.actualPort(), "127.0.0.1", "/timer/500")
            .compose(HttpClientRequest::send);
    TimeUnit.MILLISECONDS.sleep(200);

    VERTX.undeploy(deployment).await();

    // RFC 9113, 8.2.2: a client takes a response with one as malformed.
    assertThat(response.await(5, TimeUnit.SECONDS).headers().contains("connection")).isFalse();
    client.close().await();
  }

  @Test
  void shouldShareOneFileAndDeleteItAfterTheLast() throws Exception {
    PatternFile first = PatternFile.open();
    PatternFile second = PatternFile.open();
    first.close();

    assertThat(second).isSameAs(first);
    assertThat(second.read(8)).isEqualTo(Pattern.bytes(PatternFile.SEED, 0, 8));
    second.close();
  }

  @Test
  void shouldHaveNoPortBeforeItIsDeployed() {
    assertThatThrownBy(() -> service().actualPort())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not deployed");
  }

  private static JsonObject problem(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/problem+json");
    var problem = new JsonObject(response.body());
    assertThat(problem.getInteger("status")).isEqualTo(status);
    return problem;
  }

  private static HttpRequest.Builder builder(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + SERVICE.actualPort() + path));
  }

  private static HttpRequest to(String path) {
    return builder(path).build();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    return CLIENT.send(to(path), BodyHandlers.ofString());
  }

  private static HttpResponse<String> post(String path, String body) throws Exception {
    return CLIENT.send(
        builder(path).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
  }

  private static HttpResponse<byte[]> postForBytes(String path, BodyPublisher body)
      throws Exception {
    return CLIENT.send(
        builder(path).header("content-type", "application/x-test").POST(body).build(),
        BodyHandlers.ofByteArray());
  }

  private static HttpResponse<String> order(String json) throws Exception {
    return post("/orders", json.replace('\'', '"'));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String readUntil(Socket socket, String end) throws IOException {
    var text = new StringBuilder();
    while (!text.toString().endsWith(end)) {
      int c = socket.getInputStream().read();
      assertThat(c).as("after " + text).isNotNegative();
      text.append((char) c);
    }
    return text.toString();
  }
}
