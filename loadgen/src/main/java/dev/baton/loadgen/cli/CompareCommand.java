package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Comparer;
import dev.baton.loadgen.compare.Comparer.Side;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.compare.ServerProcess;
import dev.baton.loadgen.export.ComparisonExporter;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.export.SummaryExporter;
import java.io.PrintWriter;
import java.net.URI;
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
      description = "A and B; one URL compares it with itself and so shows the noise (A/A).")
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

  @Override
  public Integer call() {
    String urlA = urls.getFirst();
    String urlB = urls.getLast();
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
    var output = new Output(spec.commandLine());
    output.expect("--json", json);
    output.expect("--html", html);
    PrintWriter out = output.people();
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
        int code = comparison.valid() ? ExitCodes.PASS : ExitCodes.INVALID;
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
