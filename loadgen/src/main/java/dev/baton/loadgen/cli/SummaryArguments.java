package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Condition;
import dev.baton.loadgen.export.JunitExporter;
import dev.baton.loadgen.export.JunitExporter.Case;
import dev.baton.loadgen.export.MarkdownExporter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The outputs that build servers read. */
final class SummaryArguments {
  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Write the conditions of --fail-if as test cases in JUnit's XML.")
  private @Nullable String junit;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Append a table in Markdown, as for GitHub's GITHUB_STEP_SUMMARY.")
  private @Nullable String markdown;

  void expect(Output output) {
    output.expect("--junit", junit);
    output.expect("--markdown", markdown);
  }

  /** Writes what was asked for about one report. */
  void write(Output output, String suite, LoadReport report, List<Condition> conditions) {
    var cases = new ArrayList<Case>();
    for (var condition : conditions) {
      boolean failed = condition.holds(report) || !condition.measured(report);
      cases.add(new Case("not " + condition.text(), failed ? condition.describe(report) : ""));
    }
    cases.add(new Case("generator undisturbed", String.join("; ", report.invalidReasons())));
    write(
        output,
        suite,
        report.self().seconds(),
        cases,
        written -> MarkdownExporter.toMarkdown(report, written));
  }

  /** Writes what was asked for about anything. */
  void write(
      Output output,
      String suite,
      double seconds,
      List<Case> cases,
      Function<List<Case>, String> table) {
    output.write("--junit", junit, () -> JunitExporter.toXml(suite, seconds, cases));
    String file = markdown;
    if (file != null && file.equals("-")) {
      output.write("--markdown", file, () -> table.apply(cases));
    } else if (file != null) {
      output.attempt(
          "--markdown",
          file,
          () ->
              Files.writeString(
                  Path.of(file),
                  table.apply(cases),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.APPEND));
    }
  }
}
