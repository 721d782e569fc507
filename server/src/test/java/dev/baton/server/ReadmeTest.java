package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.ContextMode;
import dev.baton.server.example.Reports;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.StageOptions;
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
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the README says about code is so. Runs in the module's directory, as Maven does. */
@Timeout(60)
final class ReadmeTest {
  private static final Path README = Path.of("../README.md");
  private static final Path EXAMPLE =
      Path.of("src/test/java/dev/baton/server/example/Reports.java");

  private static final Path EXAMPLES = Path.of("src/examples/java/dev/baton/examples");

  /** What stands between two tags of a source, after the indentation of the first. */
  private static final Pattern PART =
      Pattern.compile("(?ms)^( *)// tag::(\\w+)\\[]\n(.*?)// end::\\2\\[]");

  @Test
  void shouldShowTheExampleVerbatim() throws IOException {
    assertThat(Files.readString(README))
        .contains("```java\n" + Files.readString(EXAMPLE) + "```\n");
  }

  @Test
  void shouldShowEveryPartOfTheExamplesVerbatim() throws IOException {
    String readme = Files.readString(README);
    int parts = 0;

    for (String name : new String[] {"HelloWorld", "Examples"}) {
      String source = Files.readString(EXAMPLES.resolve(name + ".java"));
      for (Matcher part = PART.matcher(source); part.find(); parts++) {
        String code = part.group(3).strip().indent(0).replaceAll("(?m)^" + part.group(1), "");
        assertThat(readme).as(part.group(2)).contains("```java\n" + code + "```\n");
      }
    }

    assertThat(parts).isEqualTo(9);
  }

  @Test
  void shouldGreetTheWorldInSixLines() throws IOException {
    Matcher hello = PART.matcher(Files.readString(EXAMPLES.resolve("HelloWorld.java")));

    assertThat(hello.find()).isTrue();
    assertThat(hello.group(3).strip().lines()).hasSizeLessThanOrEqualTo(6);
  }

  @Test
  void shouldNameTestsThatThereAre() throws IOException {
    List<Path> sources = new ArrayList<>();
    for (String module : List.of("src/test", "../grafana/src/test")) {
      try (Stream<Path> files = Files.walk(Path.of(module))) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    Matcher named =
        Pattern.compile("`(\\w+(?:Test|IT))(?:\\.(\\w+))?`")
            .matcher(Files.readString(Path.of("../docs/operator.md")));
    int tests = 0;
    for (; named.find(); tests++) {
      String type = named.group(1);
      String method = named.group(2);
      assertThat(sources)
          .as(named.group())
          .anySatisfy(
              source -> {
                assertThat(source.getFileName()).hasToString(type + ".java");
                assertThat(Files.readString(source))
                    .contains("void " + (method == null ? "should" : method + "("));
              });
    }
    assertThat(tests).isGreaterThan(20);
  }

  @Test
  void shouldNameEveryOptionOfPipelines() throws IOException {
    String readme = Files.readString(README);
    var options = new PipelineOptions().setStage("any", new StageOptions());

    assertThat(readme)
        .contains(options.toJson().fieldNames().stream().map(ReadmeTest::code).toList());
    assertThat(readme)
        .contains(new StageOptions().toJson().fieldNames().stream().map(ReadmeTest::code).toList());
  }

  private static String code(String name) {
    return "`" + name + "`";
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
      long before = takeovers(scheduler);

      var report = client.sendAsync(get(port, "/report"), BodyHandlers.ofString());
      while (scheduler.isTakeover() && takeovers(scheduler) == before) {
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

  /** On a busy machine the handler may be slow before it sleeps, and lose its loop for that. */
  private static long takeovers(Scheduler scheduler) {
    return scheduler.enclave().takeovers(TakeoverCause.BLOCKED)
        + scheduler.enclave().takeovers(TakeoverCause.HOG);
  }

  private static HttpRequest get(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
  }
}
