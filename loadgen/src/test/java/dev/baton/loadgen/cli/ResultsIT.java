package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.results.ReportFile;
import dev.baton.loadgen.server.LawServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of runs, and what can be made of it later. */
class ResultsIT {
  private static final LawServer SERVER = LawServer.start();

  @TempDir Path directory = Path.of("");
  private StringWriter out = new StringWriter();

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @BeforeEach
  void forget() {
    out = new StringWriter();
  }

  private int execute(String... arguments) {
    return LoadGeneratorCommand.execute(
        arguments, new PrintWriter(out, true), new PrintWriter(out, true));
  }

  private String file(String name) {
    return directory.resolve(name).toString();
  }

  /** Runs a short load; a busy machine may make it INVALID, but nothing else. */
  private Path run(String name, String path, String... more) {
    var arguments =
        new ArrayList<>(
            List.of(
                "run",
                "--mix",
                SERVER.url(path) + "=150/s",
                "--mix",
                "POST " + SERVER.url("/echo") + "=50/s",
                "--duration=400ms",
                "--warmup=50ms",
                "--drain=20s",
                "--no-rehearsal",
                "--quiet",
                "--json",
                file(name)));
    arguments.addAll(List.of(more));
    assertThat(execute(arguments.toArray(String[]::new)))
        .as("%s", out)
        .isIn(ExitCodes.PASS, ExitCodes.INVALID);
    return directory.resolve(name);
  }

  @Test
  void shouldReadBackWhatItWrote() throws IOException {
    var file = run("a.json", "/status/404");

    var report = ReportFile.read(file);

    // Shares of rounded seconds may differ in their last digit.
    String other = "(?s)\"provenance\" : [{].*?}|\"(cpu_percent|core_[a-z_]+)\" : [0-9.]+";
    assertThat(JsonExporter.toJson(report).replaceAll(other, ""))
        .isEqualTo(Files.readString(file).stripTrailing().replaceAll(other, ""));
    assertThat(report.requests().get(0).count(Outcome.HTTP_ERROR)).isPositive();
    assertThat(HtmlExporter.page(report)).contains("heatmap");
    assertThatThrownBy(() -> ReportFile.read(Path.of("/missing.json")))
        .hasMessageContaining("/missing.json: cannot be read");
    assertThatThrownBy(() -> ReportFile.read(Files.writeString(directory.resolve("x.json"), "{}")))
        .hasMessageContaining("write it with run --json");
  }

  @Test
  void shouldJoinPartsExactly() throws Exception {
    var start = Instant.now().plusSeconds(1).toString();
    var parts = new ArrayList<Path>();
    for (int part = 1; part <= 3; part++) {
      // One after the other: only the first can start at the time.
      parts.add(
          part == 1
              ? run("1.json", "/exponential/2000", "--part=1/3", "--start-at", start)
              : run(part + ".json", "/exponential/2000", "--part=" + part + "/3"));
    }
    var whole = ReportFile.read(run("whole.json", "/exponential/2000"));

    int code =
        execute(
            "merge",
            file("3.json"),
            file("1.json"),
            file("2.json"),
            "--json",
            file("merged.json"),
            "--html",
            file("merged.html"),
            "--markdown",
            file("merged.md"));

    assertThat(code).as("%s", out).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    var merged = ReportFile.read(directory.resolve("merged.json"));
    var reports = parts.stream().map(ReportFile::read).toList();
    assertThat(merged.scheduleHash()).isEqualTo(whole.scheduleHash());
    assertThat(merged.total().scheduled()).isEqualTo(whole.total().scheduled());
    assertSums(merged, reports, r -> r.total().count(Outcome.OK));
    assertSums(merged, reports, r -> r.total().response().count());
    assertSums(merged, reports, r -> r.requests().get(1).okInWindow());
    for (double percentile : new double[] {10, 50, 90, 99, 100}) {
      var all = reports.getFirst().total().response().histogram().copy();
      reports.stream().skip(1).forEach(r -> all.add(r.total().response().histogram()));
      assertThat(merged.total().response().histogram().getValueAtPercentile(percentile))
          .isEqualTo(all.getValueAtPercentile(percentile));
    }
    assertThat(Files.readString(directory.resolve("merged.html"))).contains("heatmap");
    assertThat(Files.readString(directory.resolve("merged.md"))).contains("| total |");
  }

  private static void assertSums(
      LoadReport merged, List<LoadReport> parts, ToLongFunction<LoadReport> count) {
    assertThat(count.applyAsLong(merged)).isEqualTo(parts.stream().mapToLong(count).sum());
  }

  @Test
  void shouldRefuseToJoinWhatDoesNotBelongTogether() throws IOException {
    var one = run("1.json", "/fast", "--part=1/2").toString();
    var copy = Files.copy(Path.of(one), directory.resolve("copy.json")).toString();
    var two = run("2.json", "/fast", "--part=2/2").toString();
    var other = run("o.json", "/fast", "--part=2/2", "--seed=9").toString();

    assertThat(execute("merge", one)).isEqualTo(ExitCodes.SETUP);
    assertThat(execute("merge", one, one)).isEqualTo(ExitCodes.SETUP);
    assertThat(execute("merge", one, copy)).isEqualTo(ExitCodes.SETUP);
    assertThat(execute("merge", one, other)).isEqualTo(ExitCodes.SETUP);
    assertThat(execute("merge", one, two)).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    assertThat(out.toString())
        .contains("part 2/2 is missing")
        .contains("1.json: is given twice")
        .contains("are both part 1/2")
        .contains("only parts of one are joined");
  }

  @Test
  void shouldCompareResultsOfDifferentDays() throws Exception {
    var before = run("before.json", "/constant/2000").toString();
    var after = run("after.json", "/constant/80000").toString();

    int worse =
        execute(
            "compare",
            before,
            after,
            "--fail-if=p50>50%",
            "--fail-if=worse,errors>1%",
            "--junit",
            file("compare.xml"),
            "--markdown",
            file("compare.md"),
            "--json",
            file("compare-out.json"),
            "--html",
            file("compare.html"));

    assertThat(worse).as("%s", out).isIn(ExitCodes.THRESHOLD, ExitCodes.INVALID);
    assertThat(out.toString())
        .contains("FAILED: p50>50%", "FAILED: worse", "were not interleaved")
        .doesNotContain("FAILED: errors");
    var suite =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(directory.resolve("compare.xml").toFile())
            .getDocumentElement();
    assertThat(suite.getAttribute("tests")).isEqualTo("4");
    assertThat(Integer.parseInt(suite.getAttribute("failures"))).isBetween(2, 3);
    assertThat(Files.readString(directory.resolve("compare.md"))).contains("✗ not p50>50%");
    assertThat(Files.readString(directory.resolve("compare-out.json")))
        .contains("\"interleaved\" : false");
    assertThat(Files.readString(directory.resolve("compare.html"))).contains("interleaved");
  }

  @Test
  void shouldSayWhatWasAnotherLoad() {
    var before = run("before.json", "/fast").toString();
    var after = run("after.json", "/fast", "--seed=7", "--connections=3").toString();

    int code = execute("compare", before, after);

    assertThat(code).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    assertThat(out.toString())
        .contains("not the same load: connections 64 → 3", "not the same load: schedule ");
    assertThat(execute("compare", before)).isEqualTo(ExitCodes.SETUP);
  }

  @Test
  void shouldGateACompareOfServers() throws Exception {
    int code =
        execute(
            "compare",
            SERVER.url("/fast"),
            SERVER.url("/status/503"),
            "--rate=150",
            "--blocks=8",
            "--duration=150ms",
            "--warmup=10ms",
            "--no-rehearsal",
            "--fail-if=worse",
            "--fail-if=errors>50%",
            "--junit",
            file("live.xml"),
            "--markdown",
            file("live.md"));

    assertThat(code).as("%s", out).isIn(ExitCodes.THRESHOLD, ExitCodes.INVALID);
    assertThat(out.toString()).contains("FAILED: worse", "FAILED: errors>50%: errors 100.000 %");
    assertThat(Files.readString(directory.resolve("live.xml"))).contains("not errors&gt;50%");
    assertThat(Files.readString(directory.resolve("live.md"))).contains("95 % interval");
  }

  @Test
  void shouldTellFromHistoryWhatIsNoNoise() throws IOException {
    var json = Files.readString(run("x.json", "/constant/3000"));
    var slow = Files.readString(run("y.json", "/constant/90000"));
    Files.delete(directory.resolve("x.json"));
    Files.delete(directory.resolve("y.json"));
    Files.writeString(directory.resolve("other.json"), "{}");
    for (int day = 1; day <= 6; day++) {
      Files.writeString(directory.resolve("day" + day + ".json"), at(json, day));
    }
    assertThat(execute("history", directory.toString(), "--fail-if-worse"))
        .as("%s", out)
        .isEqualTo(ExitCodes.PASS);
    assertThat(out.toString()).contains("in the band").doesNotContain("WORSE");

    Files.writeString(
        directory.resolve("day7.json"), at(slow, 7).replace("/constant/90000", "/constant/3000"));
    int worse =
        execute("history", directory.toString(), "--fail-if-worse", "--html", file("history.html"));

    assertThat(worse).isEqualTo(ExitCodes.THRESHOLD);
    assertThat(out.toString()).contains("p50", "WORSE than it used to be");
    assertThat(Files.readString(directory.resolve("history.html")))
        .contains("worse than it used to be", "day7.json");
  }

  private static String at(String json, int day) {
    return json.replaceFirst(
        "\"started_at\" : \"[^\"]*\"", "\"started_at\" : \"2026-01-0" + day + "T00:00:00Z\"");
  }

  @Test
  void shouldWriteJunitAndMarkdownOfARun() throws Exception {
    int code =
        execute(
            "run",
            SERVER.url("/status/500"),
            "--rate=100",
            "--duration=200ms",
            "--warmup=0",
            "--no-rehearsal",
            "--quiet",
            "--fail-if=errors>1%",
            "--fail-if=delivered<0%",
            "--junit",
            file("run.xml"),
            "--markdown",
            file("run.md"));

    assertThat(code).as("%s", out).isIn(ExitCodes.THRESHOLD, ExitCodes.INVALID);
    assertThat(Files.readString(directory.resolve("run.xml")))
        .contains("<failure message=", "not errors&gt;1%");
    assertThat(Files.readString(directory.resolve("run.md")))
        .contains("| total |", "× status 500", "✗ not errors>1%", "✓ not delivered");
  }
}
