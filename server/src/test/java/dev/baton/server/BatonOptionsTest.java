package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.server.context.ContextMode;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatonOptionsTest {
  private static BatonOptions unusual() {
    var options =
        new BatonOptions()
            .setContextMode(ContextMode.PER_REQUEST)
            .setMetrics(false)
            .setMaxAwayPerRoute(9);
    options
        .getScheduler()
        .setLoops(3)
        .setCpus(CpuSet.parse("0-1,5"))
        .setPinning(false)
        .setTakeover(false)
        .setPolicy("per-core-fifo")
        .setNotifier(BlockNotifier.Kind.PROC)
        .setGrace(Duration.ofNanos(123))
        .setSlice(Duration.ofMillis(2))
        .setKernelSlice(Duration.ofNanos(456))
        .setMinStandbys(5)
        .setMaxStandbys(6)
        .setStandbyKeepAlive(Duration.ofDays(7))
        .setMaxHeldContinuations(8)
        .setEnclaves(List.of(new EnclaveOptions("batch", "core:1").setLoops(2)));
    return options.setRoutes(Map.of("GET /reports/*", "batch"));
  }

  @Test
  void shouldReadTheJsonItWrites() {
    BatonOptions options = unusual();

    var read = new BatonOptions(new JsonObject(options.toJson().encode()));

    assertThat(read).usingRecursiveComparison().isEqualTo(options);
    assertThat(new BatonOptions(options)).usingRecursiveComparison().isEqualTo(options);
  }

  @Test
  void shouldKeepDefaultsOfWhatIsMissing() {
    assertThat(new BatonOptions(new JsonObject()))
        .usingRecursiveComparison()
        .isEqualTo(new BatonOptions());
    assertThat(new BatonOptions(new BatonOptions().toJson()))
        .usingRecursiveComparison()
        .isEqualTo(new BatonOptions());
  }

  @Test
  void shouldNotShareItsSchedulersOptionsWithACopy() {
    BatonOptions options = unusual();

    new BatonOptions(options).getScheduler().setLoops(9);

    assertThat(options.getScheduler().getLoops()).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"maxStandby\": 1} | maxStandby=1: there is no such option; did you mean maxStandbys?",
        "{\"Loops\": 1} | Loops=1: there is no such option; did you mean loops?",
        "{\"contextmode\": \"x\"} | contextmode=x: there is no such option; did you mean"
            + " contextMode?",
        "{\"loops\": \"two\"} | loops=two: write a whole number",
        "{\"loops\": 1.5} | loops=1.5: write a whole number",
        "{\"loops\": null} | loops=null: write a whole number",
        "{\"loops\": -1} | loops=-1: choose a value from 0 to 4096",
        "{\"maxAwayPerRoute\": -1} | maxAwayPerRoute=-1: choose a value from 1 to 10000, or 0 for"
            + " three quarters of maxStandbys",
        "{\"pinning\": 1} | pinning=1: write true or false",
        "{\"sliceNanos\": \"1ms\"} | sliceNanos=1ms: write whole nanoseconds",
        "{\"notifier\": \"PERF\"} | notifier=PERF: choose one of perf, proc, tick",
        "{\"contextMode\": 3} | contextMode=3: choose one of serial, per-request, pinned",
        "{\"cpus\": \"1-\"} | cpus=1-: '1-' is not a CPU number or range; write for example 0-3,6",
        "{\"enclaves\": 1} | enclaves=1: write an array, such as [{\"name\": \"batch\", \"cpus\":"
            + " \"3\"}]",
        "{\"enclaves\": [{\"name\": \"b\"}]} | enclaves.cpus: each enclave needs one,"
            + " {\"name\":\"b\"} has none",
        "{\"enclaves\": [{\"nam\": \"b\"}]} | enclaves.nam=b: there is no such option; did you mean"
            + " name?",
        "{\"enclaves\": [{\"name\": \"main\", \"cpus\": \"1\"}]} | enclave=main: there is one of"
            + " this name; choose another name",
        "{\"routes\": \"/a\"} | routes=/a: write an object, such as {\"GET /reports/*\": \"batch\"}"
      })
  void shouldNameFieldValueAndRemedy(String json, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BatonOptions(new JsonObject(json)))
        .withMessage(message);
  }
}
