package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.simulator.Trace;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class TraceCommandTest {
  private final Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  TraceCommandTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return Main.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private static Trace trace(Path file) throws IOException {
    try (var in = Files.newBufferedReader(file)) {
      return Trace.read(in, file.toString());
    }
  }

  private static Trace.Entry first(Trace trace, String route) {
    return trace.requests().stream()
        .filter(request -> trace.routes().get(request.route()).equals(route))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void shouldWriteWhatWasKeptForASimulatorToReplay() throws Exception {
    Path file = directory.resolve("trace.csv");
    try (ServeProcess serve = ServeProcess.start(directory, "--record-requests=1000")) {
      for (int n = 0; n < 5; n++) {
        assertThat(serve.ask("/fast").get().statusCode()).isEqualTo(200);
        assertThat(serve.ask("/block/20").get().statusCode()).isEqualTo(200);
      }

      String from = "http://127.0.0.1:" + serve.managementPort;
      int code = run("trace", "--from", from, "--out", file.toString());

      assertThat(code).as(errors.toString()).isZero();
    }
    Trace trace = trace(file);
    assertThat(trace.requests()).hasSize(10);
    assertThat(first(trace, "GET /fast").blockNanos()).isZero();
    assertThat(first(trace, "GET /block/*").blockNanos() + first(trace, "GET /block/*").cpuNanos())
        .isGreaterThan(19_000_000);

    int code = run("simulate", "--trace", file.toString(), "--loads", "100");

    assertThat(code).as(errors.toString()).isZero();
    assertThat(out.toString()).contains("run-to-completion", "GET /bloc");
    String again = out.toString();
    run("simulate", "--trace", file.toString(), "--loads", "100");
    assertThat(out.toString()).isEqualTo(again);
  }

  @Test
  void shouldRecordForAWhile() throws Exception {
    Path file = directory.resolve("trace.csv");
    try (ServeProcess serve = ServeProcess.start(directory)) {
      String from = "http://127.0.0.1:" + serve.managementPort;
      assertThat(run("trace", "--from", from)).isEqualTo(1);
      assertThat(errors.toString()).contains("none are kept", "--record-requests");
      var ends = new AtomicBoolean();
      Thread client =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!ends.get()) {
                      serve.ask("/fast").join();
                    }
                  });

      int code = run("trace", "--from", from, "--seconds", "1", "--out", file.toString());
      ends.set(true);
      client.join();

      assertThat(code).as(errors.toString()).isZero();
      assertThat(trace(file).routes()).contains("GET /fast");
      assertThat(run("trace", "--from", from)).as("keeps none any more").isEqualTo(1);
      assertThat(run("trace", "--from", from, "--seconds", "1")).isEqualTo(1);
      assertThat(errors.toString()).contains("none came");
    }
  }

  @Test
  void shouldPrintOneLineWhenItFails() throws Exception {
    Path printed = directory.resolve("printed");
    int nobody;
    try (var probe = new ServerSocket(0)) {
      nobody = probe.getLocalPort();
    }

    int code =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "trace",
                "--from=http://127.0.0.1:" + nobody)
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .start()
            .waitFor();

    assertThat(code).isEqualTo(1);
    assertThat(Files.readString(printed).lines())
        .singleElement(InstanceOfAssertFactories.STRING)
        .contains("nothing listens there");
  }

  @Test
  void shouldSayWhatIsWrong() throws IOException {
    int nobody;
    try (var probe = new ServerSocket(0)) {
      nobody = probe.getLocalPort();
    }

    assertThat(run("trace", "--from", "http://127.0.0.1:" + nobody)).isEqualTo(1);
    assertThat(errors.toString()).contains("nothing listens there");
    assertThat(run("trace", "--from", "localhost:9090")).isEqualTo(2);
    assertThat(errors.toString()).contains("http://127.0.0.1:9090");
    assertThat(run("trace", "--seconds", "301")).isEqualTo(2);
    assertThat(errors.toString()).contains("--seconds=301: give 0 … 300");
  }
}
