package dev.baton.loadgen.peers;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code serve}: one peer, until the process is ended. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Run the service on one server until the process is ended.")
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--peer",
      required = true,
      paramLabel = "NAME",
      description =
          "baton, baton-metrics, vertx, vertx-worker, vertx-virtual, netty, helidon, undertow or"
              + " javalin.")
  private String peer = "";

  @Option(names = "--port", description = "Port to listen on (default: ${DEFAULT-VALUE}).")
  private int port = 8080;

  @Option(names = "--host", description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Override
  public Integer call() throws Exception {
    try (var _ = Peer.of(peer).start(host, port)) {
      spec.commandLine().getOut().println(peer + " serves http://" + host + ":" + port + "/");
      new CountDownLatch(1).await();
    }
    return 0;
  }
}
