package dev.baton.loadgen.peers;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.client.Rehearsal;
import dev.baton.loadgen.compare.ServerProcess;
import dev.baton.loadgen.peers.report.CellOptions;
import dev.baton.loadgen.peers.report.MarkdownExporter;
import dev.baton.loadgen.peers.report.PageExporter;
import dev.baton.loadgen.peers.report.PeersComparison;
import dev.baton.loadgen.peers.report.Summary;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code compare}: all peers side by side, or on with what was begun. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measure all peers in interleaved rounds and write tables and a page: peak throughput, CPU"
          + " per request, and the response time of /fast at 4,000/s alone and beside requests that"
          + " sleep (/block/50, /native/50 at 40/s) or compute (/cpu/5000 at 20/s).",
      "What was measured before is kept in the directory and not measured again."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all cells are measured",
      "1:some are missing: the time of --for is over; call it again",
      "3:it could not run"
    })
final class CompareCommand implements Callable<Integer> {
  private static final int INCOMPLETE = 1;
  private static final String TABLES = "<!-- tables -->";
  private static final String END_OF_TABLES = "<!-- end of tables -->";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Directory for raw/*.json, summary.json, tables.md, index.html (default:"
              + " ${DEFAULT-VALUE}).")
  private Path directory = Path.of("peers-results");

  @Option(
      names = "--peers",
      paramLabel = "NAME",
      split = ",",
      description = "Only these, separated by commas (default: all).")
  private List<String> names = List.of();

  @Option(
      names = "--forks",
      paramLabel = "N",
      description = "JVMs of each peer (default: ${DEFAULT-VALUE}).")
  private int forks = 3;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Length of each open loop (default: ${DEFAULT-VALUE}).")
  private int seconds = 4;

  @Option(
      names = "--warmup-seconds",
      paramLabel = "S",
      description =
          "Length of a closed loop on every fresh JVM; repeated until the CPU time per response is"
              + " steady, and once before the peak (default: ${DEFAULT-VALUE}).")
  private int warmupSeconds = 3;

  @Option(
      names = "--cpus-server",
      paramLabel = "LIST",
      description = "Pin the servers to these CPUs (default: ${DEFAULT-VALUE}).")
  private String cpusServer = "0";

  @Option(
      names = "--cpus-load",
      paramLabel = "LIST",
      description = "Pin the generator to these CPUs (default: ${DEFAULT-VALUE}).")
  private String cpusLoad = "1";

  @Option(
      names = "--realtime",
      description =
          "Put the generator's thread into SCHED_FIFO, so that nobody on its core delays it. Needs"
              + " root or CAP_SYS_NICE.")
  private boolean realtime;

  @Option(
      names = "--jvm-options",
      paramLabel = "OPTIONS",
      description = "Of the servers' JVMs (default: ${DEFAULT-VALUE}).")
  private String jvmOptions =
      "-Xms512m -Xmx512m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED"
          + " --sun-misc-unsafe-memory-access=allow";

  @Option(
      names = "--max-others",
      paramLabel = "CPUS",
      description =
          "Measure a cell again during which other processes had more of the machine's CPUs than"
              + " this (default: ${DEFAULT-VALUE}), or in which the generator was late. The report"
              + " names all that were.")
  private double maxOthers = 0.2;

  @Option(
      names = "--tries",
      paramLabel = "N",
      description = "How often at most; the last one counts (default: ${DEFAULT-VALUE}).")
  private int tries = 3;

  @Option(
      names = "--for",
      paramLabel = "SECONDS",
      description = "Stop in time for this; the next call goes on.")
  private @Nullable Integer budgetSeconds;

  @Option(
      names = "--readme",
      paramLabel = "FILE",
      description =
          "Put the tables into this file as well, between the lines '<!-- tables -->' and '<!--"
              + " end of tables -->'.")
  private @Nullable Path readme;

  @Option(
      names = "--report-only",
      description = "Measure nothing; write tables and page from what is there.")
  private boolean reportOnly;

  @Override
  public Integer call() throws IOException, InterruptedException {
    var out = spec.commandLine().getOut();
    var peers = names.isEmpty() ? List.of(Peer.values()) : names.stream().map(Peer::of).toList();
    var comparison =
        new PeersComparison(
            directory,
            peers,
            forks,
            tries,
            new CellOptions(
                cpusServer,
                Duration.ofSeconds(warmupSeconds),
                Duration.ofSeconds(seconds),
                realtime,
                jvmOptions,
                maxOthers),
            out);
    if (!reportOnly && comparison.missing() > 0) {
      LoadGenerator.skipNettyChecks();
      ServerProcess.pinSelf(cpusLoad);
      Rehearsal.run();
      comparison.run(
          budgetSeconds == null ? Duration.ofDays(1) : Duration.ofSeconds(budgetSeconds));
    }
    var cells = comparison.cells();
    if (cells.isEmpty() && !reportOnly) {
      out.println("nothing counts yet: run it again");
      return INCOMPLETE;
    }
    if (cells.isEmpty()) {
      throw new IllegalArgumentException(
          "--out " + directory + ": holds no raw/*.json; run it without --report-only");
    }
    var summary = Summary.of(cells, comparison.discarded(), about());
    String tables = MarkdownExporter.tables(summary);
    Files.writeString(directory.resolve("summary.json"), summary.encodePrettily() + "\n");
    Files.writeString(directory.resolve("tables.md"), tables);
    Files.writeString(directory.resolve("index.html"), PageExporter.page(summary));
    if (readme != null) {
      Files.writeString(readme, withTables(readme, Files.readString(readme), tables));
    }
    out.println(tables);
    int missing = comparison.missing();
    out.println(missing == 0 ? "complete" : missing + " cells are missing: run it again");
    return missing == 0 ? 0 : INCOMPLETE;
  }

  static String withTables(Path file, String text, String tables) {
    int start = text.indexOf(TABLES);
    int end = text.indexOf(END_OF_TABLES);
    if (start < 0 || end < start) {
      throw new IllegalArgumentException(
          "--readme " + file + ": needs the lines " + TABLES + " and " + END_OF_TABLES);
    }
    return text.substring(0, start + TABLES.length())
        + "\n\n"
        + tables
        + "\n"
        + text.substring(end);
  }

  private JsonObject about() throws IOException {
    return new JsonObject()
        .put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"))
        .put("cpu", cpuModel())
        .put("jdk", Runtime.version().toString())
        .put("forks", forks)
        .put("seconds", seconds)
        .put("warmup_seconds", warmupSeconds)
        .put("jvm_options", jvmOptions);
  }

  private static String cpuModel() throws IOException {
    var info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return System.getProperty("os.arch");
    }
    try (var lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).trim())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    }
  }
}
