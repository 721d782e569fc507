package dev.baton.loadgen.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {
  private static final Path FILE = Path.of("README.md");

  @TempDir Path directory = Path.of("");

  @Test
  void shouldReplaceTheTablesOfAReadme() {
    String before = "a\n<!-- tables -->\n\nold\n\n<!-- end of tables -->\nb\n";

    String after = CompareCommand.withTables(FILE, before, "| new |\n");

    assertThat(after).isEqualTo("a\n<!-- tables -->\n\n| new |\n\n<!-- end of tables -->\nb\n");
    assertThatThrownBy(() -> CompareCommand.withTables(FILE, "a", "| new |\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("<!-- end of tables -->");
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertThat(error("compare", "--report-only", "--out", directory.toString()))
        .contains("holds no raw/*.json");
    assertThat(error("compare", "--peers", "netty,tomcat")).contains("peer 'tomcat'");
    assertThat(error("compare", "--forks", "0")).contains("--forks 0: must be 1 or more");
    assertThat(error("compare", "--tries", "0")).contains("--tries 0: must be 1 or more");
    assertThat(error("compare", "--fork", "1")).contains("--forks");
  }

  private static String error(String... arguments) {
    var err = new StringWriter();
    int code =
        PeersCommand.execute(
            arguments, new PrintWriter(new StringWriter()), new PrintWriter(err, true));
    assertThat(code).isEqualTo(3);
    return err.toString();
  }
}
