package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole commands against a real server: what they write, and how they end. */
class CommandsIT {
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

  @Test
  void shouldRunWhatAFileSays() throws IOException {
    var file =
        Files.writeString(
            directory.resolve("load.yaml"),
            """
            connections: 4
            warmup: 100ms
            rehearsal: false
            fail-if: errors>0%%
            json: %s
            html: %s
            requests:
              - {url: "%s", rate: 200}
              - {name: echo, url: "%s", body: x, rate: 50, expect-status: 200, expect-body: POST}
            phases:
              - {name: ramp, from: 0, to: 250, duration: 300ms}
              - {name: steady, rate: 250, duration: 500ms}
            """
                .formatted(
                    directory.resolve("report.json"),
                    directory.resolve("report.html"),
                    SERVER.url("/fast"),
                    SERVER.url("/echo")));

    int code = execute("run", "--config", file.toString());

    // A busy machine may make the generator late; it may not make anything fail.
    assertThat(code).as("%s%s", out, err).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    assertThat(Files.readString(directory.resolve("report.json")))
        .contains("\"http_error\" : 0", "\"name\" : \"echo\"", "\"name\" : \"ramp\"");
    assertThat(Files.readString(directory.resolve("report.html"))).contains("phase steady");
  }

  @Test
  void shouldStartPinAndMeasureTheServersItCompares() throws IOException {
    var json = directory.resolve("comparison.json");
    String a = "http://127.0.0.1:" + freePort() + "/fast";
    String b = "http://127.0.0.1:" + freePort() + "/fast";

    int code =
        execute(
            "compare",
            a,
            b,
            "--server-a",
            lawServer(a),
            "--server-b",
            lawServer(b),
            "--cpus-server",
            "0",
            "--blocks",
            "8",
            "--rate",
            "200",
            "--duration",
            "150ms",
            "--warmup",
            "20ms",
            "--no-rehearsal",
            "--json",
            json.toString());

    assertThat(code).as("%s%s", out, err).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    assertThat(out.toString())
        .contains("server A: ", "server B: ", "µs CPU per response", "Verdict over 8 pairs");
    assertThat(Files.readString(json)).contains("\"server_a\"", "\"voluntary_switches\"");
    assertThat(code == ExitCodes.PASS || out.toString().contains("INVALID")).isTrue();
  }

  @Test
  void shouldSayWhyAServerDidNotStart() throws IOException {
    String url = "http://127.0.0.1:" + freePort() + "/";

    int code = execute("compare", url, "--server-a", "echo no such luck", "--rate", "10");
    int taken = execute("compare", SERVER.url("/"), "--server-a", "sleep 9", "--rate", "10");

    assertThat(code).isEqualTo(ExitCodes.SETUP);
    assertThat(taken).isEqualTo(ExitCodes.SETUP);
    assertThat(err.toString())
        .contains("'echo no such luck' ended", "no such luck", "something else already listens");
  }

  @Test
  void shouldSearchUpToTheHighestRateAllowed() throws IOException {
    var json = directory.resolve("search.json");

    int code =
        execute(
            "search",
            SERVER.url("/fast"),
            "--slo",
            "p50<10s,errors<50%",
            "--from",
            "50",
            "--to",
            "100",
            "--duration",
            "300ms",
            "--warmup",
            "50ms",
            "--confirm",
            "300ms",
            "--no-rehearsal",
            "--json",
            json.toString());

    // A very busy machine may not even deliver 50/s; then nothing is found.
    assertThat(code)
        .as("%s%s", out, err)
        .isIn(ExitCodes.PASS, ExitCodes.THRESHOLD, ExitCodes.INVALID);
    assertThat(Files.readString(json)).contains("\"tries\"", "\"confirmation\" : false");
    if (code == ExitCodes.PASS) {
      assertThat(out.toString()).contains("is the highest rate that holds");
    }
  }

  private static String lawServer(String url) {
    String java = ProcessHandle.current().info().command().orElse("java");
    return "'%s' -Xmx64m -XX:TieredStopAtLevel=1 -cp '%s' %s %d"
        .formatted(
            java,
            System.getProperty("java.class.path"),
            LawServer.class.getName(),
            URI.create(url).getPort());
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
