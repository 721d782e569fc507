package dev.baton.server.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.server.Baton;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/** Runs in the module's directory, as Maven does. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class DeployTest {
  private static final Path DEPLOY = Path.of("../docs/deploy");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.of(
          "Deployment", Deployment.class,
          "Service", Service.class,
          "PodDisruptionBudget", PodDisruptionBudget.class,
          "ServiceMonitor", ServiceMonitor.class);

  @TempDir Path directory;

  // ---------------------------------------------------------------- Kubernetes

  private static List<JsonNode> manifests() throws IOException {
    List<JsonNode> manifests = new ArrayList<>();
    for (Object document :
        new Yaml().loadAll(Files.readString(DEPLOY.resolve("kubernetes.yaml")))) {
      manifests.add(JSON.valueToTree(document));
    }
    return manifests;
  }

  private static <T extends HasMetadata> T manifest(Class<T> type) throws IOException {
    for (JsonNode manifest : manifests()) {
      if (manifest.path("kind").asText().equals(type.getSimpleName())) {
        return JSON.treeToValue(manifest, type);
      }
    }
    throw new AssertionError("there is no " + type);
  }

  /** Kubernetes' types keep fields they do not know apart, and write them back: look for those. */
  @Test
  void shouldHaveNoFieldThatKubernetesDoesNotKnow() throws IOException {
    for (JsonNode manifest : manifests()) {
      Class<? extends HasMetadata> type = KINDS.get(manifest.path("kind").asText());
      assertThat(type).as(manifest.path("kind").asText()).isNotNull();

      HasMetadata typed = JSON.treeToValue(manifest, type);

      assertThat(typed.getApiVersion()).isEqualTo(HasMetadata.getApiVersion(type));
      assertThat(Unknown.fieldsOf(typed)).isEmpty();
    }
  }

  @Test
  void shouldSeeAFieldThatKubernetesDoesNotKnow() throws IOException {
    JsonNode manifest = manifests().getFirst();
    String misspelt = manifest.toString().replace("failureThreshold", "failureTreshold");

    assertThat(Unknown.fieldsOf(JSON.readValue(misspelt, Deployment.class)))
        .contains("failureTreshold");
  }

  @Test
  void shouldGiveTheDrainTheTimeItTakes() throws IOException {
    var pod = manifest(Deployment.class).getSpec().getTemplate().getSpec();
    Container container = pod.getContainers().getFirst();
    String drain = option(String.join(" ", container.getArgs()), "--drain-seconds");
    long preStop = container.getLifecycle().getPreStop().getSleep().getSeconds();

    assertThat(pod.getTerminationGracePeriodSeconds())
        .isGreaterThan(preStop + Long.parseLong(drain));
  }

  @Test
  void shouldLetTheServiceAndTheMonitorFindThePods() throws IOException {
    var labels = manifest(Deployment.class).getSpec().getTemplate().getMetadata().getLabels();
    Service service = manifest(Service.class);
    ServiceMonitor monitor = manifest(ServiceMonitor.class);

    assertThat(labels).containsAllEntriesOf(service.getSpec().getSelector());
    assertThat(service.getMetadata().getLabels())
        .containsAllEntriesOf(monitor.getSpec().getSelector().getMatchLabels());
    assertThat(service.getSpec().getPorts())
        .extracting("name")
        .contains(monitor.getSpec().getEndpoints().getFirst().getPort());
  }

  private static String option(String command, String name) {
    var option = Pattern.compile(name + "=(\\S+)").matcher(command);
    assertThat(option.find()).as(name).isTrue();
    return option.group(1);
  }

  // ---------------------------------------------------------------- systemd

  @Test
  void shouldBeAUnitThatSystemdTakes() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "no systemd-analyze");
    Path launcher = Files.writeString(directory.resolve("baton"), "#!/bin/sh\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path unit =
        Files.writeString(
            directory.resolve("baton.service"),
            Files.readString(DEPLOY.resolve("baton.service"))
                .replace("/opt/baton/baton", launcher.toString()));

    Ended verified = run("systemd-analyze", "verify", "--man=no", unit.toString());
    // 0 is locked up, 10 open; what remains is what a server that needs perf has to have.
    Ended rated =
        run("systemd-analyze", "security", "--offline=yes", "--threshold=25", unit.toString());

    assertThat(verified.output().lines().filter(line -> line.contains("baton.service"))).isEmpty();
    assertThat(verified.code()).as(verified.output()).isZero();
    assertThat(rated.code()).as(rated.output()).isZero();
  }

  @Test
  void shouldLetSystemdWaitForTheDrain() throws IOException {
    String unit = Files.readString(DEPLOY.resolve("baton.service"));
    long delay = Long.parseLong(option(unit, "--drain-delay"));
    long drain = Long.parseLong(option(unit, "--drain-seconds"));

    assertThat(Long.parseLong(option(unit, "TimeoutStopSec"))).isGreaterThan(delay + drain);
  }

  // ---------------------------------------------------------------- seccomp

  @Test
  void shouldServeUnderTheSeccompProfileWithPerf() throws Exception {
    Ended has = run("/usr/bin/python3", "-c", "import seccomp");
    assumeTrue(has.code() == 0, "no python3-seccomp: " + has.output());
    Path script = Files.writeString(directory.resolve("confine.py"), CONFINE);
    Path profile = DEPLOY.resolve("seccomp.json").toAbsolutePath();

    Ended served =
        run(
            "/usr/bin/python3",
            script.toString(),
            profile.toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Confined.class.getName());
    assertThat(served.code()).as(served.output()).isZero();
    assertThat(last(served)).isEqualTo("served, notifier " + notifierHere());
  }

  private static BlockNotifier.Kind notifierHere() {
    Vertx vertx = Baton.vertx();
    try {
      return Baton.scheduler(vertx).notifier();
    } finally {
      vertx.close().await();
    }
  }

  private static String last(Ended ended) {
    return ended.output().lines().reduce("", (_, line) -> line);
  }

  /** Starts what follows under a profile in the form of container engines. */
  private static final String CONFINE =
      """
      import json, os, seccomp, sys
      profile = json.load(open(sys.argv[1]))
      assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
      rules = seccomp.SyscallFilter(seccomp.ERRNO(profile["defaultErrnoRet"]))
      for entry in profile["syscalls"]:
          assert entry["action"] == "SCMP_ACT_ALLOW"
          for name in entry["names"]:
              try:
                  rules.add_rule(seccomp.ALLOW, name)
              except (RuntimeError, ValueError):
                  pass  # of another architecture, or newer than this library
      rules.load()
      os.execv(sys.argv[2], sys.argv[2:])
      """;

  @Test
  void shouldNotPermitWhatReachesOutOfAContainer() throws IOException {
    String profile = Files.readString(DEPLOY.resolve("seccomp.json"));
    List<String> names =
        new JsonObject(profile)
            .getJsonArray("syscalls").stream()
                .map(JsonObject.class::cast)
                .flatMap(entry -> entry.getJsonArray("names").stream())
                .map(String.class::cast)
                .toList();

    assertThat(names)
        .doesNotHaveDuplicates()
        .contains("perf_event_open")
        .doesNotContain("mount", "ptrace", "bpf", "setns", "unshare", "kexec_load", "init_module")
        .doesNotContain("keyctl", "open_by_handle_at", "process_vm_writev", "reboot", "chroot");
  }

  // ---------------------------------------------------------------- the image

  @Test
  void shouldBuildAnImageOfWhatIsThereForNobodyInParticular() throws IOException {
    String dockerfile = Files.readString(Path.of("../Dockerfile"));
    String last = dockerfile.substring(dockerfile.lastIndexOf("\nFROM "));

    assertThat(last).containsPattern("\nUSER [1-9]\\d*:[1-9]\\d*\n").doesNotContain("\nRUN ");
    assertThat(last).contains("ENTRYPOINT [\"/", "-XX:+ExitOnOutOfMemoryError");
    assertThat(dockerfile).doesNotContain(":latest");
    for (String file : List.of(".mvn/Train.java", "docs/deploy/seccomp.json")) {
      assertThat(dockerfile).contains(file);
      assertThat(Path.of("..").resolve(file)).exists();
    }
  }

  // ---------------------------------------------------------------- the launcher

  @Test
  void shouldStartWithTheCacheBesideItIfThereIsOne() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Path script = directory.resolve("some");
    Ended written = run(java, "../.mvn/Launcher.java", script.toString(), "some.jar");
    assertThat(written.code()).as(written.output()).isZero();
    Files.writeString(script, Files.readString(script).replace("'" + java + "'", "echo"));

    Ended without = run("sh", script.toString(), "serve", "a b");
    Files.createFile(directory.resolve("some.aot"));
    Ended with = run("sh", script.toString(), "serve", "a b");

    String jar = "-jar " + directory.resolve("some.jar") + " serve a b\n";
    assertThat(without.output()).isEqualTo("-XX:+ExitOnOutOfMemoryError " + jar);
    assertThat(with.output())
        .isEqualTo(
            "-XX:+ExitOnOutOfMemoryError -XX:AOTCache="
                + directory.resolve("some.aot")
                + " -Xlog:aot=off -Xlog:cds=off "
                + jar);
  }

  private record Ended(int code, String output) {}

  private static Ended run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException missing) {
      return new Ended(-1, String.valueOf(missing.getMessage()));
    }
    try {
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
      return new Ended(process.exitValue(), output);
    } finally {
      process.destroyForcibly();
    }
  }

  /** What Kubernetes' types hold beside their fields. */
  private static final class Unknown {
    static List<String> fieldsOf(Object typed) {
      List<String> unknown = new ArrayList<>();
      collect(typed, unknown);
      return unknown;
    }

    private static void collect(Object value, List<String> unknown) {
      switch (value) {
        case Iterable<?> values -> values.forEach(each -> collectOf(each, unknown));
        case Map<?, ?> map -> map.values().forEach(each -> collectOf(each, unknown));
        case Object bean when bean.getClass().getName().startsWith("io.fabric8.") -> {
          for (var method : bean.getClass().getMethods()) {
            if (method.getParameterCount() == 0
                && method.getName().startsWith("get")
                && !method.getName().equals("getClass")) {
              try {
                Object inner = method.invoke(bean);
                if (method.getName().equals("getAdditionalProperties")
                    && inner instanceof Map<?, ?> others) {
                  others.keySet().forEach(key -> unknown.add(String.valueOf(key)));
                } else {
                  collectOf(inner, unknown);
                }
              } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
              }
            }
          }
        }
        default -> {} // a value
      }
    }

    private static void collectOf(Object value, List<String> unknown) {
      if (value != null) {
        collect(value, unknown);
      }
    }
  }
}
