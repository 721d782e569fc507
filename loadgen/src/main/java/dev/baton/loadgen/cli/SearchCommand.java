package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.compare.Condition;
import dev.baton.loadgen.compare.RateSearch;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.export.SummaryExporter;
import java.io.PrintWriter;
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

/** {@code search}: the highest rate that keeps a promise. */
@Command(
    name = "search",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Find the highest rate at which conditions hold: double, bisect, confirm. --duration is"
            + " the length of one try.")
final class SearchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @ParentCommand private LoadGeneratorCommand parent = new LoadGeneratorCommand();

  @Parameters(paramLabel = "[METHOD ]URL", arity = "0..*", description = "What to request.")
  private List<String> urls = new ArrayList<>();

  @Mixin private LoadArguments load = new LoadArguments();

  @Option(
      names = "--slo",
      required = true,
      paramLabel = "CONDITIONS",
      description = "What has to hold, as in 'p99<5ms,errors<0.1%%'.")
  private String slo = "";

  @Option(
      names = "--from",
      paramLabel = "RATE",
      description = "The first rate tried (default: ${DEFAULT-VALUE}).")
  private String from = "500";

  @Option(
      names = "--to",
      paramLabel = "RATE",
      description = "The highest rate tried (default: ${DEFAULT-VALUE}).")
  private String to = "200k";

  @Option(
      names = "--tolerance",
      paramLabel = "SHARE",
      description = "How close to the limit (default: ${DEFAULT-VALUE}).")
  private double tolerance = 0.05;

  @Option(
      names = "--confirm",
      paramLabel = "TIME",
      description = "Length of the run that confirms the result (default: ${DEFAULT-VALUE}).")
  private String confirm = "30s";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the confirming run and all tries as JSON; - for stdout.")
  private @Nullable String json;

  @Override
  public Integer call() {
    LoadOptions options = load.toOptions(urls, parent.configFile());
    if (options.isClosedLoop()) {
      throw new IllegalArgumentException("--closed: a search needs an open loop");
    }
    if (!options.getPhases().isEmpty()) {
      throw new IllegalArgumentException("--phase: a search sets the rate itself");
    }
    var output = new Output(spec.commandLine());
    output.expect("--json", json);
    PrintWriter out = output.people();
    var search =
        new RateSearch(
            options,
            Condition.parseAll(List.of(slo)),
            Quantities.rate(from),
            Quantities.rate(to),
            tolerance,
            Quantities.duration(confirm),
            probe -> print(out, probe));
    load.rehearse(options);
    try (var _ = new Interruption(search::stop)) {
      var result = search.run();
      int code = report(result, out);
      out.flush();
      output.write("--json", json, () -> JsonExporter.toJson(result, slo, parent.provenance()));
      return output.problems() ? (Integer) ExitCodes.SETUP : code;
    }
  }

  private int report(RateSearch.Result result, PrintWriter out) {
    if (result.interrupted()) {
      out.printf(Locale.ROOT, "%nINTERRUPTED after %d tries: no result%n", result.probes().size());
      return ExitCodes.THRESHOLD;
    }
    if (result.confirmed() == null) {
      out.printf(
          Locale.ROOT,
          result.generatorLimit()
              ? "%nINVALID: the generator was disturbed at every rate from %s/s on;"
                  + " nothing is known about %s%n"
              : "%nno rate from %s/s on holds %s%n",
          from,
          slo);
      return result.generatorLimit() ? ExitCodes.INVALID : ExitCodes.THRESHOLD;
    }
    SummaryExporter.write(result.confirmed(), out);
    out.printf(
        Locale.ROOT,
        "%n%,.0f/s is the highest rate that holds %s%s%n",
        result.rate(),
        slo,
        result.reachedLimit() ? " (and the highest allowed by --to)" : "");
    if (result.generatorLimit()) {
      out.println(
          "INVALID: beyond it the generator was disturbed; the server may hold more. Give the"
              + " generator a core of its own.");
    }
    return result.generatorLimit() ? ExitCodes.INVALID : ExitCodes.PASS;
  }

  private static void print(PrintWriter out, RateSearch.Probe probe) {
    out.printf(
        Locale.ROOT,
        "%-8s %,9.0f/s  p99 %8s ms  %s%n",
        probe.confirmation() ? "confirm" : "try",
        probe.rate(),
        SummaryExporter.millis(probe.report().total().response().millisAt(99)),
        probe.holds() ? "holds" : probe.why());
    out.flush();
  }
}
