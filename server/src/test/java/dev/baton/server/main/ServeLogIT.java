package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
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
      serve.awaitLine("/metrics", "vertx_http_server_active_requests 2.0");
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
  void shouldBeSilentAboutAProcessThatWasStopped() throws Exception {
    try (ServeProcess serve = ServeProcess.start(directory)) {
      serve.ask("/fast").get();
      serve.awaitLine("/metrics", "baton_loop_stalls_total");
      String stalls = serve.line("/metrics", "baton_loop_stalls_total{loop=\"0\"}");
      long waited = serve.longestWaitForACpuMillis();
      for (int i = 0; i < 4; i++) {
        CompletableFuture<HttpResponse<String>> underWay = serve.ask("/block/500");
        serve.awaitLine("/metrics", "vertx_http_server_active_requests 1.0");
        serve.signal("STOP");
        TimeUnit.MILLISECONDS.sleep(i == 0 ? 6000 : 300L * i); // one longer than any threshold
        serve.signal("CONT");

        String atOnce = serve.json("/baton/api").getJsonObject("status").encode();

        assertThat(underWay.get().statusCode()).isEqualTo(200);
        assertThat(atOnce).doesNotContain("stands still", "none has ended", "stalled");
      }
      assertThat(serve.manage("GET", "/health/ready", "").statusCode()).isEqualTo(200);
      assertThat(serve.err()).doesNotContain("has been away");
      long waits = serve.longestWaitForACpuMillis() - waited;
      Assumptions.assumeTrue(
          waits < 200, () -> "a thread has waited for a CPU for " + waits + " ms");
      assertThat(serve.err()).doesNotContain("stood still");
      assertThat(serve.line("/metrics", "baton_loop_stalls_total{loop=\"0\"}")).isEqualTo(stalls);
    }
  }

  /** Refuses one system call to what follows, as a container's profile does. */
  private static final String WITHOUT_PERF =
      """
      import os, seccomp, sys
      rules = seccomp.SyscallFilter(seccomp.ALLOW)
      rules.add_rule(seccomp.ERRNO(1), "perf_event_open")
      rules.load()
      os.execv(sys.argv[1], sys.argv[1:])
      """;

  @Test
  void shouldWarnOnceThatPerfIsRefusedAndKeepTheLabelShort() throws Exception {
    String python = "/usr/bin/python3";
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of(python))
            && new ProcessBuilder(python, "-c", "import seccomp").start().waitFor() == 0,
        "no python3-seccomp");
    try (ServeProcess serve = ServeProcess.start(directory, List.of(python, "-c", WITHOUT_PERF))) {
      JsonObject api = serve.json("/baton/api");
      JsonObject status = api.getJsonObject("status");
      String metrics = serve.manage("GET", "/metrics", "").body();
      serve.terminate();

      assertThat(serve.awaitExit()).isZero();
      assertThat(serve.err().lines().filter(line -> line.contains("perf_event_open")).toList())
          .hasSize(1)
          .first()
          .asString()
          .contains("WARN");
      assertThat(status.getJsonArray("missing")).hasSize(1);
      String missing = status.getJsonArray("missing").encode();
      assertThat(missing).contains("Blocks are seen late", "kernel.perf_event_paranoid", "seccomp");
      // Headline, missing and the facts below say each its own: nothing is told twice.
      assertThat(missing).doesNotContain(api.getString("notifierReason"));
      assertThat(metrics.lines().filter(line -> line.startsWith("baton_notifier_info")).toList())
          .singleElement()
          .asString()
          .hasSizeLessThan(100);
    }
  }

  @Test
  void shouldSayWhichPortIsInUse() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> ServeProcess.start(directory, "--port=" + other.getLocalPort()))
          .hasMessageContainingAll("127.0.0.1 port " + other.getLocalPort(), "in use");
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
