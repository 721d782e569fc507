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
import java.nio.file.Files;
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
  private @Nullable Path html;

  @Option(
      names = "--hgrm",
      paramLabel = "PREFIX",
      description = "Write percentile distributions as PREFIX.response.hgrm and so on.")
  private @Nullable String hgrm;

  @Option(
      names = "--hdr-log",
      paramLabel = "FILE",
      description = "Write response times per second as an HdrHistogram log.")
  private @Nullable Path hdrLog;

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

  @Option(names = "--quiet", description = "No line per second.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    var conditions = Condition.parseAll(failIf);
    var options = load.toOptions(urls, parent.configFile());
    var generator = LoadGenerator.create(options);
    PrintWriter out = "-".equals(json) ? spec.commandLine().getErr() : spec.commandLine().getOut();
    if (!options.isClosedLoop()) {
      out.println(SummaryExporter.scheduleLine(generator));
    }
    out.flush();
    load.rehearse();
    var log = hdrLog == null ? null : new IntervalLogExporter(hdrLog);
    var monitor = new Monitor(generator, options, quiet ? null : out, Terminal.here(), log);
    var shutdown = new Thread(generator::stop, "loadgen-shutdown");
    LoadReport report;
    try (var _ = monitor.start();
        var metrics =
            metricsPort == null
                ? null
                : new PrometheusExporter(metricsPort, generator.recorder(), monitor::interval)) {
      if (metrics != null) {
        out.println("metrics at http://127.0.0.1:" + metrics.port() + "/metrics");
      }
      Runtime.getRuntime().addShutdownHook(shutdown);
      report = generator.run();
      Runtime.getRuntime().removeShutdownHook(shutdown);
    }
    SummaryExporter.write(report, out);
    var crossed = conditions.stream().filter(c -> c.holds(report) || !c.measured(report)).toList();
    crossed.forEach(c -> out.println("FAILED: " + c.text() + ": " + c.describe(report)));
    var disturbances =
        conditions.stream().map(c -> c.disturbance(report)).filter(d -> !d.isEmpty()).toList();
    if (report.valid()) {
      disturbances.forEach(d -> out.println("INVALID: " + d));
    }
    out.flush();
    writeFiles(report);
    return exitCode(report, !disturbances.isEmpty(), !crossed.isEmpty());
  }

  private void writeFiles(LoadReport report) throws IOException {
    if (json != null) {
      if (json.equals("-")) {
        spec.commandLine().getOut().println(JsonExporter.toJson(report));
        spec.commandLine().getOut().flush();
      } else {
        Files.writeString(Path.of(json), JsonExporter.toJson(report));
      }
    }
    if (html != null) {
      Files.writeString(html, HtmlExporter.page(report));
    }
    if (hgrm != null) {
      HdrExporter.write(report, hgrm);
    }
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
