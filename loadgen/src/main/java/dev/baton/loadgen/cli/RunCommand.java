package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Condition;
import dev.baton.loadgen.export.HdrExporter;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.IntervalLogExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.export.PrometheusExporter;
import dev.baton.loadgen.export.SummaryExporter;
import dev.baton.loadgen.record.Outcome;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code run}: one load, one report. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Run one load and report it.")
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ParentCommand private LoadGeneratorCommand parent = new LoadGeneratorCommand();

  @Parameters(paramLabel = "[METHOD ]URL", arity = "0..*", description = "What to request.")
  private List<String> urls = new ArrayList<>();

  @Mixin private LoadArguments load = new LoadArguments();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the report as JSON; - for stdout.")
  private @Nullable String json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write the report as one self-contained page with plots.")
  private @Nullable String html;

  @Option(
      names = "--hgrm",
      paramLabel = "PREFIX",
      description = "Write percentile distributions as PREFIX.response.hgrm and so on.")
  private @Nullable String hgrm;

  @Option(
      names = "--hdr-log",
      paramLabel = "FILE",
      description = "Write response times per second as an HdrHistogram log.")
  private @Nullable String hdrLog;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description = "Serve /metrics for Prometheus on the loopback while the load runs.")
  private @Nullable Integer metricsPort;

  @Option(
      names = "--fail-if",
      paramLabel = "CONDITION",
      description =
          "Exit with 1 if it holds, as in 'p99>5ms', 'service.p99.9>20ms', 'errors>0.1%%',"
              + " 'delivered<99%%'; repeatable, or separated by commas.")
  private List<String> failIf = new ArrayList<>();

  @Mixin private SummaryArguments summary = new SummaryArguments();

  @Option(names = "--quiet", description = "No line per second.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    var conditions = Condition.parseAll(failIf);
    var options = load.toOptions(urls, parent.configFile());
    var generator = LoadGenerator.create(options);
    var output = new Output(spec.commandLine());
    output.expect("--json", json);
    output.expect("--html", html);
    output.expect("--hdr-log", hdrLog);
    if (hgrm != null) {
      HdrExporter.files(hgrm).forEach(file -> output.expect("--hgrm", file.toString()));
    }
    summary.expect(output);
    PrintWriter out = output.people();
    var log = hdrLog == null ? null : new IntervalLogExporter(Path.of(hdrLog));
    var monitor = new Monitor(generator, options, quiet ? null : out, Terminal.here(), log);
    try (var metrics = metrics(generator, monitor)) {
      if (metrics != null) {
        out.println("metrics at http://127.0.0.1:" + metrics.port() + "/metrics");
      }
      if (!options.isClosedLoop()) {
        out.println(SummaryExporter.scheduleLine(generator));
      }
      out.flush();
      load.rehearse(options);
      try (var _ = new Interruption(generator::stop)) {
        var report = run(generator, monitor);
        SummaryExporter.write(report, out);
        int code = judge(report, conditions, out);
        out.flush();
        output.write("--json", json, () -> JsonExporter.toJson(report, parent.provenance()));
        output.write("--html", html, () -> HtmlExporter.page(report, parent.provenance()));
        String prefix = hgrm;
        if (prefix != null) {
          output.attempt("--hgrm", prefix, () -> HdrExporter.write(report, prefix));
        }
        summary.write(output, "loadgen run", report, conditions);
        return output.problems() ? (Integer) ExitCodes.SETUP : code;
      }
    }
  }

  private static LoadReport run(LoadGenerator generator, Monitor monitor) {
    try (var _ = monitor.start()) {
      return generator.run();
    }
  }

  private @Nullable PrometheusExporter metrics(LoadGenerator generator, Monitor monitor)
      throws IOException {
    if (metricsPort == null) {
      return null;
    }
    try {
      return new PrometheusExporter(metricsPort, generator.recorder(), monitor::interval);
    } catch (BindException e) {
      throw new IllegalArgumentException(
          "--metrics-port " + metricsPort + ": " + e.getMessage() + "; choose another one", e);
    }
  }

  private static int judge(LoadReport report, List<Condition> conditions, PrintWriter out) {
    var crossed = conditions.stream().filter(c -> c.holds(report) || !c.measured(report)).toList();
    crossed.forEach(c -> out.println("FAILED: " + c.text() + ": " + c.describe(report)));
    var disturbances =
        conditions.stream().map(c -> c.disturbance(report)).filter(d -> !d.isEmpty()).toList();
    if (report.valid()) {
      disturbances.forEach(d -> out.println("INVALID: " + d));
    }
    return exitCode(report, !disturbances.isEmpty(), !crossed.isEmpty());
  }

  private static int exitCode(LoadReport report, boolean disturbed, boolean crossed) {
    if (report.total().count(Outcome.OK) == 0 && report.total().count(Outcome.HTTP_ERROR) == 0) {
      return ExitCodes.SETUP;
    }
    if (!report.valid() || disturbed) {
      return ExitCodes.INVALID;
    }
    return crossed ? ExitCodes.THRESHOLD : ExitCodes.PASS;
  }
}
