package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.export.JsonExporter;
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
import picocli.CommandLine.Spec;

/** {@code run}: one load, one report. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Run one load and report it.")
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "[METHOD ]URL", arity = "0..*", description = "What to request.")
  private List<String> urls = new ArrayList<>();

  @Mixin private LoadArguments load = new LoadArguments();

  @Option(names = "--json", paramLabel = "FILE", description = "Write the report as JSON; - for stdout.")
  private @Nullable String json;

  @Override
  public Integer call() throws IOException {
    var generator = LoadGenerator.create(load.toOptions(urls));
    PrintWriter out =
        "-".equals(json) ? spec.commandLine().getErr() : spec.commandLine().getOut();
    out.println(SummaryExporter.scheduleLine(generator));
    out.flush();
    load.rehearse();
    var report = generator.run();
    SummaryExporter.write(report, out);
    out.flush();
    if (json != null) {
      if (json.equals("-")) {
        spec.commandLine().getOut().println(JsonExporter.toJson(report));
      } else {
        Files.writeString(Path.of(json), JsonExporter.toJson(report));
      }
    }
    return exitCode(report);
  }

  private static int exitCode(LoadReport report) {
    if (report.total().count(Outcome.OK) == 0 && report.total().count(Outcome.HTTP_ERROR) == 0) {
      return ExitCodes.SETUP;
    }
    return report.valid() ? ExitCodes.PASS : ExitCodes.INVALID;
  }
}
