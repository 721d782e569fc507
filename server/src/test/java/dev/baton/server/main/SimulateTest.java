package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulateTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return Main.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  @Test
  void shouldPrintATableAndWriteAPageThatTheSameSeedMakesAgain(@TempDir Path directory)
      throws IOException {
    Path first = directory.resolve("first.html");
    Path second = directory.resolve("second.html");

    int code = run(small("--html", first.toString(), "--seed", "7"));
    String table = out.toString();
    run(small("--html", second.toString(), "--seed", "7"));

    assertThat(code).isZero();
    assertThat(table)
        .contains("run-to-completion", "per-core-fifo", "shinjuku", "50 %", "short p99");
    assertThat(out.toString()).isEqualTo(table);
    assertThat(second).hasSameBinaryContentAs(first);
    assertThat(Files.readString(first))
        .contains("\"policy\":\"shinjuku\"")
        .doesNotContain("/*DATA*/null")
        .doesNotContainPattern("(src|href)=.?http");
    run(small("--seed", "8"));
    assertThat(out.toString()).isNotEqualTo(table);
  }

  private static String[] small(String... more) {
    String[] all = new String[more.length + 5];
    all[0] = "simulate";
    all[1] = "--requests";
    all[2] = "2000";
    all[3] = "--loads";
    all[4] = "50,90";
    System.arraycopy(more, 0, all, 5, more.length);
    return all;
  }

  @Test
  void shouldSayWhichPolicyAndHowManyCpus() {
    int code =
        run(
            "simulate",
            "--slo",
            "p99 20ms",
            "--rate",
            "5000",
            "--mix",
            "all 100% exp(500us)",
            "--requests",
            "5000",
            "--policies",
            "per-core-fifo,run-to-completion");

    assertThat(code).isZero();
    assertThat(out.toString()).containsPattern("Take [a-z-]+ on \\d+ CPUs?\\.");
    assertThat(run("simulate", "--slo", "p50 1us", "--rate", "10", "--requests", "1000")).isOne();
    assertThat(out.toString()).contains("None of them");
  }

  @Test
  void shouldSayWhatWasProbablyMeant() {
    assertThat(run("simulate", "--polices", "x")).isEqualTo(2);
    assertThat(errors.toString()).contains("Did you mean --policies?");
    assertThat(run("simulate", "--policies", "shinjuko")).isEqualTo(2);
    assertThat(errors.toString()).contains("did you mean shinjuku?");
    assertThat(run("simulate", "--loads", "many")).isEqualTo(2);
    assertThat(errors.toString()).contains("10-90:10");
    assertThat(run("simulate", "--cost", "tax=1us")).isEqualTo(2);
    assertThat(errors.toString()).contains("contextSwitch");
    assertThat(run("simulate", "--cpus", "2000")).isEqualTo(2);
    assertThat(errors.toString()).contains("1 … 1024");
    assertThat(run("simulate", "--trace", "nowhere.csv")).isEqualTo(2);
    assertThat(errors.toString()).contains("cannot be read");
  }
}
