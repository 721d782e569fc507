package dev.baton.loadgen.cli;

import dev.baton.loadgen.export.HistoryExporter;
import dev.baton.loadgen.results.History;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code history}: the results of one load over time. */
@Command(
    name = "history",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Put the results in a directory (run --json) that are of the same load as the newest one in"
            + " a row, with the band in which its values used to lie.")
final class HistoryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ParentCommand private LoadGeneratorCommand parent = new LoadGeneratorCommand();

  @Parameters(paramLabel = "DIR", description = "Where the results are.")
  private Path directory = Path.of("");

  @Option(names = "--html", paramLabel = "FILE", description = "Write the history as a page.")
  private @Nullable String html;

  @Option(
      names = "--fail-if-worse",
      description = "Exit with 1 if the newest result is beyond the band on the bad side.")
  private boolean failIfWorse;

  @Override
  public Integer call() {
    var output = new Output(spec.commandLine());
    output.expect("--html", html);
    var history = History.read(directory);
    PrintWriter out = output.people();
    HistoryExporter.write(history, out);
    out.flush();
    output.write("--html", html, () -> HistoryExporter.page(history, parent.provenance()));
    if (output.problems()) {
      return ExitCodes.SETUP;
    }
    return failIfWorse && !history.worse().isEmpty() ? ExitCodes.THRESHOLD : ExitCodes.PASS;
  }
}
