package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.baton.grafana.PromQl.Selector;
import dev.baton.grafana.Sources.PanelQuery;
import dev.baton.grafana.Sources.Rule;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The dashboards against the rules of Grafana's dashboard linter, which is written in Go and not
 * run here, and against what provisioning needs.
 *
 * @see <a href="https://github.com/grafana/dashboard-linter/blob/main/docs/index.md">the rules</a>
 */
final class DashboardsTest {
  private static final Set<String> UNITS =
      Set.of("none", "short", "percentunit", "bool_on_off", "s", "bytes", "Bps", "ops", "reqps");
  private static final String WHAT_TO_DO = "What to do: ";
  private static final Pattern LINK = Pattern.compile("/d/([a-z-]+)");

  @BeforeAll
  static void writeIfAsked() throws IOException {
    if ("write".equals(System.getProperty("dashboards"))) {
      Dashboards.write(Sources.RULES, Sources.DASHBOARDS);
    }
  }

  @Test
  void shouldBeWhatTheSourceMakes() throws IOException {
    List<String> names =
        Sources.files(Sources.DASHBOARDS, ".json").stream()
            .map(file -> file.getFileName().toString())
            .toList();

    assertThat(names).containsExactlyElementsOf(Dashboards.files(Sources.RULES).keySet());
    Dashboards.files(Sources.RULES)
        .forEach(
            (name, content) ->
                assertThat(Sources.read(Sources.DASHBOARDS.resolve(name)))
                    .as(name + ": write it with mvn -pl grafana -am verify -Ddashboards=write")
                    .isEqualTo(content));
  }

  @TestFactory
  Stream<DynamicTest> shouldKeepTheRulesOfTheLinter() {
    return Sources.dashboards().entrySet().stream()
        .flatMap(
            file ->
                Stream.of(
                    dynamicTest(file.getKey() + " dashboard", () -> dashboard(file.getValue())),
                    dynamicTest(file.getKey() + " variables", () -> variables(file.getValue())),
                    dynamicTest(file.getKey() + " panels", () -> panels(file.getValue())),
                    dynamicTest(file.getKey() + " layout", () -> layout(file.getValue())),
                    dynamicTest(file.getKey() + " queries", () -> queries(file.getValue()))));
  }

  @Test
  void shouldHaveUniqueAddressesAndTitles() {
    List<JsonObject> dashboards = List.copyOf(Sources.dashboards().values());

    assertThat(dashboards).extracting(d -> d.getString("uid")).doesNotHaveDuplicates();
    assertThat(dashboards).extracting(d -> d.getString("title")).doesNotHaveDuplicates();
    Sources.dashboards()
        .forEach((name, json) -> assertThat(name).isEqualTo(json.getString("uid") + ".json"));
  }

  @Test
  void shouldOnlyLinkToDashboardsThatExist() {
    Set<String> uids = new HashSet<>();
    Sources.dashboards().values().forEach(d -> uids.add(d.getString("uid")));

    List<String> texts = new ArrayList<>();
    Sources.dashboards().values().forEach(d -> texts.add(d.encode()));
    Sources.files(Sources.PROMETHEUS, ".yml").forEach(file -> texts.add(Sources.read(file)));

    for (String text : texts) {
      Matcher link = LINK.matcher(text);
      while (link.find()) {
        assertThat(uids).contains(link.group(1));
      }
    }
  }

  @Test
  void shouldLeadFromAPanelToEveryRunbook() {
    JsonObject runbooks = Objects.requireNonNull(Sources.dashboards().get("baton-runbooks.json"));
    Map<String, String> texts = new HashMap<>();
    Map<String, Integer> ids = new HashMap<>();
    for (JsonObject text : Sources.texts(runbooks)) {
      texts.put(text.getString("title"), text.getJsonObject("options").getString("content"));
      ids.put(text.getString("title"), text.getInteger("id"));
    }
    Map<String, String> links = new HashMap<>();
    Sources.dashboards().values().stream()
        .flatMap(dashboard -> Sources.panels(dashboard).stream())
        .flatMap(panel -> Sources.objects(panel.getJsonArray("links", new JsonArray())).stream())
        .filter(link -> link.getString("title").startsWith(WHAT_TO_DO))
        .forEach(
            link ->
                links.put(
                    link.getString("title").substring(WHAT_TO_DO.length()), link.getString("url")));

    for (Rule rule : Sources.rules()) {
      if (rule.kind().equals("alert")) {
        String steps =
            rule.annotations()
                .getOrDefault("runbook", "")
                .replace("{{ $labels.instance }}", "INSTANCE");
        assertThat(texts.get(rule.name())).as(rule.name()).contains(steps);
        assertThat(links.get(rule.name()))
            .as(rule.name())
            .startsWith("/d/baton-runbooks?")
            .endsWith("&viewPanel=" + ids.get(rule.name()));
      }
    }
    assertThat(links.keySet()).isEqualTo(texts.keySet());
  }

  private static void dashboard(JsonObject dashboard) {
    assertThat(dashboard.getInteger("schemaVersion")).isEqualTo(39);
    assertThat(dashboard.getBoolean("editable")).isFalse();
    assertThat(dashboard.containsKey("id")).as("an id belongs to one Grafana").isFalse();
    assertThat(dashboard.getString("description")).isNotBlank();
    assertThat(dashboard.encode())
        .as("__inputs and DS_PROMETHEUS work in the import dialog only")
        .doesNotContain("__inputs", "DS_PROMETHEUS");
    JsonObject link = dashboard.getJsonArray("links").getJsonObject(0);
    assertThat(dashboard.getJsonArray("tags")).containsAll(link.getJsonArray("tags"));
  }

  private static void variables(JsonObject dashboard) {
    List<JsonObject> variables =
        Sources.objects(dashboard.getJsonObject("templating").getJsonArray("list"));

    JsonObject datasource = variables.getFirst();
    assertThat(datasource.getString("name")).isEqualTo("datasource");
    assertThat(datasource.getString("label")).isEqualTo("Data source");
    assertThat(datasource.getString("type")).isEqualTo("datasource");
    assertThat(datasource.getString("query")).isEqualTo("prometheus");
    assertThat(variables.subList(1, 3))
        .extracting(v -> v.getString("name"), v -> v.getString("label"))
        .containsExactly(tuple("job", "Job"), tuple("instance", "Instance"));
    for (JsonObject variable : variables.subList(1, variables.size())) {
      String name = variable.getString("name");
      assertThat(variable.getInteger("refresh")).as(name + " on time change").isEqualTo(2);
      assertThat(variable.getJsonObject("datasource")).isEqualTo(Dashboard.datasource());
      assertThat(variable.getString("definition")).startsWith("label_values(");
      if (variable.getBoolean("includeAll")) {
        assertThat(variable.getBoolean("multi")).as(name).isTrue();
        assertThat(variable.getString("allValue")).as(name).isEqualTo(".+");
      }
    }
    assertThat(variables.subList(1, 3)).allMatch(v -> v.getBoolean("includeAll"));
  }

  private static org.assertj.core.groups.Tuple tuple(Object... values) {
    return org.assertj.core.groups.Tuple.tuple(values);
  }

  private static void panels(JsonObject dashboard) {
    Set<Integer> ids = new HashSet<>();
    Set<String> titles = new HashSet<>();
    for (JsonObject panel : Sources.objects(dashboard.getJsonArray("panels"))) {
      assertThat(ids.add(panel.getInteger("id"))).as("unique id").isTrue();
    }
    for (JsonObject panel : Sources.panels(dashboard)) {
      String title = panel.getString("title");
      assertThat(title).isNotBlank();
      assertThat(titles.add(title)).as(title + " is there once").isTrue();
      assertThat(panel.getString("description")).as(title).hasSizeGreaterThan(40);
      assertThat(panel.getJsonObject("datasource")).as(title).isEqualTo(Dashboard.datasource());
      JsonObject field = panel.getJsonObject("fieldConfig");
      assertThat(field.getJsonObject("defaults").getString("unit")).as(title).isIn(UNITS);
      assertThat(panel.getJsonArray("targets")).as(title).isNotEmpty();
      for (JsonObject target : Sources.objects(panel.getJsonArray("targets"))) {
        assertThat(target.getJsonObject("datasource")).isEqualTo(Dashboard.datasource());
      }
      overridesNameSomething(panel);
    }
  }

  /** What an override matches must be a legend or a column of its panel, or it is dead. */
  private static void overridesNameSomething(JsonObject panel) {
    List<String> names = new ArrayList<>();
    boolean labels = false;
    for (JsonObject target : Sources.objects(panel.getJsonArray("targets"))) {
      String legend = target.getString("legendFormat", "");
      names.add(legend);
      labels |= legend.contains("{{");
    }
    for (Object transformation : panel.getJsonArray("transformations", new JsonArray())) {
      JsonObject options = ((JsonObject) transformation).getJsonObject("options");
      JsonObject rename = options.getJsonObject("renameByName", new JsonObject());
      rename.forEach(entry -> names.add(entry.getValue().toString()));
      options.getJsonObject("indexByName", new JsonObject()).forEach(e -> names.add(e.getKey()));
    }
    for (JsonObject override :
        Sources.objects(panel.getJsonObject("fieldConfig").getJsonArray("overrides"))) {
      if (!labels) {
        assertThat(names)
            .as(panel.getString("title"))
            .contains(override.getJsonObject("matcher").getString("options"));
      }
    }
  }

  private static void layout(JsonObject dashboard) {
    Set<Integer> taken = new HashSet<>();
    for (JsonObject panel : Sources.objects(dashboard.getJsonArray("panels"))) {
      JsonObject grid = panel.getJsonObject("gridPos");
      int right = grid.getInteger("x") + grid.getInteger("w");
      assertThat(right).as(panel.getString("title")).isLessThanOrEqualTo(24);
      for (int x = grid.getInteger("x"); x < right; x++) {
        for (int y = 0; y < grid.getInteger("h"); y++) {
          assertThat(taken.add((grid.getInteger("y") + y) * 24 + x))
              .as(panel.getString("title") + " lies on another panel")
              .isTrue();
        }
      }
    }
  }

  private static void queries(JsonObject dashboard) {
    for (PanelQuery query : Sources.queries(dashboard)) {
      List<Selector> selectors = PromQl.selectors(query.expression());
      assertThat(selectors).as(query.toString()).isNotEmpty();
      for (Selector selector : selectors) {
        assertThat(selector.matchers()).as(query.toString()).contains("job=~\"$job\"");
        if (!selector.metric().equals("ALERTS")) { // an alert on a job has no instance
          assertThat(selector.matchers()).as(query.toString()).contains("instance=~\"$instance\"");
        }
        rates(query, selector);
      }
    }
  }

  private static void rates(PanelQuery query, Selector selector) {
    boolean counter =
        selector.metric().matches(".*_(total|bucket|sum|seconds_count)")
            && !selector.metric().contains(":");
    boolean rate = Set.of("rate", "irate", "increase").contains(selector.function());
    assertThat(rate).as(query + " rates counters, and nothing else").isEqualTo(counter);
    if (selector.function().equals("rate")) {
      assertThat(selector.range()).as(query.toString()).isEqualTo("$__rate_interval");
    }
  }
}
