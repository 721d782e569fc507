package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
  @TempDir Path directory = Path.of("");

  @Test
  void shouldReadRatesAndDurations() {
    assertThat(Quantities.rate("20k")).isEqualTo(20_000);
    assertThat(Quantities.rate("1.5M")).isEqualTo(1_500_000);
    assertThat(Quantities.rate("40/s")).isEqualTo(40);
    assertThat(Quantities.duration("500ms")).isEqualTo(Duration.ofMillis(500));
    assertThat(Quantities.duration("2m")).isEqualTo(Duration.ofMinutes(2));
    assertThatThrownBy(() -> Quantities.duration("30")).hasMessageContaining("as in 30s");
  }

  @Test
  void shouldTellOwnRatesFromWeights() {
    var own = MixEntry.parse("http://h:1/fast?a=b=4000/s");
    var weighted = MixEntry.parse("POST http://h:1/orders=3");

    assertThat(own.rate()).isEqualTo(4_000);
    assertThat(own.uri().getQuery()).isEqualTo("a=b");
    assertThat(weighted.method()).isEqualTo("POST");
    assertThat(weighted.weight()).isEqualTo(3);
    assertThat(weighted.rate()).isZero();
  }

  @Test
  void shouldAuthorizeAllRequests() {
    var arguments = new LoadArguments();

    arguments.network.auth = "user:pass word";
    var basic = arguments.toOptions(List.of("http://h/a", "http://h/b"), null);
    arguments.network.auth = "Bearer abc";
    var bearer = arguments.toOptions(List.of("http://h/a"), null);
    arguments.headers = List.of("Authorization: mine");

    assertThat(basic.getRequests())
        .extracting(r -> r.headers().get("authorization"))
        .containsOnly("Basic dXNlcjpwYXNzIHdvcmQ=");
    assertThat(bearer.getRequests().getFirst().headers())
        .containsEntry("authorization", "Bearer abc");
    assertThatThrownBy(() -> arguments.toOptions(List.of("http://h/a"), null))
        .hasMessageContaining("has an authorization header already");
    arguments.network.auth = "user";
    assertThatThrownBy(() -> arguments.network.authorization())
        .hasMessageContaining("'user:password'");
  }

  @Test
  void shouldNotTakeTheValueOfAParameterForAShare() {
    assertThat(MixEntry.parse("http://h:1/x?page=2").uri().getQuery()).isEqualTo("page=2");
    assertThat(MixEntry.parse("http://h:1/x?page=2").weight()).isEqualTo(1);
    assertThat(MixEntry.parse("http://h:1/x?a=1&page=2").weight()).isEqualTo(1);
    assertThat(MixEntry.parse("http://h:1/x?page=2=3").weight()).isEqualTo(3);
    assertThat(MixEntry.parse("http://h:1/x?page=2=3").uri().getQuery()).isEqualTo("page=2");
    assertThat(MixEntry.parse("http://h:1/x?page=2=40/s").rate()).isEqualTo(40);
    assertThat(MixEntry.parse("http://h:1/x").weight()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "requests: [{url: 'http://h/', connections: many}] | requests[0].connections: 'many' | 64",
        "requests: [{url: 'http://h/', weight: heavy}]     | requests[0].weight: 'heavy'     | 3",
        "requests: [{url: 'http://h/', rate: fast}]        | requests[0].rate: 'fast'        | 20k",
        "requests: [{url: 'http://h/', expect-status: ok}] | requests[0].expect-status: 'ok' | 404",
        "phases: [{name: steady, duration: 1s}]            | phases[0]: needs 'rate'         | 20k",
        "phases: [{rate: 5, to: 9, duration: 1s}]          | phases[0]: needs 'rate'         |"
            + " ramp",
        "phases: [{rate: 5, duration: long}]               | phases[0].duration: 'long'      | 30s",
        "phases: [{rate: 5, duration: 1s, steps: few}]     | phases[0].steps: 'few'          | 64",
      })
  void shouldNameFileKeyValueAndRemedy(String yaml, String place, String remedy)
      throws IOException {
    var file = Files.writeString(directory.resolve("load.yaml"), yaml);
    var config = ConfigFile.read(file, Set.of());

    assertThatThrownBy(
            () -> {
              config.requests();
              config.phases();
            })
        .hasMessageContainingAll(file.toString(), place, remedy);
  }

  @Test
  void shouldNameTheFileThatABadOptionIsFrom() throws IOException {
    var file = Files.writeString(directory.resolve("load.yaml"), "connections: many\n");
    var err = new StringWriter();

    int code =
        LoadGeneratorCommand.execute(
            new String[] {"run", "--config", file.toString(), "http://127.0.0.1:1/"},
            new PrintWriter(new StringWriter()),
            new PrintWriter(err, true));

    assertThat(code).isEqualTo(ExitCodes.SETUP);
    assertThat(err.toString()).contains(file + ": ", "--connections", "'many'");
  }

  @Test
  void shouldGiveRequestsOfAFileWhatTheCommandLineSays() throws IOException {
    var file =
        Files.writeString(
            directory.resolve("load.yaml"),
            """
            requests:
              - url: http://h/a
              - {url: http://h/b, method: PUT, body: own, headers: {X-A: own}, expect-status: 204}
            """);
    var arguments = new LoadArguments();
    arguments.method = "DELETE";
    arguments.body = "all";
    arguments.headers = List.of("x-a: all", "cookie: a=1", "Cookie: b=2", "x-b: 1", "X-B: 2");
    arguments.expectStatus = Set.of(201);

    var requests = arguments.toOptions(List.of(), ConfigFile.read(file, Set.of())).getRequests();

    assertThat(requests.get(0).method()).isEqualTo("DELETE");
    assertThat(requests.get(0).body().text()).isEqualTo("all");
    assertThat(requests.get(0).check().statuses()).containsExactly(201);
    assertThat(requests.get(0).headers())
        .containsEntry("x-a", "all")
        .containsEntry("cookie", "a=1; b=2")
        .containsEntry("x-b", "1, 2");
    assertThat(requests.get(1).method()).isEqualTo("PUT");
    assertThat(requests.get(1).body().text()).isEqualTo("own");
    assertThat(requests.get(1).check().statuses()).containsExactly(204);
    assertThat(requests.get(1).headers()).containsEntry("X-A", "own").containsEntry("x-b", "1, 2");
  }

  @Test
  void shouldSendBodiesOrSayThatItDoesNot() {
    var arguments = new LoadArguments();
    arguments.body = "x";
    arguments.mix = List.of("DELETE http://h/a=1");
    assertThat(arguments.toOptions(List.of(), null).getRequests().getFirst().body().text())
        .isEqualTo("x");

    arguments.mix = List.of("GET http://h/a=1");
    assertThatThrownBy(() -> arguments.toOptions(List.of(), null))
        .hasMessageContaining("--body: no request takes it");
    arguments.mix = List.of();
    arguments.headers = List.of("Host: a", "host: b");
    assertThatThrownBy(() -> arguments.toOptions(List.of("http://h/a"), null))
        .hasMessageContaining("header 'host': is given twice");
    assertThatThrownBy(() -> arguments.toOptions(List.of("http://h/a b"), null))
        .hasMessageContaining("url 'http://h/a b': ")
        .hasMessageContaining("%20");
  }

  @Test
  void shouldReadPhases() {
    assertThat(PhaseArgument.parse("ramp=0..20k:10s").getFirst().endRate()).isEqualTo(20_000);
    assertThat(PhaseArgument.parse("steady=1.5k:10s").getFirst().startRate()).isEqualTo(1_500);
    assertThat(PhaseArgument.parse("steps=1k..5k/5:50s"))
        .extracting(p -> p.startRate())
        .containsExactly(1_000.0, 2_000.0, 3_000.0, 4_000.0, 5_000.0);
    assertThatThrownBy(() -> PhaseArgument.parse("20k")).hasMessageContaining("NAME=RATE:TIME");
  }

  @Test
  void shouldReadAFileOfRequestsAndPhases() throws IOException {
    var file =
        Files.writeString(
            directory.resolve("load.yaml"),
            """
            connections: 8
            requests:
              - url: http://127.0.0.1:1/fast
                rate: 4k
              - url: http://127.0.0.1:1/orders
                body: '{"id": 1}'
                headers: {content-type: application/json}
                rate: 40
            phases:
              - {name: ramp, from: 0, to: 4k, duration: 5s}
              - {rate: 4040, duration: 10s}
            """);

    var config = ConfigFile.read(file, Set.of("connections"));

    assertThat(config.requests()).extracting(r -> r.method()).containsExactly("GET", "POST");
    assertThat(config.requests().get(1).headers())
        .containsEntry("content-type", "application/json");
    assertThat(config.phases()).extracting(p -> p.name()).containsExactly("ramp", "phase 2");
  }

  @Test
  void shouldNameUnknownKeysOfAFile() throws IOException {
    var file = Files.writeString(directory.resolve("load.yaml"), "conections: 8\n");

    assertThatThrownBy(() -> ConfigFile.read(file, Set.of("connections")))
        .hasMessageContaining("conections")
        .hasMessageContaining("connections");
  }

  @Test
  void shouldSuggestOptionsAndExitWithSetupError() {
    var err = new StringWriter();

    int code =
        LoadGeneratorCommand.execute(
            new String[] {"run", "--ratee", "5", "http://127.0.0.1:1/"},
            new PrintWriter(new StringWriter()),
            new PrintWriter(err, true));

    assertThat(code).isEqualTo(ExitCodes.SETUP);
    assertThat(err.toString()).contains("--ratee").contains("--rate");
  }
}
