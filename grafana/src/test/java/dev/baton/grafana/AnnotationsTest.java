package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the marks over all panels stand for, asked of promtool. */
final class AnnotationsTest {
  /** Five minutes are shown, four scrapes are looked at. */
  private static final String TESTS =
      """
      rule_files: []
      evaluation_interval: 5s
      tests:
        - interval: 5s
          input_series:
            - series: baton_loop_takeovers_total{job="baton",instance="bursts",loop="0",cause="blocked"}
              values: 0+0x60 200+200x3 800+0x60
            - series: baton_loop_takeovers_total{job="baton",instance="even",loop="0",cause="blocked"}
              values: 0+50x200
            - series: process_start_time_seconds{job="baton",instance="new"}
              values: _x30 150x60
          promql_expr_test:
            - {expr: 'BURSTS', eval_time: 4m, exp_samples: []}
            - expr: 'BURSTS'
              eval_time: 5m20s
              exp_samples:
                - {labels: '{cause="blocked",instance="bursts"}', value: 40}
            - {expr: 'BURSTS', eval_time: 7m, exp_samples: []}
            - expr: 'STARTS'
              eval_time: 3m
              exp_samples:
                - {labels: '{job="baton",instance="new"}', value: 150000}
      """;

  private static String annotation(String name) {
    JsonObject overview = Objects.requireNonNull(Sources.dashboards().get("baton-overview.json"));
    String expression =
        Sources.objects(overview.getJsonObject("annotations").getJsonArray("list")).stream()
            .filter(annotation -> annotation.getString("name").equals(name))
            .map(annotation -> annotation.getString("expr"))
            .findFirst()
            .orElseThrow();
    return expression
        .replace("$__rate_interval", "20s")
        .replace("$__range_s", "300")
        .replace("$__range", "300s")
        .replaceAll("\"\\$[a-z]+\"", "\".+\"")
        .replaceAll("\\s+", " ");
  }

  @Test
  void shouldMarkStartsAndBurstsOfTakeovers(@TempDir Path directory) throws Exception {
    assumeTrue(RulesTest.installed("promtool"), "promtool is not installed");
    Path tests =
        Files.writeString(
            directory.resolve("tests.yml"),
            TESTS
                .replace("BURSTS", annotation("Bursts of takeovers"))
                .replace("STARTS", annotation("Deployments and restarts")));

    Process process =
        new ProcessBuilder("promtool", "test", "rules", tests.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
  }
}
