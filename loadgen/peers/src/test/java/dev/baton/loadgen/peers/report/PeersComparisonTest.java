package dev.baton.loadgen.peers.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.peers.Peer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersComparisonTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final List<Peer> PEERS = List.of(Peer.BATON, Peer.NETTY);

  @TempDir Path directory = Path.of("");
  private final List<String> measured = new ArrayList<>();

  private PeersComparison comparison(int tries, PeersComparison.Measurement measurement) {
    return new PeersComparison(
        directory, PEERS, 2, tries, measurement, new PrintWriter(new StringWriter()));
  }

  private JsonObject quiet(Peer peer, int fork) {
    measured.add(fork + peer.id());
    return SummaryTest.cell(peer.id(), fork, 100_000, SummaryTest.run(0.4));
  }

  private JsonObject noisy(Peer peer, int fork) {
    return quiet(peer, fork).put("why", JsonArray.of("others had 0.90 CPUs"));
  }

  @Test
  void shouldGoOnWhereItWasStopped() throws Exception {
    var stopped =
        comparison(
            3,
            (peer, fork) -> {
              if (measured.size() == 3) {
                throw new InterruptedException("SIGINT");
              }
              return quiet(peer, fork);
            });
    assertThatThrownBy(() -> stopped.run(DAY)).isInstanceOf(InterruptedException.class);
    // Killed while it wrote a cell.
    Files.writeString(directory.resolve("raw/2-netty.json.part"), "{\"peer\":");
    assertThat(stopped.missing()).isEqualTo(1);

    comparison(3, this::quiet).run(DAY);

    assertThat(measured).containsExactlyInAnyOrder("1baton", "1netty", "2baton", "2netty");
    assertThat(stopped.missing()).isZero();
    assertThat(stopped.cells()).hasSize(4);
  }

  @Test
  void shouldMeasureAgainAndKeepWhatItDoesNotCount() throws Exception {
    var comparison =
        comparison(
            3,
            (peer, fork) ->
                measured.stream().filter(m -> m.equals("1netty")).count() < 1 && fork == 1
                    ? noisy(peer, fork)
                    : quiet(peer, fork));

    comparison.run(DAY);

    assertThat(comparison.missing()).isZero();
    assertThat(comparison.cells()).allMatch(cell -> cell.getJsonArray("why").isEmpty());
    assertThat(comparison.discarded()).isNotEmpty();
    assertThat(measured).hasSize(4 + comparison.discarded().size());
  }

  @Test
  void shouldCountTheLastTryWhateverItIs() throws Exception {
    var comparison = comparison(2, this::noisy);

    comparison.run(DAY);

    assertThat(comparison.cells()).extracting(c -> c.getInteger("try")).containsOnly(2);
    assertThat(comparison.discarded()).hasSize(4);
    assertThat(measured).hasSize(8);
    var summary = Summary.of(comparison.cells(), comparison.discarded(), new JsonObject());
    assertThat(MarkdownExporter.tables(summary))
        .contains("| Netty | 2, 1 | others had 0.90 CPUs |")
        .contains("| Netty | 2 | 2 |");
  }

  @Test
  void shouldChangeTheOrderOfTheScenarios() {
    var orders = List.of(1, 2, 3).stream().map(Scenario::order).toList();

    assertThat(orders)
        .allSatisfy(order -> assertThat(order).containsExactlyInAnyOrder(Scenario.values()))
        .allSatisfy(order -> assertThat(order.indexOf(Scenario.AGAIN)).isEqualTo(4))
        .allSatisfy(order -> assertThat(order.getLast()).isEqualTo(Scenario.PEAK));
    assertThat(alone(orders)).hasSize(3);
    assertThat(orders)
        .anyMatch(o -> o.indexOf(Scenario.ALONE) < o.indexOf(Scenario.BLOCK))
        .anyMatch(o -> o.indexOf(Scenario.ALONE) > o.indexOf(Scenario.BLOCK));
  }

  private static Set<Integer> alone(List<List<Scenario>> orders) {
    return orders.stream().map(o -> o.indexOf(Scenario.ALONE)).collect(Collectors.toSet());
  }

  @Test
  void shouldWarmUpUntilItCostsTheSame() {
    assertThat(Cell.warm(List.of(9.0))).isFalse();
    assertThat(Cell.warm(List.of(20.0, 9.0))).isFalse();
    assertThat(Cell.warm(List.of(20.0, 9.0, 8.5))).isTrue();
    assertThat(Cell.warm(List.of(8.0, 9.0))).isFalse();
  }

  @Test
  void shouldSayWhatSpeaksAgainstACell() {
    var cell = SummaryTest.cell("netty", 1, 1, SummaryTest.run(0.4).put("lateness_p99", 0.3));
    cell.put("others_cpu", 0.5).getJsonObject("peak").put("longest_gap", 1_000.0);

    assertThat(Cell.why(cell, 0.2))
        .extracting(Object::toString)
        .containsExactly(
            "others had 0.50 CPUs",
            "the generator was late in 'block'",
            "the generator stood still in 'peak'");
    assertThat(Cell.why(SummaryTest.cell("netty", 1, 1, SummaryTest.run(0.4)), 0.2)).isEmpty();
  }
}
