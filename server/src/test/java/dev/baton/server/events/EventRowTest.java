package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.scheduler.Scheduler;
import dev.baton.server.Baton;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of the table of events, on each host. */
@Timeout(90)
final class EventRowTest {
  static List<Arguments> rowsAndHosts() {
    return Arrays.stream(EventRow.values())
        .flatMap(
            row ->
                Arrays.stream(Host.values())
                    .filter(host -> row.stockToo || host != Host.STOCK)
                    .map(host -> Arguments.of(row, host)))
        .toList();
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("rowsAndHosts")
  void shouldDeliverAsStockDoes(EventRow row, Host host) throws Exception {
    assumeFalse(
        Differs.ROWS.getOrDefault(row, Set.of()).contains(host), () -> row + " differs on " + host);

    try (Stage stage = new Stage(host, 20)) {
      assumeTrue(row.stockToo || takesOver(stage), "event loops do not change hands here");
      assertThat(row.play(stage)).isEqualTo(row.right());
    }
  }

  private static boolean takesOver(Stage stage) {
    Scheduler scheduler = Baton.scheduler(stage.vertx);
    return scheduler.isTakeover();
  }

  /** Where Baton differs by design or of necessity, as its README says. */
  private static final class Differs {
    private static final Set<Host> QUEUED = Set.of(Host.SERIAL, Host.PER_REQUEST);

    static final Map<EventRow, Set<Host>> ROWS =
        Map.of(
            // A deployment that wants one thread has what that costs.
            EventRow.BLOCKED_CLOSE_HANDLERS,
            Set.of(Host.PINNED),
            EventRow.BLOCKED_HEADERS_END,
            Set.of(Host.PINNED),
            // Streams of one connection do not wait for each other: what they write comes later.
            EventRow.BYTES_WRITTEN,
            QUEUED,
            // Vert.x asks for its own thread class; Baton's watch reports in the checker's place.
            EventRow.BLOCKED_THREAD_CHECKER,
            QUEUED);
  }
}
