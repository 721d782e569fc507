package dev.baton.stages.parse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.stages.BoundPipeline;
import dev.baton.stages.Exchange;
import dev.baton.stages.FakeContext;
import dev.baton.stages.FakeRequest;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.Stage;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ParseTest {
  record Item(String name, int count) {}

  private final FakeContext context = new FakeContext();
  private final Map<String, String> path = Map.of("name", "tea", "count", "3");

  @Test
  void shouldParseJson() {
    var request = new FakeRequest("");
    Future<Item> item = begin(Parse.json(Item.class), request);

    context.run(() -> request.send("{\"name\":\"tea\",\"count\":3}"));
    context.run(request::end);

    assertThat(item.result()).isEqualTo(new Item("tea", 3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"})
  void shouldTakeWhatSaysThatItIsJson(String type) {
    var request = new FakeRequest("");
    request.headers.set("content-type", type);

    assertThat(begin(Parse.json(Item.class), request).isComplete()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "", "json"})
  void shouldNotTakeOtherTypesForJson(String type) {
    var request = new FakeRequest("");
    request.headers.set("content-type", type);

    Problem problem = problem(begin(Parse.json(Item.class), request));

    assertThat(problem.status()).isEqualTo(415);
    assertThat(detail(problem)).endsWith("is not understood here: send application/json");
  }

  @Test
  void shouldParseForms() {
    var request = new FakeRequest("");
    request.headers.set("content-type", "application/x-www-form-urlencoded");
    Future<Item> item = begin(Parse.form(Item.class), request);

    context.run(() -> request.send("name=green+te%61&cou"));
    context.run(() -> request.send("nt=3&more"));
    context.run(request::end);

    assertThat(item.result()).isEqualTo(new Item("green tea", 3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "name=%zz&count=1|body is not encoded (",
        "name=a&count=x|count=x has the wrong type: give an integer of 32 bits",
        "name=a|count is missing: the request needs it",
      })
  void shouldSayWhatIsWrongWithAForm(String form, String detail) {
    var request = new FakeRequest("");
    Future<Item> item = begin(Parse.form(Item.class), request);

    context.run(() -> request.send(form));
    context.run(request::end);

    assertThat(detail(problem(item))).startsWith(detail);
  }

  @Test
  void shouldNotTakeJsonForAForm() {
    var request = new FakeRequest("");
    request.headers.set("content-type", "application/json");

    assertThat(problem(begin(Parse.form(Item.class), request)).status()).isEqualTo(415);
  }

  @Test
  void shouldParseQueries() {
    assertThat(begin(Parse.query(Item.class), "name=a%20b&count=7").result())
        .isEqualTo(new Item("a b", 7));
    assertThat(begin(Parse.query("name"), "name=x&name=y").result()).isEqualTo("x");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|400|name is missing: the request needs it",
        "name=%|400|query is not encoded (",
        "count=1|400|name is missing: the request needs it",
      })
  void shouldSayWhatIsWrongWithAQuery(String query, int status, String detail) {
    for (Stage<Exchange, ?> stage : List.of(Parse.query(Item.class), Parse.query("name"))) {
      Problem problem = problem(begin(stage, query));

      assertThat(problem.status()).isEqualTo(status);
      assertThat(detail(problem)).startsWith(detail);
    }
  }

  @Test
  void shouldRefuseTooManyParameters() {
    Problem problem = problem(begin(Parse.query(Item.class), "a=1&".repeat(257)));

    assertThat(problem.status()).isEqualTo(413);
    assertThat(detail(problem))
        .isEqualTo("parameters=257 are too many: send at most 256 in one request");
  }

  @Test
  void shouldParsePaths() {
    assertThat(begin(Parse.path(Item.class), "").result()).isEqualTo(new Item("tea", 3));
    assertThat(begin(Parse.path("name"), "").result()).isEqualTo("tea");
    assertThat(detail(problem(begin(Parse.path("nme"), ""))))
        .isEqualTo("nme is missing: the request needs it");
  }

  @Test
  void shouldJoinTwoParsers() {
    var request = new FakeRequest("q=x");
    Future<String> both =
        begin(Parse.both(Parse.query("q"), Parse.body(), (q, body) -> q + body), request);

    context.run(() -> request.send("y"));
    context.run(request::end);

    assertThat(both.result()).isEqualTo("xy");
    assertThat(
            problem(begin(Parse.both(Parse.query("z"), Parse.body(), (q, body) -> q), "q=x"))
                .status())
        .isEqualTo(400);
  }

  private <T> Future<T> begin(Stage<Exchange, T> stage, String query) {
    return begin(stage, new FakeRequest(query));
  }

  private <T> Future<T> begin(Stage<Exchange, T> stage, FakeRequest request) {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("p", Stage.<Exchange, String>plain("a", in -> "")).then(Respond.text());
    BoundPipeline<Exchange, Response> bound =
        new BoundPipeline<>(pipeline, new PipelineOptions(), 1, Scheduler::builder, null);
    var exchange = new Exchange(bound, request.request(), context, path, null);
    var result = new ArrayList<Future<T>>();
    context.run(() -> result.add(stage.begin(exchange)));
    return result.getFirst();
  }

  private static Problem problem(Future<?> failed) {
    assertThat(failed.cause()).isInstanceOf(Problem.class);
    return (Problem) failed.cause();
  }

  private static @Nullable String detail(Problem problem) {
    return problem.toJson("", null).getString("detail");
  }
}
