package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Change;
import dev.baton.loadgen.compare.Comparer;
import dev.baton.loadgen.compare.Comparer.Side;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.compare.ServerProcess;
import dev.baton.loadgen.compare.Verdict;
import dev.baton.loadgen.export.ComparisonExporter;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.export.JunitExporter.Case;
import dev.baton.loadgen.export.MarkdownExporter;
import dev.baton.loadgen.export.SummaryExporter;
import dev.baton.loadgen.results.ReportFile;
import dev.baton.loadgen.results.SavedComparison;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code compare}: A against B in interleaved blocks. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Compare two servers or paths in interleaved blocks (ABBA) on identical schedules."
            + " --duration and --warmup are those of one block. With --mix '/path=RATE/s' the paths"
            + " are requested from A and B; the latencies compared are those of the first one.")
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ParentCommand private LoadGeneratorCommand parent = new LoadGeneratorCommand();

  @Parameters(
      paramLabel = "URL",
      arity = "1..2",
      description =
          "A and B; one URL compares it with itself and so shows the noise (A/A). Or two files"
              + " written by run --json, the older first.")
  private List<String> urls = List.of();

  @Mixin private LoadArguments load = new LoadArguments();

  @Option(
      names = "--blocks",
      paramLabel = "N",
      description = "Pairs of blocks, at least 8 (default: ${DEFAULT-VALUE}).")
  private int blocks = 10;

  @Option(
      names = "--server-a",
      paramLabel = "COMMAND",
      description = "Start A's server by this shell command, measure and stop it.")
  private @Nullable String serverA;

  @Option(
      names = "--server-b",
      paramLabel = "COMMAND",
      description = "Start B's server; it needs a port of its own.")
  private @Nullable String serverB;

  @Option(
      names = "--cpus-server",
      paramLabel = "LIST",
      description = "Pin the started servers to these CPUs.")
  private @Nullable String cpusServer;

  @Option(
      names = "--cpus-load",
      paramLabel = "LIST",
      description = "Pin the generator to these CPUs.")
  private @Nullable String cpusLoad;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the comparison as JSON; - for stdout.")
  private @Nullable String json;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the comparison as a page.")
  private @Nullable String html;

  @Option(
      names = "--fail-if",
      paramLabel = "CHANGE",
      description =
          "Exit with 1 if it holds: 'worse', 'p99>10%%' (B against A, and more than chance"
              + " explains), 'delivered<-5%%', 'errors>0.1%%' (of B); repeatable, or separated by"
              + " commas.")
  private List<String> failIf = new ArrayList<>();

  @Mixin private SummaryArguments summary = new SummaryArguments();

  @Override
  public Integer call() {
    var changes = Change.parseAll(failIf);
    var output = new Output(spec.commandLine());
    output.expect("--json", json);
    output.expect("--html", html);
    summary.expect(output);
    PrintWriter out = output.people();
    String urlA = urls.getFirst();
    String urlB = urls.getLast();
    if (urls.stream().allMatch(url -> url.endsWith(".json") && !url.contains("://"))) {
      return compareSaved(changes, output, out);
    }
    if (load.rate == null && load.mix.isEmpty() && !load.closed) {
      throw new IllegalArgumentException(
          "--rate: state the rate at which to compare, or --closed for peak throughput");
    }
    if (urls.size() == 2 && urlA.equals(urlB)) {
      throw new IllegalArgumentException("URL: give it once to compare it with itself");
    }
    if (serverB != null && urls.size() == 1) {
      throw new IllegalArgumentException("--server-b: needs a second URL");
    }
    long begin = System.nanoTime();
    var comparer =
        new Comparer(
            blocks,
            (label, report) -> {
              out.printf(
                  Locale.ROOT,
                  "%s  p50 %8s  p99 %8s  p99.9 %8s ms  %,9.0f ok/s%s%s%n",
                  label,
                  SummaryExporter.millis(Comparison.focus(report).millisAt(50)),
                  SummaryExporter.millis(Comparison.focus(report).millisAt(99)),
                  SummaryExporter.millis(Comparison.focus(report).millisAt(99.9)),
                  report.deliveredRate(),
                  errors(report),
                  report.valid() ? "" : "  INVALID");
              out.flush();
            });
    if (cpusLoad != null) {
      ServerProcess.pinSelf(cpusLoad);
    }
    try (var a = start(serverA, urlA);
        var b = start(serverB, urlB)) {
      load.rehearse(side(urlA));
      try (var _ = new Interruption(comparer::stop)) {
        var comparison =
            comparer.run(
                new Side(name("A", urlA), side(urlA), a),
                new Side(name("B", urlB), side(urlB), urls.size() == 1 ? a : b));
        ComparisonExporter.write(comparison, out);
        out.flush();
        output.write("--json", json, () -> JsonExporter.toJson(comparison, parent.provenance()));
        output.write("--html", html, () -> HtmlExporter.page(comparison, parent.provenance()));
        checkAnswered(urlA, comparison.blocksA());
        checkAnswered(urlB, comparison.blocksB());
        var verdict = comparison.verdict();
        boolean worse =
            verdict == Verdict.SLOWER || verdict == Verdict.MIXED || verdict == Verdict.MORE_ERRORS;
        var cases = cases(changes, comparison.observed(), worse, out);
        cases.add(
            new Case(
                "generator undisturbed",
                comparison.valid() ? "" : comparison.invalidBlocks() + " blocks are INVALID"));
        summary.write(
            output,
            "loadgen compare",
            (System.nanoTime() - begin) / 1e9,
            cases,
            written -> MarkdownExporter.toMarkdown(comparison, written));
        int code = exitCode(comparison.valid(), cases);
        return output.problems() ? (Integer) ExitCodes.SETUP : code;
      }
    }
  }

  private static void checkAnswered(String url, List<LoadReport> blocks) {
    if (!blocks.isEmpty() && blocks.stream().allMatch(r -> r.responses() == 0)) {
      throw new IllegalArgumentException(
          url + ": not one response; " + blocks.getFirst().errorKinds().keySet());
    }
  }

  private Integer compareSaved(List<Change> changes, Output output, PrintWriter out) {
    if (urls.size() != 2) {
      throw new IllegalArgumentException("give two files, the older first");
    }
    var saved =
        SavedComparison.of(
            ReportFile.read(Path.of(urls.getFirst())), ReportFile.read(Path.of(urls.getLast())));
    ComparisonExporter.write(saved, out);
    var cases = cases(changes, saved.observed(), saved.worse(), out);
    boolean valid = saved.before().valid() && saved.after().valid();
    cases.add(new Case("generator undisturbed", valid ? "" : "a result is INVALID"));
    out.flush();
    output.write("--json", json, () -> JsonExporter.toJson(saved));
    output.write("--html", html, () -> HtmlExporter.page(saved, parent.provenance()));
    summary.write(
        output,
        "loadgen compare",
        saved.after().self().seconds(),
        cases,
        written -> MarkdownExporter.toMarkdown(saved, written));
    int code = exitCode(valid, cases);
    return output.problems() ? (Integer) ExitCodes.SETUP : code;
  }

  private static List<Case> cases(
      List<Change> changes, List<Change.Observed> observed, boolean worse, PrintWriter out) {
    var cases = new ArrayList<Case>();
    for (var change : changes) {
      boolean failed = change.holds(observed, worse);
      cases.add(new Case("not " + change.text(), failed ? change.describe(observed) : ""));
      if (failed) {
        out.println("FAILED: " + change.text() + ": " + change.describe(observed));
      }
    }
    out.flush();
    return cases;
  }

  private static int exitCode(boolean valid, List<Case> cases) {
    if (!valid) {
      return ExitCodes.INVALID;
    }
    return cases.stream().allMatch(c -> c.failure().isEmpty())
        ? ExitCodes.PASS
        : ExitCodes.THRESHOLD;
  }

  private static String errors(LoadReport report) {
    double share = 100 * report.total().errorShare();
    return share > 0 ? String.format(Locale.ROOT, "  errors %.2f %%", share) : "";
  }

  private LoadOptions side(String url) {
    return load.toOptionsAt(url, parent.configFile());
  }

  private String name(String label, String url) {
    return urls.size() == 1 ? label + " (the same) " + url : label + " " + url;
  }

  private @Nullable ServerProcess start(@Nullable String command, String url) {
    return command == null
        ? null
        : ServerProcess.start(
            command, cpusServer, URI.create(MixEntry.parseUrl(url).uri().toString()));
  }
}
