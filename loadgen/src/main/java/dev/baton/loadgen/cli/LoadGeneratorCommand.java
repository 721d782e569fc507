package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.export.Provenance;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The entry point: {@code java -jar baton-loadgen.jar}. */
@Command(
    name = "baton-loadgen",
    mixinStandardHelpOptions = true,
    versionProvider = LoadGeneratorCommand.Version.class,
    description = "An HTTP load generator whose numbers can be trusted.",
    subcommands = {
      RunCommand.class,
      CompareCommand.class,
      SearchCommand.class,
      MergeCommand.class,
      HistoryCommand.class,
      ImportCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the load ran and every threshold held",
      "1:a threshold (--fail-if) was crossed",
      "2:INVALID, the generator itself disturbed the result",
      "3:the load could not run: bad options, unknown host, not one response"
    })
public final class LoadGeneratorCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--idle-check",
      description = "Measure how precisely this machine wakes a thread up, and exit.")
  private boolean idleCheck;

  private @Nullable ConfigFile configFile;
  private List<String> arguments = List.of();

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    LoadGenerator.skipNettyChecks();
    var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int code = execute(args, out, err);
    System.out.flush();
    System.exit(code);
  }

  /** Runs a command and returns its exit code. */
  public static int execute(String[] args, PrintWriter out, PrintWriter err) {
    var root = new LoadGeneratorCommand();
    var commandLine = commandLine(root).setOut(out).setErr(err);
    root.arguments = List.of(args);
    try {
      root.configFile = applyConfig(commandLine, args);
      return commandLine.execute(args);
    } catch (IllegalArgumentException | UncheckedIOException e) {
      err.println("error: " + describe(e));
      return ExitCodes.SETUP;
    } catch (OutOfMemoryError e) {
      err.println(
          "error: out of memory (%s): ask for less, or give the JVM more, as in -Xmx2g"
              .formatted(e.getMessage()));
      return ExitCodes.SETUP;
    }
  }

  /** The command line with its parsing and error handling set up. */
  private static CommandLine commandLine(LoadGeneratorCommand root) {
    var commandLine =
        new CommandLine(root).setCaseInsensitiveEnumValuesAllowed(true).setUsageHelpAutoWidth(true);
    commandLine.setParameterExceptionHandler(LoadGeneratorCommand::reportBadParameter);
    commandLine.setExecutionExceptionHandler(
        (e, line, parsed) -> {
          if (e instanceof IllegalArgumentException
              || e instanceof IOException
              || e instanceof UncheckedIOException) {
            line.getErr().println("error: " + describe(e));
            return ExitCodes.SETUP;
          }
          throw e;
        });
    return commandLine;
  }

  /** The message in one line, and that of its cause where it says something else. */
  private static String describe(Exception e) {
    var cause = e.getCause();
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    String why = cause == null || cause.getMessage() == null ? "" : cause.getMessage();
    return e instanceof UncheckedIOException && !message.contains(why)
        ? message + ": " + why
        : message;
  }

  private static int reportBadParameter(ParameterException e, String[] args) {
    PrintWriter err = e.getCommandLine().getErr();
    String file =
        e.getCommandLine().getDefaultValueProvider() instanceof ConfigFile config
            ? config.sourceOf(e.getArgSpec(), args)
            : "";
    err.println("error: " + file + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
    err.println(
        "Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help' for more.");
    return ExitCodes.SETUP;
  }

  /** Serves the values of {@code --config}, if there is one, as defaults of a command's options. */
  static @Nullable ConfigFile applyConfig(CommandLine root, String[] args) {
    for (int i = 1; i < args.length; i++) {
      String path =
          args[i].startsWith("--config=")
              ? args[i].substring("--config=".length())
              : args[i - 1].equals("--config") ? args[i] : null;
      var command = root.getSubcommands().get(args[0]);
      if (path != null && command != null) {
        var names = new TreeSet<String>();
        command.getCommandSpec().options().forEach(o -> names.add(o.longestName().substring(2)));
        var file = ConfigFile.read(Path.of(path), names);
        command.setDefaultValueProvider(file);
        return file;
      }
    }
    return null;
  }

  /** Where a result that is written now comes from. */
  Provenance provenance() {
    return Provenance.of(arguments);
  }

  /** What {@code --config} holds besides options; null without. */
  @Nullable ConfigFile configFile() {
    return configFile;
  }

  @Override
  public void run() {
    if (idleCheck) {
      IdleCheck.print(spec.commandLine().getOut());
      return;
    }
    throw new ParameterException(spec.commandLine(), "name a command, as in 'run URL'");
  }

  /** The version from the manifest of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = LoadGeneratorCommand.class.getPackage().getImplementationVersion();
      return new String[] {"baton-loadgen " + (version == null ? "unpackaged" : version)};
    }
  }
}
