package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.export.HtmlExporter;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.server.ShopServer;
import dev.baton.loadgen.values.Feed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions from a file against a shop that knows who is who. */
class ScenarioIT {
  private static final ShopServer SHOP = ShopServer.start();
  private static final String BUY =
      """
      scenarios:
        - name: buy
          steps:
            - name: log in
              url: SHOP/login?user=${user}
              method: POST
              extract: {token: {json: /auth/token}}
            - name: order
              url: SHOP/orders
              body: '{"for": "${user}"}'
              headers: {authorization: "Bearer ${token}"}
              expect-status: 201
              think: 1ms..5ms
              extract: {id: {header: location, regex: "/orders/([0-9]+)"}}
            - name: poll
              url: SHOP/orders/${id}
              headers: {authorization: "Bearer ${token}"}
              until: {json: /status, is: done, every: 5ms, at-most: TRIES}
      """;

  @TempDir Path directory = Path.of("");

  @AfterAll
  static void stop() {
    SHOP.close();
  }

  private LoadOptions options(String yaml) throws IOException {
    var file = Files.writeString(directory.resolve("buy.yaml"), yaml.replace("SHOP", SHOP.url("")));
    var users = Files.writeString(directory.resolve("users.csv"), "user\nann\nbob\neve\n");
    var options =
        new LoadOptions()
            .addFeed(Feed.csv(users))
            .setRate(50)
            .setConnections(16)
            .setWarmup(Duration.ZERO)
            .setDuration(Duration.ofMillis(400))
            .setDrain(Duration.ofSeconds(20));
    ConfigFile.read(file, Set.of()).scenarios().forEach(options::addScenario);
    return options;
  }

  private static long arrivals(LoadGenerator generator) {
    long arrivals = 0;
    for (var cursor = generator.schedule().cursor(); cursor.advance(); ) {
      arrivals++;
    }
    return arrivals;
  }

  private static LoadReport run(LoadOptions options) {
    return LoadGenerator.create(options).run();
  }

  @Test
  void shouldLogInOrderAndPollUntilDone() throws IOException {
    var generator = LoadGenerator.create(options(BUY.replace("TRIES", "100")));
    long arrivals = arrivals(generator);

    var report = generator.run();

    var sessions = report.sessions().getFirst();
    assertThat(sessions.count(Outcome.OK)).as("%s", report.errorKinds()).isEqualTo(arrivals);
    assertThat(SHOP.users()).contains("ann", "bob", "eve");
    assertThat(report.requests())
        .extracting(r -> r.name())
        .containsExactly("buy: log in", "buy: order", "buy: poll");
    assertThat(report.requests())
        .extracting(r -> r.count(Outcome.OK))
        .containsExactly(arrivals, arrivals, 3 * arrivals);
    // At least the three requests of polling with two pauses of 5 ms between.
    assertThat(sessions.response().millisAt(1)).isGreaterThan(10);
    assertThat(report.requests().get(2).response().millisAt(1))
        .isLessThan(sessions.response().millisAt(1));
    assertThat(JsonExporter.toJson(report)).contains("\"sessions\"", "\"name\" : \"buy\"");
    assertThat(HtmlExporter.page(report)).contains("\"title\":\"buy\"", "buy: order");
  }

  @Test
  void shouldFailASessionThatPolledTooOften() throws IOException {
    var report = run(options(BUY.replace("TRIES", "2")));

    var sessions = report.sessions().getFirst();
    assertThat(sessions.count(Outcome.HTTP_ERROR)).isEqualTo(sessions.scheduled()).isPositive();
    assertThat(report.total().count(Outcome.HTTP_ERROR)).isZero();
    assertThat(report.errorKinds()).containsOnlyKeys("not 'done' after 2 tries: json /status");
  }

  @Test
  void shouldEndASessionWhoseAnswerLacksAValue() throws IOException {
    var report = run(options(BUY.replace("/auth/token", "/auth/tokn").replace("TRIES", "9")));

    assertThat(report.sessions().getFirst().count(Outcome.OK)).isZero();
    assertThat(report.requests().get(1).scheduled()).isZero();
    assertThat(report.errorKinds()).containsOnlyKeys("no value for 'token': json /auth/tokn");
  }

  @Test
  void shouldKeepOneSessionFromAnothersCookies() throws IOException {
    var report =
        run(
            options(
                BUY.replace("TRIES", "9")
                    .replace("- name: buy", "- name: buy\n    cookies: false")));

    assertThat(report.requests().get(1).count(Outcome.HTTP_ERROR))
        .isEqualTo(report.requests().get(1).sent())
        .isPositive();
    assertThat(report.requests().get(2).scheduled()).isZero();
  }

  @Test
  void shouldCutSessionsIntoParts() throws IOException {
    var options = options(BUY.replace("TRIES", "100"));
    long whole = arrivals(LoadGenerator.create(options));

    long parts = 0;
    for (int part = 1; part <= 2; part++) {
      var report = run(new LoadOptions(options).setPart(new Part(part, 2)));
      parts += report.sessions().getFirst().count(Outcome.OK);
    }

    assertThat(parts).isEqualTo(whole);
  }

  @Test
  void shouldDrawScenariosAndRequestsByWeight() throws IOException {
    var options =
        options(
            """
            scenarios:
              - name: often
                weight: 9
                steps: [{url: "SHOP/login?user=x", name: a}]
              - name: rare
                weight: 1
                steps: [{url: "SHOP/login?user=y", name: b}, {url: "SHOP/login?user=y", name: c}]
            """);

    var report = run(options.setRate(200));

    assertThat(report.sessions().get(0).count(Outcome.OK))
        .isGreaterThan(4 * report.sessions().get(1).count(Outcome.OK));
    assertThat(report.requests().get(1).sent()).isEqualTo(report.requests().get(2).sent());
  }

  @Test
  void shouldRefuseWhatCannotWork() throws IOException {
    var unknown = options(BUY.replace("${id}", "${idd}").replace("TRIES", "9"));
    var closed = options(BUY.replace("TRIES", "9")).setClosedLoop(true);

    assertThatThrownBy(() -> LoadGenerator.create(unknown))
        .hasMessageContaining("${idd} in 'buy: poll'")
        .hasMessageContaining("there are [id, token, user]");
    assertThatThrownBy(() -> LoadGenerator.create(closed)).hasMessageContaining("open loop");
    assertThatThrownBy(() -> options(BUY.replace("json: /auth/token", "jsn: x")))
        .hasMessageContaining("scenarios[0].steps[0].extract.token: unknown key 'jsn'");
    assertThatThrownBy(() -> options(BUY.replace("json: /auth/token", "json: auth")))
        .hasMessageContaining("scenarios[0].steps[0]: json 'auth': a pointer begins with a slash");
    assertThatThrownBy(() -> options(BUY.replace("TRIES", "0")))
        .hasMessageContaining("at-most=0: must be 1 or more");
    assertThatThrownBy(() -> options("scenarios: [{name: x, steps: []}]"))
        .hasMessageContaining("scenarios[0]: scenario 'x': has no steps");
  }
}
