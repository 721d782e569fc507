package dev.baton.loadgen.peers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.baton.loadgen.cli.LoadGeneratorCommand;
import dev.baton.server.main.DemoService;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sessions that the load generator's README describes meet the demo service. */
class DemoScenarioIT {
  @TempDir Path directory = Path.of("");

  private Path scenario(int port) throws Exception {
    String readme = Files.readString(Path.of("../README.md"));
    String section = readme.substring(readme.indexOf("## Scenarios"));
    int start = section.indexOf("```yaml\n") + "```yaml\n".length();
    Path users = Files.writeString(directory.resolve("users.csv"), "user\nann\nbob\nEve Ü.\n");
    String yaml =
        section
            .substring(start, section.indexOf("```", start))
            .replace("127.0.0.1:8080", "127.0.0.1:" + port)
            .replace("users.csv", users.toString())
            .replace("duration: 20s", "duration: 1s");
    return Files.writeString(directory.resolve("shop.yaml"), yaml);
  }

  @Test
  void shouldLogInOrderAndPollUntilDone() throws Exception {
    var vertx = Vertx.vertx();
    var demo = new DemoService(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    vertx.deployVerticle(demo).await();
    Path json = directory.resolve("result.json");
    Path page = directory.resolve("result.html");
    var said = new StringWriter();

    try {
      String[] arguments = {
        "run",
        "--config",
        scenario(demo.actualPort()).toString(),
        "--warmup",
        "0s",
        "--json",
        json.toString(),
        "--html",
        page.toString()
      };
      LoadGeneratorCommand.execute(arguments, new PrintWriter(said), new PrintWriter(said));
    } finally {
      vertx.close().await();
    }

    var buy = new ObjectMapper().readTree(json.toFile()).at("/sessions/0");
    assertThat(buy.at("/name").asText()).as("%s", said).isEqualTo("buy");
    assertThat(buy.at("/requests/ok").asLong())
        .as("%s", said)
        .isPositive()
        .isEqualTo(buy.at("/requests/scheduled").asLong());
    assertThat(page).content().contains("buy: log in", "buy: order", "buy: poll");
  }
}
