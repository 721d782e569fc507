package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.ContextMode;
import dev.baton.server.example.Reports;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the README says about code is so. Runs in the module's directory, as Maven does. */
@Timeout(60)
final class ReadmeTest {
  private static final Path README = Path.of("../README.md");
  private static final Path EXAMPLE =
      Path.of("src/test/java/dev/baton/server/example/Reports.java");

  @Test
  void shouldShowTheExampleVerbatim() throws IOException {
    assertThat(Files.readString(README))
        .contains("```java\n" + Files.readString(EXAMPLE) + "```\n");
  }

  @Test
  void shouldNameEveryOptionWithItsDefault() throws IOException {
    String readme = Files.readString(README);

    for (var option : new BatonOptions().toJson()) {
      assertThat(readme).contains("| `" + option.getKey() + "` | `" + option.getValue() + "` |");
    }
  }

  @Test
  void shouldAnswerWhileAHandlerOfTheExampleBlocks() throws Exception {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setLoops(1);
    Vertx vertx = Baton.vertx(options);
    Scheduler scheduler = Baton.scheduler(vertx);
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      DeploymentOptions deployment =
          Baton.contextMode(
              new DeploymentOptions().setConfig(new JsonObject().put("port", port)),
              ContextMode.PER_REQUEST);
      vertx.deployVerticle(new Reports(), deployment).await();
      long before = scheduler.enclave().takeovers(TakeoverCause.BLOCKED);

      var report = client.sendAsync(get(port, "/report"), BodyHandlers.ofString());
      while (scheduler.isTakeover()
          && scheduler.enclave().takeovers(TakeoverCause.BLOCKED) == before) {
        Thread.sleep(1);
      }
      String fast = client.send(get(port, "/"), BodyHandlers.ofString()).body();
      boolean blockedMeanwhile = !report.isDone();

      assertThat(fast).isEqualTo("ok");
      assertThat(blockedMeanwhile).isEqualTo(scheduler.isTakeover());
      assertThat(report.join().body()).isEqualTo("report");
    } finally {
      vertx.close().await();
    }
  }

  private static HttpRequest get(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
  }
}
