package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.loadgen.server.GeneratorProcess;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands write, where they cannot, and when they are told to end. */
class OutputIT {
  private static final LawServer SERVER = LawServer.start();

  @TempDir Path directory = Path.of("");
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private int execute(String... arguments) {
    return LoadGeneratorCommand.execute(
        arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }

  /** One line, before anything was sent. */
  private void assertRefused(int code, String... parts) {
    assertThat(code).isEqualTo(ExitCodes.SETUP);
    assertThat(err.toString().strip()).contains(parts).doesNotContain("\n").startsWith("error: ");
    assertThat(out.toString()).doesNotContain("p99");
  }

  @ParameterizedTest
  @CsvSource({
    "run,--json",
    "run,--html",
    "run,--hdr-log",
    "run,--hgrm",
    "compare,--json",
    "compare,--html",
    "search,--json"
  })
  void shouldTryItsOutputsBeforeItSendsAnything(String command, String option) {
    String file = directory.resolve("missing").resolve("report").toString();
    int code =
        switch (command) {
          case "search" -> execute(command, SERVER.url("/"), option, file, "--slo=p99<1s");
          default -> execute(command, SERVER.url("/"), option, file, "--rate=10");
        };

    assertRefused(code, option, "missing", "create it");
  }

  @Test
  void shouldSayThatThePortForMetricsIsInUse() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());

      assertRefused(
          execute("run", SERVER.url("/"), "--metrics-port", port), "--metrics-port " + port);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "compare", "search"})
  void shouldEndAtOnceIfNothingListens(String command) throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String url = "http://127.0.0.1:" + port + "/";
    int code =
        switch (command) {
          case "run" -> execute(command, url, "--duration=1h", "--no-rehearsal", "--quiet");
          case "compare" -> execute(command, url, "--rate=9", "--duration=1h", "--no-rehearsal");
          default -> execute(command, url, "--slo=p99<1s", "--duration=1h", "--no-rehearsal");
        };

    assertRefused(code, "http://127.0.0.1:" + port + ": no connection", "refused");
  }

  @Test
  void shouldSayThatItMayNotOpenThatManyFiles() throws Exception {
    var limited = List.of("sh", "-c", "ulimit -n 300 && exec \"$@\"", "sh");
    try (var generator =
        GeneratorProcess.start(
            limited, "run", SERVER.url("/fast"), "-c=400", "--no-rehearsal", "--quiet")) {
      assertThat(generator.await()).as(generator.output()).isEqualTo(ExitCodes.SETUP);
      assertThat(generator.output())
          .contains("error: connections: 400 in all, but 'ulimit -n' leaves")
          .doesNotContain("at dev.baton");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "compare", "search"})
  void shouldWriteJsonToStandardOutput(String command) {
    String[] load = {
      command, SERVER.url("/fast"), "--duration=100ms", "--warmup=0", "--no-rehearsal", "--json=-"
    };
    switch (command) {
      case "run" -> execute(with(load, "--rate=100", "--quiet"));
      case "compare" -> execute(with(load, "--rate=100", "--blocks=8"));
      default ->
          execute(with(load, "--slo=p50<9s,errors<90%", "--from=50", "--to=50", "--confirm=100ms"));
    }

    assertThat(out.toString().strip()).as("%s", err).startsWith("{").endsWith("}");
    assertThat(out.toString())
        .contains("\"provenance\"", "\"command\" : \"baton-loadgen " + command);
    assertThat(Path.of("-")).doesNotExist();
  }

  private static String[] with(String[] first, String... more) {
    return Stream.of(first, more).flatMap(Arrays::stream).toArray(String[]::new);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void shouldReportWhatThereIsWhenToldToEnd(String signal) throws Exception {
    assumeFalse(
        signal.equals("INT") && isInterruptIgnored(),
        "SIGINT is ignored, as below a background job of a shell: children inherit that");
    var json = directory.resolve("report.json");
    var html = directory.resolve("report.html");
    try (var generator =
        GeneratorProcess.start(
            List.of(),
            "run",
            SERVER.url("/fast"),
            "--rate=200",
            "--warmup=100ms",
            "--duration=1h",
            "--no-rehearsal",
            "--json=" + json,
            "--html=" + html)) {
      generator.awaitOutput(" steady ");
      generator.signal(signal);

      assertThat(generator.await()).isEqualTo(signal.equals("INT") ? 130 : 143);
      assertThat(generator.output()).contains("INTERRUPTED: only the first ", "scheduled ");
      assertThat(Files.readString(json)).contains("\"interrupted\" : true", "\"p99\" : ");
      assertThat(Files.readString(html)).contains("INTERRUPTED");
    }
  }

  private static boolean isInterruptIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).trim(), 16) & 1 << 1) != 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"compare", "search"})
  void shouldReportBlocksAndTriesWhenToldToEnd(String command) throws Exception {
    var json = directory.resolve("report.json");
    String[] load = {
      command,
      SERVER.url("/fast"),
      "--duration=300ms",
      "--warmup=100ms",
      "--no-rehearsal",
      "--json=" + json
    };
    try (var generator =
        GeneratorProcess.start(
            List.of(),
            command.equals("compare")
                ? with(load, "--rate=50", "--blocks=1000")
                : with(load, "--slo=p50<9s,errors<90%", "--from=50", "--confirm=1h"))) {
      generator.awaitOutput(command.equals("compare") ? "B  p50" : "try ");
      generator.signal("TERM");

      assertThat(generator.await()).isEqualTo(143);
      assertThat(generator.output()).contains("INTERRUPTED after ");
      assertThat(Files.readString(json)).contains("\"interrupted\" : true");
    }
  }

  @Test
  void shouldWriteTheOtherOutputsWhereOneFails() throws IOException {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "there is no /dev/full");
    var json = directory.resolve("report.json");

    int code =
        execute(
            "run",
            SERVER.url("/fast"),
            "--rate=100",
            "--duration=200ms",
            "--warmup=0",
            "--no-rehearsal",
            "--quiet",
            "--html=/dev/full",
            "--json=" + json);

    assertThat(code).isEqualTo(ExitCodes.SETUP);
    assertThat(err.toString()).contains("error: --html /dev/full: cannot be written");
    assertThat(out.toString()).contains("scheduled ");
    assertThat(Files.readString(json)).contains("\"response_ms\"");
  }

  @Test
  void shouldShowErrorsFirstOnThePageAndWhereItComesFrom() throws IOException {
    var html = directory.resolve("report.html");
    execute(
        "run",
        SERVER.url("/alternate/503"),
        "--rate=100",
        "--duration=300ms",
        "--warmup=0",
        "--no-rehearsal",
        "--quiet",
        "-H",
        "Authorization: Bearer secret",
        "--html=" + html);

    assertThat(Files.readString(html))
        .contains(
            "% of the requests did not end ok",
            "\"status 503\"",
            "\"date\":\"20",
            "\"version\":",
            "\"host\":",
            "/alternate/503 --rate=100",
            "'Authorization: …'")
        .doesNotContain("Bearer secret");
  }
}
