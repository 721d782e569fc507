package dev.baton.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.server.context.ContextMode;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.Stage;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** The same pipeline gives the same answers wherever its stages run, and on whose contexts. */
final class PlacementPropertyTest {
  /** What a stage does to its text. */
  enum Step {
    PLAIN,
    BLOCK,
    DONE,
    LATER,
    VIRTUAL,
    FAIL,
    FAIL_LATER,
    FAIL_VIRTUAL
  }

  record Shape(List<Step> steps, List<Boolean> partitioned) {
    /** The text that comes out for {@code in}, or what it fails with. */
    String expected(String in) {
      String text = in;
      for (int i = 0; i < steps.size(); i++) {
        if (steps.get(i).name().startsWith("FAIL")) {
          return "s" + i + "=" + text + " fails: try another";
        }
        text += i;
      }
      return text;
    }

    boolean fails() {
      return steps.stream().anyMatch(step -> step.name().startsWith("FAIL"));
    }
  }

  /** A server whose handler the test exchanges. */
  private static final class Host extends VerticleBase {
    final Vertx on;
    final String name;
    volatile @Nullable PipelineHandler handler;
    @Nullable HttpServer server;

    Host(Vertx on, String name) {
      this.on = on;
      this.name = name;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer()
          .requestHandler(this::handle)
          .listen(0, "localhost")
          .onSuccess(listening -> server = listening);
    }

    private void handle(HttpServerRequest request) {
      Objects.requireNonNull(handler).handle(request);
    }
  }

  private static final List<Host> HOSTS = new ArrayList<>();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @BeforeContainer
  static void open() {
    BatonOptions options = new BatonOptions();
    options.getScheduler().setLoops(1);
    Vertx baton = Baton.vertx(options);
    for (ContextMode mode : ContextMode.values()) {
      Host host = new Host(baton, mode.toString());
      baton.deployVerticle(host, Baton.contextMode(new DeploymentOptions(), mode)).await();
      HOSTS.add(host);
    }
    Host stock = new Host(Vertx.vertx(), "stock");
    stock.on.deployVerticle(stock).await();
    HOSTS.add(stock);
  }

  @AfterContainer
  static void close() {
    CLIENT.close();
    HOSTS.getFirst().on.close().await();
    HOSTS.getLast().on.close().await();
  }

  @Provide
  Arbitrary<Shape> shapes() {
    Arbitrary<Step> step =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.of(Step.PLAIN, Step.BLOCK, Step.DONE)),
            Tuple.of(4, Arbitraries.of(Step.LATER, Step.VIRTUAL)),
            Tuple.of(1, Arbitraries.of(Step.FAIL, Step.FAIL_LATER, Step.FAIL_VIRTUAL)));
    return Combinators.combine(
            step.list().ofMinSize(1).ofMaxSize(5), Arbitraries.of(true, false).list().ofSize(8))
        .as(Shape::new);
  }

  @Property(tries = 8, shrinking = ShrinkingMode.BOUNDED)
  void answersAreTheSameInEveryPlacement(@ForAll("shapes") Shape shape) throws Exception {
    for (Host host : HOSTS) {
      check(host, shape, "fused", Collections.nCopies(8, false));
      check(host, shape, "mixed", shape.partitioned);
      check(host, shape, "partitioned", Collections.nCopies(8, true));
    }
  }

  private static void check(Host host, Shape shape, String placement, List<Boolean> partitioned)
      throws Exception {
    Pipeline<Exchange, Response> pipeline = pipeline(host.on, shape);
    var options = new PipelineOptions().setAdmissionTarget(Duration.ZERO);
    for (int i = 0; i < pipeline.stages().size(); i++) {
      if (partitioned.get(i)) {
        var own = new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1);
        own.getScheduler().setMinStandbys(1);
        options.setStage(pipeline.stages().get(i).name(), own);
      }
    }
    PipelineHandler handler = Baton.handler(host.on, pipeline, options);
    host.handler = handler;
    List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      responses.add(send(host, "in" + i));
    }
    for (int i = 0; i < 4; i++) {
      HttpResponse<String> response = responses.get(i).get(20, TimeUnit.SECONDS);
      String body = response.body();
      assertThat(shape.fails() ? new JsonObject(body).getString("detail") : body)
          .as("%s on %s, %s", placement, host.name, shape)
          .isEqualTo(shape.expected("in" + i));
      assertThat(response.statusCode()).isEqualTo(shape.fails() ? 422 : 200);
    }
    handler.pipeline().shutdown().await();
  }

  private static CompletableFuture<HttpResponse<String>> send(Host host, String body) {
    int port = Objects.requireNonNull(host.server).actualPort();
    return CLIENT.sendAsync(
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/"))
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private static Pipeline<Exchange, Response> pipeline(Vertx vertx, Shape shape) {
    Pipeline<Exchange, String> pipeline =
        Pipeline.of("p", Parse.body()).then("text", body -> body.toString());
    for (int i = 0; i < shape.steps.size(); i++) {
      pipeline = pipeline.then(stage(vertx, shape.steps.get(i), i));
    }
    return pipeline.then(Respond.text());
  }

  private static Stage<String, String> stage(Vertx vertx, Step step, int i) {
    String name = "s" + i;
    return switch (step) {
      case PLAIN -> Stage.plain(name, in -> in + i);
      case BLOCK -> Stage.plain(name, in -> slowly(in + i));
      case DONE -> Stage.future(name, in -> Future.succeededFuture(in + i));
      case LATER ->
          Stage.future(name, in -> vertx.timer(1, TimeUnit.MILLISECONDS).map(_ -> in + i));
      case VIRTUAL -> Stage.virtual(name, in -> slowly(in + i));
      case FAIL -> Stage.plain(name, in -> fail(name, in));
      case FAIL_LATER ->
          Stage.future(name, in -> vertx.timer(1, TimeUnit.MILLISECONDS).map(_ -> fail(name, in)));
      case FAIL_VIRTUAL -> Stage.virtual(name, in -> fail(name, slowly(in)));
    };
  }

  private static String slowly(String text) throws InterruptedException {
    Thread.sleep(2);
    return text;
  }

  private static String fail(String name, String in) {
    throw new Problem(422, name, in, "fails", "try another");
  }
}
