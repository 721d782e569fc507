package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Condition;
import dev.baton.loadgen.export.HdrExporter;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.export.SummaryExporter;
import dev.baton.loadgen.results.Merger;
import dev.baton.loadgen.results.ReportFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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

/** {@code merge}: the reports of several generators as one. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Join what the parts of a schedule (--part) wrote by --json into one report. Counts and"
            + " histograms add up exactly.")
final class MergeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ParentCommand private LoadGeneratorCommand parent = new LoadGeneratorCommand();

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Reports written by run --json.")
  private List<Path> files = List.of();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the report as JSON; - for stdout.")
  private @Nullable String json;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as a page.")
  private @Nullable String html;

  @Option(
      names = "--hgrm",
      paramLabel = "PREFIX",
      description = "Write percentile distributions as PREFIX.response.hgrm and so on.")
  private @Nullable String hgrm;

  @Option(
      names = "--fail-if",
      paramLabel = "CONDITION",
      description = "Exit with 1 if it holds, as in 'p99>5ms', 'errors>0.1%%'; repeatable.")
  private List<String> failIf = new ArrayList<>();

  @Mixin private SummaryArguments summary = new SummaryArguments();

  @Override
  public Integer call() {
    var conditions = Condition.parseAll(failIf);
    var output = new Output(spec.commandLine());
    output.expect("--json", json);
    output.expect("--html", html);
    summary.expect(output);
    var reports = new LinkedHashMap<String, LoadReport>();
    for (var file : files) {
      if (reports.put(file.toString(), ReportFile.read(file)) != null) {
        throw new IllegalArgumentException(file + ": is given twice");
      }
    }
    var report = Merger.merge(reports);
    PrintWriter out = output.people();
    SummaryExporter.write(report, out);
    var crossed = conditions.stream().filter(c -> c.holds(report) || !c.measured(report)).toList();
    crossed.forEach(c -> out.println("FAILED: " + c.text() + ": " + c.describe(report)));
    out.flush();
    output.write("--json", json, () -> JsonExporter.toJson(report, parent.provenance()));
    output.write("--html", html, () -> HtmlExporter.page(report, parent.provenance()));
    String prefix = hgrm;
    if (prefix != null) {
      output.attempt("--hgrm", prefix, () -> HdrExporter.write(report, prefix));
    }
    summary.write(output, "loadgen merge", report, conditions);
    if (output.problems()) {
      return ExitCodes.SETUP;
    }
    if (!report.valid()) {
      return ExitCodes.INVALID;
    }
    return crossed.isEmpty() ? ExitCodes.PASS : ExitCodes.THRESHOLD;
  }
}
