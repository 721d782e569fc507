package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.grafana.PromQl.Selector;
import dev.baton.grafana.Sources.Rule;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Recording rules and alerts: with promtool where it is installed, and without. */
final class RulesTest {
  @Test
  void shouldPassPromtoolCheckRules() throws Exception {
    promtool("check", "rules", "rules/slo.yml", "rules/baton.yml");
  }

  @Test
  void shouldPassPromtoolCheckConfig() throws Exception {
    promtool("check", "config", "prometheus.yml");
  }

  @Test
  void shouldPassTheirUnitTests() throws Exception {
    promtool("test", "rules", "tests/slo.yml", "tests/baton.yml");
  }

  @Test
  void shouldNameEveryFileAbove() {
    assertThat(Sources.files(Sources.PROMETHEUS, ".yml"))
        .extracting(file -> Sources.PROMETHEUS.relativize(file).toString())
        .containsExactlyInAnyOrder(
            "prometheus.yml",
            "rules/baton.yml",
            "rules/slo.yml",
            "tests/baton.yml",
            "tests/slo.yml");
  }

  @Test
  void shouldSayWhatToDoAboutEveryAlert() {
    for (Rule rule : Sources.rules()) {
      if (rule.kind().equals("alert")) {
        assertThat(rule.name()).startsWith("Baton");
        assertThat(map(rule, "labels").get("severity")).as(rule.name()).isIn("page", "ticket");
        Map<String, Object> annotations = map(rule, "annotations");
        assertThat(annotations)
            .as(rule.name())
            .containsOnlyKeys("summary", "description", "dashboard", "runbook");
        assertThat(String.valueOf(annotations.get("dashboard"))).startsWith("/d/baton-");
        assertThat(String.valueOf(annotations.get("runbook"))).as(rule.name()).startsWith("1. ");
      }
    }
  }

  @Test
  void shouldTestEveryAlert() {
    String tests =
        Sources.files(Sources.PROMETHEUS.resolve("tests"), ".yml").stream()
            .map(Sources::read)
            .collect(Collectors.joining());

    for (Rule rule : Sources.rules()) {
      if (rule.kind().equals("alert")) {
        assertThat(tests).contains("alertname=\"" + rule.name() + "\"");
      }
    }
  }

  @Test
  void shouldOnlyUseRecordedSeriesThatAreRecorded() {
    Set<String> recorded =
        Sources.rules().stream()
            .filter(rule -> rule.kind().equals("record"))
            .map(Rule::name)
            .collect(Collectors.toSet());

    List<String> expressions = new ArrayList<>();
    Sources.rules().forEach(rule -> expressions.add(rule.expression()));
    Sources.dashboards()
        .values()
        .forEach(d -> Sources.queries(d).forEach(q -> expressions.add(q.expression())));

    for (String expression : expressions) {
      for (Selector selector : PromQl.selectors(expression)) {
        if (selector.metric().contains(":")) {
          assertThat(recorded).contains(selector.metric());
        }
      }
    }
  }

  @Test
  void shouldPromiseWhatTheDashboardsShow() {
    String rules = Sources.read(Sources.PROMETHEUS.resolve("rules/slo.yml"));

    assertThat(rules)
        .contains(
            "14.4 * " + Objectives.ERROR_BUDGET + " and",
            "14.4 * " + Objectives.SLOW_BUDGET + " and",
            "{le=\"" + Objectives.SLOW_SECONDS + "\"}");
    assertThat(Objectives.PAGE_BURN).isEqualTo(14.4);
    double doublings = Math.log(Double.parseDouble(Objectives.SLOW_SECONDS) / 50e-6) / Math.log(2);
    assertThat(doublings).as("a bucket's bound").isEqualTo(Math.rint(doublings));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Rule rule, String key) {
    return (Map<String, Object>) rule.yaml().getOrDefault(key, Map.of());
  }

  private static void promtool(String... arguments) throws Exception {
    assumeTrue(
        installed("promtool"), "promtool is not installed; it comes with Debian's prometheus");
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(Sources.PROMETHEUS.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + output).isZero();
  }

  /** Whether a command is on the path. */
  static boolean installed(String command) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }
}
