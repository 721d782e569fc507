package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/policies.md says, step by step. Runs in the module's directory, as Maven does. */
@Timeout(120)
final class PolicyWalkthroughTest {
  private static final Path WALKTHROUGH = Path.of("../docs/policies.md");
  private static final Path EXAMPLE =
      Path.of("src/examples/java/dev/baton/examples/WeightedRoutesPolicy.java");

  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w+)\n(.*?)^```$");
  private static final Pattern PUT = Pattern.compile("curl -X PUT -d '(.*)' localhost:9090(\\S+)");

  private final Path directory;

  PolicyWalkthroughTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static List<String> blocks(String language) throws IOException {
    var blocks = new ArrayList<String>();
    for (Matcher block = BLOCK.matcher(Files.readString(WALKTHROUGH)); block.find(); ) {
      if (block.group(1).equals(language)) {
        blocks.add(block.group(2));
      }
    }
    return blocks;
  }

  private static String classPath() {
    var parts = new ArrayList<String>();
    for (String part : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      parts.add(Path.of(part).toAbsolutePath().toString());
    }
    return String.join(File.pathSeparator, parts);
  }

  /** What the commands print. */
  private String run(String commands) throws Exception {
    Path out = Files.createTempFile(directory, "commands", ".out");
    var shell =
        new ProcessBuilder("sh", "-e", "-c", commands.replace("baton-server.jar", "$BATON"))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    shell.environment().put("BATON", classPath());
    shell
        .environment()
        .merge("PATH", System.getProperty("java.home") + "/bin", (path, java) -> java + ":" + path);

    int code = shell.start().waitFor();

    assertThat(code).as(Files.readString(out)).isZero();
    return Files.readString(out);
  }

  @Test
  void shouldLeadFromAnEmptyDirectoryToARunningServer() throws Exception {
    Path source = directory.resolve("src/WeightedRoutesPolicy.java");
    Files.createDirectories(source.getParent());
    Files.writeString(source, blocks("java").getFirst());
    assertThat(source).hasSameTextualContentAs(EXAMPLE);
    List<String> commands = blocks("sh");
    Matcher put = PUT.matcher(commands.get(2));
    assertThat(put.find()).isTrue();

    run(commands.get(0));
    String table = run(commands.get(1));
    try (ServeProcess serve =
        ServeProcess.startWith(
            directory.resolve("out") + File.pathSeparator + classPath(),
            directory,
            List.of(),
            "--management-writable")) {
      String before = serve.json("/baton/api/policy").getString("name");
      int status = serve.manage("PUT", put.group(2), put.group(1)).statusCode();
      int answer = serve.ask("/fast").get().statusCode();
      JsonObject after = serve.json("/baton/api/policy");

      assertThat(before).isEqualTo("run-to-completion");
      assertThat(status).isEqualTo(200);
      assertThat(answer).isEqualTo(200);
      assertThat(after.getString("name")).isEqualTo("weighted-routes");
      assertThat(after.getLong("faults")).isZero();
    }

    assertThat(table).contains("weighted-routes", "POST /orde", "run-to-completion");
    assertThat(directory.resolve("curves.html")).content().contains("weighted-routes");
  }
}
