package dev.baton.server.main;

import dev.baton.scheduler.DidYouMean;
import dev.baton.server.logging.LogConsole;
import dev.baton.server.logging.LogLevels;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands of {@code baton-server.jar}. */
@Command(
    name = "baton-server",
    description = "An HTTP server whose tail latency survives the handlers it runs.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {Serve.class, Simulate.class, TraceCommand.class, CommandLine.HelpCommand.class})
public final class Main {
  private Main() {}

  /** Runs one command; ends the process with its exit code. */
  public static void main(String[] arguments) {
    LogConsole _ = // of commands that do not say how they log
        LogConsole.open(LogConsole.Format.PLAIN, Map.of(LogLevels.ROOT, "warn"));
    int code = commandLine().execute(arguments);
    if (code != 0) {
      System.exit(code);
    }
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setParameterExceptionHandler(Main::wrongParameter)
        .setExecutionExceptionHandler(
            (failure, command, _) -> {
              command.getErr().println(command.getColorScheme().errorText(message(failure)));
              return command.getCommandSpec().exitCodeOnExecutionException();
            });
  }

  private static int wrongParameter(CommandLine.ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    command.getErr().println(command.getColorScheme().errorText(message(failure)));
    if (failure instanceof CommandLine.UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().getFirst();
      Set<String> known =
          first.startsWith("-")
              ? command.getCommandSpec().optionsMap().keySet()
              : command.getSubcommands().keySet();
      if (!known.isEmpty()) {
        command.getErr().println("Did you mean " + DidYouMean.nearest(first, known) + "?");
      }
    }
    command.getErr().println("--help explains every option.");
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static String message(Throwable failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  /** Reads the version from the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"baton " + (version == null ? "(development)" : version)};
    }
  }
}
