package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a server that is started from the command line logs, until its very end. */
@Timeout(300)
final class ServeLogIT {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  @TempDir Path directory;

  @Test
  void shouldSayThatItDrainsAndForWhatAndThatItHas() throws Exception {
    try (ServeProcess serve =
        ServeProcess.start(directory, "--drain-delay=1", "--drain-seconds=30")) {
      CompletableFuture<HttpResponse<String>> underWay = serve.ask("/block/2500");
      serve.ask("/fast").get();
      serve.terminate();
      serve.awaitLog("Not ready any more; accepting for another 1 s");
      int ready = serve.manage("GET", "/health/ready", "").statusCode();
      int accepted = serve.ask("/fast").get().statusCode();

      assertThat(serve.awaitExit()).isZero();
      assertThat(ready).isEqualTo(503);
      assertThat(accepted).isEqualTo(200);
      assertThat(underWay.get().body()).isEqualTo("slept 2500 ms");
      assertThat(serve.err())
          .containsSubsequence(
              "Draining for at most 30 s: 1 request under way, the oldest for ", "Drained");
    }
  }

  @Test
  void shouldSayWhatItDrops() throws Exception {
    try (ServeProcess serve = ServeProcess.start(directory, "--drain-seconds=1")) {
      var dropped = List.of(serve.ask("/block/20000"), serve.ask("/block/20000"));
      while (!serve.manage("GET", "/metrics", "").body().contains("active_requests 2.0")) {
        Thread.onSpinWait();
      }
      serve.terminate();

      assertThat(serve.awaitExit()).isZero();
      assertThat(serve.err())
          .contains("Draining for at most 1 s: 2 requests under way")
          .contains("Not drained after 1 s, dropped: 2 requests under way", "GET /block/:ms (2)");
      for (var response : dropped) {
        assertThat(response).failsWithin(Duration.ofSeconds(60));
      }
    }
  }

  @Test
  void shouldLogJsonAndEachRequestToo() throws Exception {
    try (ServeProcess serve =
        ServeProcess.start(
            directory,
            "--log=json",
            "--access-log=json",
            "--log-level=warn",
            "--log-level=dev.baton=info")) {
      String agent = "a \"quoted\\\" agent";
      serve
          .ask(
              "/fail?a=%22",
              "x-request-id",
              "r-1",
              "user-agent",
              agent,
              "traceparent",
              "00-" + TRACE + "-b7ad6b7169203331-01")
          .get();
      serve.terminate();

      assertThat(serve.awaitExit()).isZero();
      List<JsonObject> log = serve.err().lines().map(JsonObject::new).toList();
      JsonObject failure =
          log.stream()
              .filter(line -> "ERROR".equals(line.getString("level")))
              .findFirst()
              .orElseThrow();
      assertThat(failure.getString("formattedMessage")).startsWith("GET /fail failed");
      assertThat(failure.getJsonObject("mdc"))
          .isEqualTo(new JsonObject().put("request_id", "r-1").put("trace_id", TRACE));
      assertThat(failure.getJsonObject("throwable").getString("message"))
          .isEqualTo("/fail fails, as asked");
      JsonObject access = new JsonObject(serve.out());
      assertThat(access.getString("uri")).isEqualTo("/fail?a=%22");
      assertThat(access.getString("route")).isEqualTo("/fail");
      assertThat(access.getInteger("status")).isEqualTo(500);
      assertThat(access.getString("user_agent")).isEqualTo(agent);
      assertThat(access.getString("request_id")).isEqualTo("r-1");
      assertThat(access.getString("trace_id")).isEqualTo(TRACE);
      assertThat(access.getDouble("seconds")).isPositive();
    }
  }

  @Test
  void shouldLogForPeopleWithTheRequestAndLetLevelsChange() throws Exception {
    try (ServeProcess serve = ServeProcess.start(directory, "--access-log=combined")) {
      serve.ask("/fail", "x-request-id", "r-1", "user-agent", "a \"b\"", "referer", "c").get();
      int set =
          serve
              .manage(
                  "PUT",
                  "/baton/api/loggers/" + DemoService.class.getName(),
                  "{\"level\": \"off\"}")
              .statusCode();
      serve.ask("/fail", "x-request-id", "r-2").get();
      String levels = serve.json("/baton/api/loggers").encode();
      var wrong = serve.manage("PUT", "/baton/api/loggers/a", "{\"level\": \"loud\"}");
      serve.terminate();

      assertThat(serve.awaitExit()).isZero();
      assertThat(set).isEqualTo(204);
      assertThat(levels).contains("\"ROOT\"", "DemoService", "\"off\"");
      assertThat(wrong.statusCode()).isEqualTo(400);
      assertThat(wrong.body()).contains("level=loud: choose one of trace, debug");
      assertThat(serve.err())
          .contains("ERROR [request_id=r-1] DemoService: GET /fail failed, request r-1\n")
          .contains("java.lang.IllegalStateException: /fail fails, as asked\n\tat ")
          .doesNotContain("r-2");
      assertThat(serve.out().lines().filter(line -> line.contains("/fail")).toList())
          .hasSize(2)
          .first()
          .asString()
          .matches(
              "127\\.0\\.0\\.1 - - \\[\\d\\d/\\w{3}/\\d{4}:[\\d:]{8} [+-]\\d{4}] \"GET /fail"
                  + " HTTP/1\\.1\" 500 \\d+ \"c\" \"a \\\\\"b\\\\\"\"");
    }
  }
}
