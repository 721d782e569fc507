package dev.baton.loadgen.peers.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
  static JsonObject run(double p99) {
    return new JsonObject()
        .put("p50", 0.1)
        .put("p99", p99)
        .put("p999", 2 * p99)
        .put("max", 3 * p99)
        .put("scheduled", 1_000)
        .put("ok", 1_000)
        .put("cpu_us", 40.0)
        .put("lateness_p99", 0.05)
        .put("lateness_p999", 0.1)
        .put("valid", true)
        .put("spectrum", new JsonArray().add(JsonArray.of(0.0, 0.05)).add(JsonArray.of(90.0, p99)));
  }

  static JsonObject cell(String peer, int fork, double rate, JsonObject block) {
    return new JsonObject()
        .put("peer", peer)
        .put("fork", fork)
        .put("rss_mib", 250.0)
        .put("others_cpu", 0.01)
        .put("try", 1)
        .put("why", new JsonArray())
        .put("warmup_cpu_us", JsonArray.of(9.0, 7.2, 7.0))
        .put(
            "peak",
            new JsonObject()
                .put("rate", rate)
                .put("cpu_us", 1e6 / rate)
                .put("switches", 0.01)
                .put("server_cpu_share", 0.99)
                .put("generator_cpu_share", 0.8)
                .put("longest_gap", 2.0))
        .put("again", run(0.3).put("cpu_us", 42.0))
        .put("alone", run(0.3))
        .put("block", block)
        .put("native", run(0.5))
        .put("cpu", run(2.0));
  }

  @Test
  void shouldTakeMediansAndKeepTheSpread() {
    var summary =
        Summary.of(
            List.of(
                cell("baton", 1, 100_000, run(0.4)),
                cell("baton", 2, 120_000, run(0.9)),
                cell("baton", 3, 110_000, run(0.5))),
            List.of(),
            new JsonObject());

    var baton = summary.getJsonArray("peers").getJsonObject(0);
    var block = baton.getJsonObject("scenarios").getJsonObject("block");
    assertThat(Spread.of(baton.getJsonObject("rate")))
        .isEqualTo(new Spread(110_000, 100_000, 120_000));
    assertThat(Spread.of(block.getJsonObject("p99"))).isEqualTo(new Spread(0.5, 0.4, 0.9));
    assertThat(block.getJsonArray("spectrum").getJsonArray(1).getDouble(1)).isEqualTo(0.5);
    assertThat(MarkdownExporter.tables(summary))
        .contains("| Baton | 0.30 (0.30 – 0.30) | 0.50 (0.40 – 0.90) | 0.50 (0.50 – 0.50) |")
        .contains("| Baton | 3 | 0 | 3 (3 – 3) | 1.05 (1.05 – 1.05) |")
        .contains("No cell was measured again.")
        .contains("| Baton | 110,000 (100,000 – 120,000) | 0.99 |");
  }

  @Test
  void shouldSayWhatCollapsedAndWhatIsALowerBound() {
    var collapsed = run(7_000).put("ok", 20).put("exact_below", 2_000.0);

    var summary =
        Summary.of(
            List.of(cell("vertx", 1, 100_000, collapsed)),
            List.of(),
            new JsonObject().put("forks", 1));

    assertThat(MarkdownExporter.tables(summary)).contains("≥ 7,000; 2.0 % answered");
  }

  @Test
  void shouldMarkPercentilesThatTheGeneratorDisturbed() {
    var disturbed = run(0.5).put("lateness_p999", 0.9);

    var summary =
        Summary.of(List.of(cell("netty", 1, 100_000, disturbed)), List.of(), new JsonObject());

    String[] tables = MarkdownExporter.tables(summary).split("p99\\.9", -1);
    assertThat(tables[0]).doesNotContain("†");
    assertThat(tables[1]).contains("1.00 (1.00 – 1.00) †");
  }

  @Test
  void shouldNotCallThePeakTheServersWhereItsCoreWasNotUsedUp() {
    var cell = cell("netty", 1, 120_000, run(0.4));
    cell.getJsonObject("peak").put("server_cpu_share", 0.82);

    var summary = Summary.of(List.of(cell), List.of(), new JsonObject());

    assertThat(MarkdownExporter.tables(summary))
        .contains("| Netty | ≥ 120,000 (120,000 – 120,000) | 0.82 |");
  }

  @Test
  void shouldShowWhatWasMeasuredAgain() {
    var late = cell("helidon", 2, 90_000, run(7)).put("why", JsonArray.of("late", "others"));
    var last = cell("helidon", 2, 80_000, run(9)).put("try", 2).put("why", JsonArray.of("late"));

    var summary = Summary.of(List.of(last), List.of(late), new JsonObject());

    assertThat(MarkdownExporter.tables(summary))
        .contains("| Helidon | 2, 1 | late; others | 90,000 | 0.30 | 7.00 | 0.50 | 2.00 |")
        .contains("| Helidon | 1 | 1 |");
    assertThat(PageExporter.page(summary)).contains("late");
  }

  @Test
  void shouldWriteAPageThatNeedsNothingElse() {
    var about = new JsonObject().put("cpu", "</script>");
    var summary = Summary.of(List.of(cell("helidon", 1, 50_000, run(0.4))), List.of(), about);

    String page = PageExporter.page(summary);

    assertThat(page).contains("\"Helidon\"").doesNotContain("/*DATA*/", "src=", "https://");
    assertThat(page.split("</script>", -1)).hasSize(2);
  }
}
