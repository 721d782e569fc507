package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.server.Baton;
import io.vertx.core.Vertx;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of the table of edges, on each host of Baton's. */
@Timeout(180)
final class EdgeRowTest {
  static List<Arguments> rowsAndHosts() {
    return Arrays.stream(EdgeRow.values())
        .flatMap(
            row ->
                row.hosts.stream()
                    .filter(host -> host != Host.STOCK)
                    .map(host -> Arguments.of(row, host)))
        .toList();
  }

  @BeforeAll
  static void assumeTakeover() throws Exception {
    Vertx vertx = Host.SERIAL.vertx();
    boolean takeover = Baton.scheduler(vertx).isTakeover();
    vertx.close().await(20, TimeUnit.SECONDS);
    assumeTrue(takeover, "event loops do not change hands here");
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("rowsAndHosts")
  void shouldEndWell(EdgeRow row, Host host) throws Exception {
    assertThat(row.play(host)).isEqualTo(row.right());
  }
}
