package dev.baton.loadgen.cli;

import dev.baton.loadgen.imports.CurlImport;
import dev.baton.loadgen.imports.HarImport;
import dev.baton.loadgen.imports.ImportedLoad;
import dev.baton.loadgen.imports.OpenApiImport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code import}: files for {@code --config} from what others wrote down. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description =
        "Print a file for --config, made of a curl command line, a HAR file or an OpenAPI"
            + " description. What could not be taken over stands in its comments.",
    subcommands = {ImportCommand.Curl.class, ImportCommand.Har.class, ImportCommand.OpenApi.class})
final class ImportCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name what to import: curl, har or openapi");
  }

  private static int print(CommandSpec spec, ImportedLoad load, String yaml) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(yaml);
    out.flush();
    load.notes().forEach(note -> spec.commandLine().getErr().println("note: " + note));
    return ExitCodes.PASS;
  }

  @Command(
      name = "curl",
      mixinStandardHelpOptions = true,
      description = "Import a curl command line, as browsers copy it.")
  static final class Curl implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
        paramLabel = "COMMAND",
        arity = "1",
        description = "The command line, quoted as one word.")
    private String commandLine = "";

    @Override
    public Integer call() {
      var load = CurlImport.read(commandLine);
      return print(spec, load, load.toYaml());
    }
  }

  @Command(
      name = "har",
      mixinStandardHelpOptions = true,
      description = "Import the requests that a browser recorded.")
  static final class Har implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "FILE", description = "A HAR 1.2 file.")
    private Path file = Path.of("");

    @Option(names = "--host", paramLabel = "HOST", description = "Only requests to this host.")
    private @Nullable String host;

    @Option(
        names = "--scenario",
        paramLabel = "NAME",
        description = "As the steps of a scenario, with the recorded pauses.")
    private @Nullable String scenario;

    @Override
    public Integer call() {
      var load = HarImport.read(file, host, scenario != null);
      return print(spec, load, scenario == null ? load.toYaml() : load.toScenario(scenario));
    }
  }

  @Command(
      name = "openapi",
      mixinStandardHelpOptions = true,
      description = "Import one request per operation, filled with its examples.")
  static final class OpenApi implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "FILE", description = "An OpenAPI 3 description, JSON or YAML.")
    private Path file = Path.of("");

    @Option(
        names = "--base",
        paramLabel = "URL",
        description = "Where the paths are (default: the first server of the description).")
    private @Nullable String base;

    @Override
    public Integer call() {
      var load = OpenApiImport.read(file, base);
      return print(spec, load, load.toYaml());
    }
  }
}
