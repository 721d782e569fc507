package dev.baton.loadgen.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The entry point: {@code java -jar baton-loadgen.jar}. */
@Command(
    name = "baton-loadgen",
    mixinStandardHelpOptions = true,
    versionProvider = LoadGeneratorCommand.Version.class,
    description = "An HTTP load generator whose numbers can be trusted.",
    subcommands = {RunCommand.class},
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the load ran and every threshold held",
      "1:a threshold (--fail-if) was crossed",
      "2:INVALID, the generator itself disturbed the result",
      "3:the load could not run: bad options, unknown host, not one response"
    })
public final class LoadGeneratorCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    // Netty's checks guard against bugs of Netty's users; here they only cost time.
    System.setProperty("io.netty.leakDetection.level", "disabled");
    System.setProperty("io.netty.buffer.checkBounds", "false");
    System.setProperty("io.netty.buffer.checkAccessible", "false");
    int code = commandLine().execute(args);
    System.out.flush();
    System.exit(code);
  }

  /** The command line with its parsing and error handling set up. */
  static CommandLine commandLine() {
    var commandLine =
        new CommandLine(new LoadGeneratorCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setUsageHelpAutoWidth(true);
    commandLine.setParameterExceptionHandler(LoadGeneratorCommand::reportBadParameter);
    commandLine.setExecutionExceptionHandler(
        (e, line, parsed) -> {
          if (e instanceof IllegalArgumentException || e instanceof java.io.UncheckedIOException) {
            line.getErr().println("error: " + e.getMessage());
            return ExitCodes.SETUP;
          }
          throw e;
        });
    return commandLine;
  }

  private static int reportBadParameter(ParameterException e, String[] args) {
    PrintWriter err = e.getCommandLine().getErr();
    err.println("error: " + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
    err.println(
        "Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help' for more.");
    return ExitCodes.SETUP;
  }

  @Override
  public void run() {
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
