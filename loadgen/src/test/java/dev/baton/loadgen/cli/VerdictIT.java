package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.loadgen.server.GeneratorProcess;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands conclude where requests fail or the generator is disturbed. */
class VerdictIT {
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

  @ParameterizedTest
  @ValueSource(strings = {"--rate=200", "--closed"})
  void shouldCallAServerThatFailsEverySecondRequestWorse(String load) throws IOException {
    var json = directory.resolve("comparison.json");
    int code =
        execute(
            "compare",
            SERVER.url("/fast"),
            SERVER.url("/alternate/503"),
            load,
            "--connections=4",
            "--blocks=8",
            "--duration=120ms",
            "--warmup=10ms",
            "--no-rehearsal",
            "--json=" + json);

    assertThat(code).as("%s%s", out, err).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    assertThat(out.toString()).contains("B is worse: more of its requests fail");
    assertThat(Files.readString(json)).contains("\"verdict\" : \"more_errors\"");
  }

  @Test
  void shouldCompareWithAServerThatAnswersNothingButErrors() throws IOException {
    var json = directory.resolve("comparison.json");
    var html = directory.resolve("comparison.html");
    execute(
        "compare",
        SERVER.url("/fast"),
        SERVER.url("/status/503"),
        "--rate=200",
        "--blocks=8",
        "--duration=100ms",
        "--warmup=10ms",
        "--no-rehearsal",
        "--json=" + json,
        "--html=" + html);

    assertThat(out.toString())
        .contains("B is worse: more of its requests fail", "not measured in every block");
    assertThat(Files.readString(json)).contains("\"p50\" : null");
    assertThat(Files.readString(html)).doesNotContain("NaN");
  }

  @Test
  void shouldFindNoRateThatAServerWithoutOneGoodAnswerHolds() {
    int code =
        execute(
            "search",
            SERVER.url("/status/503"),
            "--slo=p99<5s",
            "--from=50",
            "--to=100",
            "--duration=200ms",
            "--warmup=0",
            "--no-rehearsal");

    assertThat(code).isIn(ExitCodes.THRESHOLD, ExitCodes.INVALID);
    assertThat(out.toString())
        .contains("p99 has no bound, since ")
        .doesNotContain("is the highest rate");
  }

  @Test
  void shouldFailAThresholdOnWhatWasNotMeasured() throws IOException {
    var json = directory.resolve("report.json");
    int code =
        execute(
            "run",
            SERVER.url("/status/503"),
            "--fail-if=errors>100%,p99>5s",
            "--rate=100",
            "--duration=300ms",
            "--warmup=0",
            "--quiet",
            "--no-rehearsal",
            "--json=" + json);

    assertThat(code).isEqualTo(ExitCodes.THRESHOLD);
    assertThat(out.toString()).contains("FAILED: p99>5s: p99 was not measured").contains(" – ");
    assertThat(Files.readString(json)).contains("\"p99\" : null").doesNotContain("NaN");
  }

  @ParameterizedTest
  @ValueSource(strings = {"p40", "p60", "mean", "max"})
  void shouldTakeAFailedRequestForSlowerThanAnyBound(String metric) {
    String condition = metric + ">9s";
    int alone =
        execute(run("/alternate/503", "--fail-if=" + condition, "--rate=100", "--duration=500ms"));
    int apart =
        execute(
            run(
                "/alternate/503",
                "--fail-if=" + condition,
                "--fail-if=errors>90%",
                "--rate=100",
                "--duration=500ms"));

    assertThat(apart).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    if (alone != ExitCodes.INVALID) {
      assertThat(alone).isEqualTo(metric.equals("p40") ? ExitCodes.PASS : ExitCodes.THRESHOLD);
    }
  }

  @Test
  void shouldKeepErrorsOutOfTheLogAsOutOfTheTable() throws IOException {
    var log = directory.resolve("run.hlog");
    var json = directory.resolve("report.json");
    execute(
        run(
            "/alternate/503",
            "--rate=200",
            "--duration=600ms",
            "--warmup=100ms",
            "--hdr-log=" + log,
            "--json=" + json));

    long logged = 0;
    try (var reader = new HistogramLogReader(log.toFile())) {
      while (reader.hasNext()) {
        logged += ((Histogram) reader.nextIntervalHistogram()).getTotalCount();
      }
    }
    assertThat((double) logged).isEqualTo(number(Files.readString(json), "response_ms", "count"));
    assertThat(logged).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 2_000})
  void shouldSeeThatItWasStopped(int rate) throws Exception {
    var json = directory.resolve("report.json");
    try (var generator =
        GeneratorProcess.start(
            List.of(),
            run("/fast", "--rate=" + rate, "--duration=3s", "--warmup=300ms", "--json=" + json))) {
      generator.awaitOutput(" steady ");
      generator.signal("STOP");
      Thread.sleep(1_000);
      generator.signal("CONT");

      assertThat(generator.await()).as(generator.output()).isEqualTo(ExitCodes.INVALID);
      String report = Files.readString(json);
      assertThat(number(report, "poll_gap_ms", "max")).isGreaterThanOrEqualTo(1_000);
      assertThat(report).contains("\"valid\" : false", "\"disturbed\"");
    }
  }

  @Test
  void shouldSayOnceWhyAPercentileOfManyRequestsIsDisturbed() throws Exception {
    var arguments = new ArrayList<>(List.of(run("/fast", "--rate=2k", "--duration=3s")));
    IntStream.range(0, 20).forEach(i -> arguments.add("--mix=" + SERVER.url("/fast?" + i)));
    arguments.remove(SERVER.url("/fast"));
    try (var generator = GeneratorProcess.start(List.of(), arguments.toArray(String[]::new))) {
      generator.awaitOutput(" steady ");
      generator.signal("STOP");
      Thread.sleep(1_000);
      generator.signal("CONT");

      assertThat(generator.await()).as(generator.output()).isEqualTo(ExitCodes.INVALID);
      assertThat(generator.output().lines().filter(line -> line.startsWith("INVALID: ")))
          .hasSizeBetween(1, 4);
    }
  }

  @Test
  void shouldNotTakeAGeneratorThatWaitsForItsCoreForALimitOfTheServer() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "needs taskset (util-linux)");
    try (var generator =
        GeneratorProcess.start(
            List.of("taskset", "-c", "0"),
            run("/fast", "--closed", "--connections=4", "--duration=3s"))) {
      generator.awaitOutput(" steady ");
      try (var _ = busy("0")) {
        assertThat(generator.await()).as(generator.output()).isEqualTo(ExitCodes.INVALID);
      }
      assertThat(generator.output()).contains("INVALID: the generator ");
    }
  }

  /** Loops that never end on the given CPU. */
  private static Busy busy(String cpu) throws IOException {
    String loop = "while :; do :; done";
    return new Busy(
        List.of(
            new ProcessBuilder("taskset", "-c", cpu, "sh", "-c", loop).start(),
            new ProcessBuilder("taskset", "-c", cpu, "sh", "-c", loop).start(),
            new ProcessBuilder("taskset", "-c", cpu, "sh", "-c", loop).start()));
  }

  private record Busy(List<Process> processes) implements AutoCloseable {
    @Override
    public void close() {
      processes.forEach(Process::destroyForcibly);
    }
  }

  private static String[] run(String path, String... arguments) {
    var all = new ArrayList<>(List.of("run", SERVER.url(path), "--no-rehearsal"));
    if (List.of(arguments).stream().noneMatch(a -> a.startsWith("--warmup"))) {
      all.add("--warmup=0");
    }
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  /** The first number of that name after the first occurrence of an object's name. */
  private static double number(String json, String object, String name) {
    var matcher =
        Pattern.compile("\"" + object + "\" : \\{[^}]*?\"" + name + "\" : ([0-9.]+)").matcher(json);
    assertThat(matcher.find()).as(object + "." + name).isTrue();
    return Double.parseDouble(matcher.group(1));
  }
}
