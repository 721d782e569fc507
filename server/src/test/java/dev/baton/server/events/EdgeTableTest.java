package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of edges, and that the tests it names are there. */
final class EdgeTableTest {
  private static final String HEAD =
      """
      # Edges

      What happens where workers, memory, threads, files or patience end: before it was mended, on stock
      Vert.x, and now. "right" means that just that was seen. Stock is played also where its only loop
      blocks for ever, with a patience of 5 s. Written by

      ```sh
      mvn -B test -pl server -am -Dtest=EdgeTableTest -Dsurefire.failIfNoSpecifiedTests=false -Dedges
      ```

      """;

  @Test
  @EnabledIfSystemProperty(named = "edges", matches = ".*")
  void shouldWriteWhatEachHostDoes() throws IOException {
    Files.writeString(root().resolve("docs/edges.md"), HEAD + EdgeTable.markdown());
  }

  @ParameterizedTest
  @EnumSource
  void shouldNameATestThatIsThere(TestedEdge edge) throws IOException {
    List<String> test = List.of(edge.test.split("#"));

    assertThat(source(test.getFirst() + ".java")).contains("void " + test.getLast() + "(");
  }

  private static String source(String name) throws IOException {
    var found = new StringBuilder();
    for (String module : List.of("scheduler", "stages", "server")) {
      try (var files = Files.walk(root().resolve(module + "/src/test/java"))) {
        files
            .filter(file -> file.endsWith(name))
            .forEach(
                file -> {
                  try {
                    found.append(Files.readString(file));
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
      }
    }
    return found.toString();
  }

  /** Of the project: tests run in the root of their module. */
  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("docs")) ? here : here.resolveSibling(".").normalize();
  }
}
