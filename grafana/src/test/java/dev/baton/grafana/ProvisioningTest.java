package dev.baton.grafana;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.tracing.RequestTrace;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Provisioning, scrape configuration and compose file fit together. There is no container engine
 * here: compose.yaml is read, not run.
 */
final class ProvisioningTest {
  private static final Map<String, Object> COMPOSE = map(yaml("compose.yaml"));
  private static final Map<String, Object> SERVICES = map(COMPOSE.get("services"));

  @Test
  void shouldProvideTheDashboardsFromTheMountedFolder() {
    var provider = first(map(yaml("provisioning/dashboards/baton.yml")).get("providers"));
    String path = String.valueOf(map(provider.get("options")).get("path"));

    assertThat(provider).containsEntry("type", "file").containsEntry("allowUiUpdates", false);
    assertThat(strings(service("grafana").get("volumes")))
        .contains("./dashboards:" + path + ":ro", "./provisioning:/etc/grafana/provisioning:ro");
    assertThat(String.valueOf(map(service("grafana").get("environment"))))
        .contains(path + "/baton-overview.json");
  }

  @Test
  void shouldAskPrometheusWhereItListens() {
    var source = first(map(yaml("provisioning/datasources/prometheus.yml")).get("datasources"));
    var prometheus = service("prometheus");

    // Prometheus shares the network of the demo, and so its name.
    assertThat(prometheus).containsEntry("network_mode", "service:demo");
    assertThat(strings(prometheus.get("command"))).contains("--web.listen-address=:9091");
    assertThat(strings(service("demo").get("ports"))).contains("9091:9091");
    assertThat(source)
        .containsEntry("url", "http://demo:9091")
        .containsEntry("type", "prometheus")
        .containsEntry("isDefault", true);
    assertThat(map(source.get("jsonData")))
        .as("the scrape interval, from which Grafana makes $__rate_interval")
        .containsEntry("timeInterval", map(prometheusYaml().get("global")).get("scrape_interval"));
  }

  /** Grafana puts its environment in the place of $NAME, and $ in that of $$. */
  @Test
  void shouldLinkExemplarsToTheirTraces() {
    var source = first(map(yaml("provisioning/datasources/prometheus.yml")).get("datasources"));
    var link = first(map(source.get("jsonData")).get("exemplarTraceIdDestinations"));
    String traces = String.valueOf(map(service("grafana").get("environment")).get("BATON_TRACES"));

    assertThat(link).containsEntry("name", RequestTrace.TRACE_ID);
    assertThat(String.valueOf(link.get("url")).replace("${BATON_TRACES}", traces))
        .isEqualTo("http://localhost:16686/trace/$${__value.raw}");
    assertThat(strings(service("prometheus").get("command")))
        .contains("--enable-feature=exemplar-storage");
  }

  @Test
  void shouldScrapeEveryPortThatIsOpened() {
    List<String> targets = new ArrayList<>();
    for (Object scrape : list(prometheusYaml().get("scrape_configs"))) {
      targets.addAll(strings(first(map(scrape).get("static_configs")).get("targets")));
    }

    assertThat(targets)
        .containsExactly(
            "localhost:9090",
            "localhost:9092",
            "localhost:9100",
            "localhost:9101",
            "localhost:9091");
    assertThat(strings(service("stock").get("command"))).contains("--management-port", "9092");
    assertThat(strings(service("load-a").get("command"))).contains("--metrics-port", "9100");
    assertThat(strings(service("load-b").get("command"))).contains("--metrics-port", "9101");
  }

  @Test
  void shouldOnlyMountAndDependOnWhatIsThere() {
    SERVICES.forEach(
        (name, yaml) -> {
          Map<String, Object> service = map(yaml);
          for (String volume : strings(service.getOrDefault("volumes", List.of()))) {
            String source = volume.substring(0, volume.indexOf(':'));
            if (source.startsWith("./")) {
              assertThat(Sources.ROOT.resolve(source).normalize()).as(name).isDirectory();
            } else {
              assertThat(map(COMPOSE.get("volumes"))).containsKey(source);
            }
          }
          assertThat(SERVICES.keySet())
              .containsAll(strings(service.getOrDefault("depends_on", List.of())));
        });
    assertThat(Files.exists(Sources.ROOT.resolve("../server/pom.xml"))).isTrue();
  }

  /** The commands of the services are ones that the demo and the load generator understand. */
  @Test
  void shouldStartProgramsThatTheImageHolds() {
    String image = String.valueOf(map(service("demo").get("build")).get("dockerfile_inline"));
    Set<String> jars = Set.of("baton-server.jar", "baton-loadgen.jar");

    for (String name : List.of("demo", "stock", "load-a", "load-b")) {
      List<String> command = strings(service(name).get("command"));
      assertThat(command.subList(0, 2)).containsExactly("java", "-jar");
      assertThat(jars).contains(command.get(2));
      assertThat(image).contains(command.get(2));
    }
  }

  private static Map<String, Object> prometheusYaml() {
    return map(yaml("prometheus/prometheus.yml"));
  }

  private static Map<String, Object> service(String name) {
    return map(SERVICES.get(name));
  }

  private static Object yaml(String file) {
    return Sources.yaml(Sources.ROOT.resolve(file));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(@Nullable Object yaml) {
    return (Map<String, Object>) Objects.requireNonNull(yaml);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(@Nullable Object yaml) {
    return (List<Object>) Objects.requireNonNull(yaml);
  }

  private static Map<String, Object> first(@Nullable Object yaml) {
    return map(list(yaml).getFirst());
  }

  private static List<String> strings(@Nullable Object yaml) {
    return list(yaml).stream().map(String::valueOf).toList();
  }
}
