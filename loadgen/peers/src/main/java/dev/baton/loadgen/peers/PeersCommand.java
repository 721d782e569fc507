package dev.baton.loadgen.peers;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The entry point: {@code target/baton-peers}. */
@Command(
    name = "baton-peers",
    mixinStandardHelpOptions = true,
    description = "The same small service on several servers, and their comparison.",
    subcommands = {ServeCommand.class, CompareCommand.class})
public final class PeersCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs a command and exits with its code: 0, or 3 if it could not run. */
  public static void main(String[] args) {
    var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(execute(args, out, err));
  }

  static int execute(String[] args, PrintWriter out, PrintWriter err) {
    var commandLine = new CommandLine(new PeersCommand()).setOut(out).setErr(err);
    commandLine.setUsageHelpAutoWidth(true);
    commandLine.setParameterExceptionHandler(
        (e, arguments) -> {
          err.println("error: " + e.getMessage());
          CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
          err.println("Try 'baton-peers --help' for more.");
          return 3;
        });
    commandLine.setExecutionExceptionHandler(
        (e, line, parsed) -> {
          if (e instanceof IllegalArgumentException) {
            err.println("error: " + e.getMessage());
            return 3;
          }
          throw e;
        });
    return commandLine.execute(args);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command, as in 'serve --peer netty'");
  }
}
