package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What {@code serve} says about bad files and names. */
final class ServeOptionsTest {
  @TempDir static Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{|is no JSON object: ",
        "[]|is no JSON object: ",
        "{'order':{}}|order: there is no such pipeline; did you mean orders?",
        "{'orders':7}|orders=7: write an object",
        "{'orders':{'stages':{'prise':{}}}}"
            + "|stages.prise: pipeline orders has no such stage; did you mean price?",
        "{'orders':{'stages':{'price':{'place':'x'}}}}"
            + "|orders.stages.price.place=x: there is no such option; did you mean placement?",
        "{'orders':{'stages':{'price':{'placement':'own'}}}}"
            + "|orders.stages.price.placement=own: choose one of fused, partitioned",
        "{'orders':{'deadlineMillis':'1s'}}|orders.deadlineMillis=1s: write milliseconds",
      })
  void shouldSayWhatIsWrong(String json, String message) throws IOException {
    Path file = Files.writeString(directory.resolve("p.json"), json.replace('\'', '"'));

    assertThat(refuse("serve", "--pipelines", file.toString()))
        .contains("--pipelines", "p.json'", message);
  }

  @Test
  void shouldSayThatAFileIsMissing() {
    assertThat(refuse("serve", "--pipelines", "no/such.json"))
        .contains(
            "--pipelines", "'no/such.json' cannot be read (NoSuchFileException): name a file");
  }

  @Test
  void shouldSayHowAnEnclaveIsNamed() {
    assertThat(refuse("serve", "--enclave", "batch"))
        .contains("--enclave", "'batch': write its name and its CPUs, such as batch=3");
    assertThat(refuse("serve", "--enclave", "2nd=3"))
        .contains("--enclave", "enclave=2nd: name it by a letter");
  }

  @Test
  void shouldExplainItself() {
    var out = new StringWriter();

    int code = Main.commandLine().setOut(new PrintWriter(out)).execute("serve", "--help");

    assertThat(code).isZero();
    assertThat(out.toString()).contains("--pipelines=FILE", "parse, price and respond");
  }

  private static String refuse(String... arguments) {
    var err = new StringWriter();
    CommandLine command = Main.commandLine().setErr(new PrintWriter(err));

    assertThat(command.execute(arguments)).isEqualTo(2);
    return err.toString();
  }
}
