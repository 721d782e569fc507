package dev.baton.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.Baton;
import dev.baton.server.main.Main;
import dev.baton.server.torture.Torture.Options;
import dev.baton.server.torture.Torture.Result;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The torture can see the fault it looks for: with {@code inEventLoop()} true inside continuations,
 * responses are lost, crossed or wrong.
 */
@Timeout(90)
final class NaiveRuleTest {
  @Test
  void shouldSeeThatTheNaiveRuleBreaksResponses() throws Exception {
    Vertx probe = Baton.vertx();
    boolean takeover = Baton.scheduler(probe).isTakeover();
    probe.close().await();
    Assumptions.assumeTrue(takeover, "event loops do not change hands here");
    int port = freePort();
    Process server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Ddev.baton.test.naiveInEventLoop=true",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--port=" + port,
                "--management-port=-1",
                "--loops=1",
                "--slice-micros=20")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      awaitListening(server, port);

      assertThat(isSeen(port)).as("the broken rule was not seen in 20 s").isTrue();
    } finally {
      server.destroyForcibly();
    }
  }

  private static boolean isSeen(int port) {
    for (int round = 0; round < 7; round++) {
      Result result =
          Torture.run(
              Options.against("127.0.0.1", port)
                  .withDuration(Duration.ofSeconds(2))
                  .withHangAfter(Duration.ofSeconds(1)));
      if (!result.clean()) {
        return true;
      }
    }
    return false;
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void awaitListening(Process server, int port) throws Exception {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try (var socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        assertThat(server.isAlive()).as("the server has ended").isTrue();
        assertThat(System.nanoTime() - deadline).as("the server does not listen").isNegative();
        Thread.sleep(50);
      }
    }
  }
}
