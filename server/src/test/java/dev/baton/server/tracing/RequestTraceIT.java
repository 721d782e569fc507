package dev.baton.server.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.PipelineHandler;
import dev.baton.server.context.ContextMode;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.Stage;
import dev.baton.stages.StageOptions;
import dev.baton.stages.respond.Respond;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.tracing.opentelemetry.OpenTelemetryOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.MDC;

/** Which request and which trace code of users runs for, as the log and other services see it. */
@Timeout(60)
final class RequestTraceIT {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String TRACEPARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** A server with one loop. */
  private static final class Served implements AutoCloseable {
    final Vertx vertx;
    private int port;

    Served(VertxOptions vertxOptions) {
      BatonOptions options = new BatonOptions();
      options.getScheduler().setLoops(1);
      vertx = Baton.vertx(vertxOptions, options);
    }

    Served serve(ContextMode mode, Handler<HttpServerRequest> handler) throws Exception {
      var verticle =
          new VerticleBase() {
            @Override
            public Future<?> start() {
              return vertx
                  .createHttpServer()
                  .requestHandler(handler)
                  .listen(0, "127.0.0.1")
                  .onSuccess(server -> port = server.actualPort());
            }
          };
      vertx
          .deployVerticle(verticle, Baton.contextMode(new DeploymentOptions(), mode))
          .await(20, TimeUnit.SECONDS);
      return this;
    }

    CompletableFuture<HttpResponse<String>> ask(String id, String traceparent) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
              .header("x-request-id", id);
      if (!traceparent.isEmpty()) {
        request.header("traceparent", traceparent).header("tracestate", "a=b");
      }
      return CLIENT.sendAsync(request.build(), BodyHandlers.ofString());
    }

    @Override
    public void close() {
      vertx.close().await();
    }
  }

  /** What a line that is logged here would be marked with. */
  private static String mark() {
    return MDC.get(RequestTrace.REQUEST_ID) + "/" + MDC.get(RequestTrace.TRACE_ID);
  }

  @ParameterizedTest
  @EnumSource
  void shouldMarkWhatHandlersLogAlsoAfterABlock(ContextMode mode) throws Exception {
    try (Served served = new Served(new VertxOptions())) {
      served.serve(
          mode,
          request -> {
            String before = mark();
            sleep();
            String after = mark();
            request
                .body()
                .onSuccess(_ -> request.response().end(before + " " + after + " " + mark()));
          });

      var first = served.ask("r-1", TRACEPARENT);
      var second = served.ask("r-2", "");

      String one = "r-1/" + TRACE;
      assertThat(first.get().body()).isEqualTo(one + " " + one + " " + one);
      assertThat(second.get().body()).isEqualTo("r-2/null r-2/null r-2/null");
    }
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "PINNED", mode = EnumSource.Mode.EXCLUDE)
  void shouldMarkWhatIsLoggedAfterAWaitAndByWorkers(ContextMode mode) throws Exception {
    try (Served served = new Served(new VertxOptions())) {
      served.serve(
          mode,
          request -> {
            String onWorker = served.vertx.executeBlocking(RequestTraceIT::mark).await();
            served.vertx.timer(5).await();
            request.response().end(onWorker + " " + mark());
          });

      List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        responses.add(served.ask("r-" + i, TRACEPARENT));
      }

      for (int i = 0; i < 20; i++) {
        String mark = "r-" + i + "/" + TRACE;
        assertThat(responses.get(i).get().body()).isEqualTo(mark + " " + mark);
      }
    }
  }

  @Test
  void shouldLeaveNoMarkBehind() throws Exception {
    try (Served served = new Served(new VertxOptions())) {
      served.serve(ContextMode.SERIAL, request -> request.response().end(mark()));

      assertThat(served.ask("r-1", TRACEPARENT).get().body()).isEqualTo("r-1/" + TRACE);
      var mark = new CompletableFuture<String>();
      served.vertx.runOnContext(_ -> mark.complete(mark()));

      assertThat(mark.get()).isEqualTo("null/null");
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldMarkWhatEachKindOfStageLogs(ContextMode mode) throws Exception {
    Pipeline<Exchange, Response> pipeline =
        Pipeline.of("marked", Stage.<Exchange, String>plain("fused", _ -> mark()))
            .then("partitioned", marks -> marks + " " + mark())
            .thenVirtual("virtual", marks -> marks + " " + mark())
            .then("blocked", RequestTraceIT::afterASleep)
            .then(Respond.text());
    var options =
        new PipelineOptions()
            .setStage(
                "partitioned", new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1));
    try (Served served = new Served(new VertxOptions())) {
      PipelineHandler handler = Baton.handler(served.vertx, pipeline, options);
      served.serve(mode, handler);

      List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        responses.add(served.ask("r-" + i, TRACEPARENT));
      }

      for (int i = 0; i < 20; i++) {
        String mark = "r-" + i + "/" + TRACE;
        assertThat(responses.get(i).get().body())
            .isEqualTo(String.join(" ", mark, mark, mark, mark, mark));
      }
    }
  }

  private static String afterASleep(String marks) {
    String before = mark();
    sleep();
    return marks + " " + before + " " + mark();
  }

  @Test
  void shouldPassTheTraceOnAsItCame() throws Exception {
    try (Served backend = new Served(new VertxOptions());
        Served served = new Served(new VertxOptions())) {
      backend.serve(
          ContextMode.PER_REQUEST,
          request ->
              request
                  .response()
                  .end(request.getHeader("traceparent") + " " + request.getHeader("tracestate")));
      var client = served.vertx.createHttpClient();
      served.serve(
          ContextMode.PER_REQUEST,
          request ->
              client
                  .request(HttpMethod.GET, backend.port, "127.0.0.1", "/")
                  .compose(outgoing -> outgoing.send().compose(HttpClientResponse::body))
                  .onSuccess(body -> request.response().end(body)));

      assertThat(served.ask("r-1", TRACEPARENT).get().body()).isEqualTo(TRACEPARENT + " a=b");
      assertThat(served.ask("r-1", "").get().body()).isEqualTo("null null");
      assertThat(served.ask("r-1", "00-no-trace-00").get().body()).isEqualTo("null null");
    }
  }

  @Test
  void shouldNameTheTraceInExemplars() throws Exception {
    try (Served served = new Served(new VertxOptions())) {
      served.serve(ContextMode.PER_REQUEST, request -> request.response().end("ok"));

      assertThat(served.ask("r-1", TRACEPARENT).get().statusCode()).isEqualTo(200);

      BatonMetrics metrics = Objects.requireNonNull(BatonMetrics.of(served.vertx));
      Buffer scrape = metrics.scrape("application/openmetrics-text; version=1.0.0").body();
      assertThat(scrape.toString()).contains("# {request_id=\"r-1\",trace_id=\"" + TRACE + "\"}");
    }
  }

  // ---------------------------------------------------------------- spans

  @Test
  void shouldTellSpansWhereTheTimeWent() throws Exception {
    InMemorySpanExporter spans = InMemorySpanExporter.create();
    GlobalOpenTelemetry.resetForTest();
    OpenTelemetrySdk.builder()
        .setTracerProvider(
            SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
        .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
        .buildAndRegisterGlobal();
    int millis = ThreadLocalRandom.current().nextInt(200, 300);
    var options = new VertxOptions().setTracingOptions(new OpenTelemetryOptions());
    try (Served backend = new Served(new VertxOptions());
        Served served = new Served(options)) {
      backend.serve(
          ContextMode.PER_REQUEST,
          request -> request.response().end(request.getHeader("traceparent")));
      assumeTrue(Baton.scheduler(served.vertx).isTakeover(), "loops do not change hands");
      var client = served.vertx.createHttpClient();
      served.serve(
          ContextMode.PER_REQUEST,
          request -> {
            sleep(millis);
            String mark = mark();
            client
                .request(HttpMethod.GET, backend.port, "127.0.0.1", "/")
                .compose(outgoing -> outgoing.send().compose(HttpClientResponse::body))
                .onSuccess(body -> request.response().end(mark + " " + body));
          });

      String body = served.ask("r-1", TRACEPARENT).get().body();
      long taken =
          Arrays.stream(TakeoverCause.values()) // what is cold may be taken as a hog
              .mapToLong(Baton.scheduler(served.vertx).enclave()::takeovers)
              .sum();
      SpanData server = server(spans);

      assertThat(taken).isPositive();
      assertThat(server.getTraceId()).isEqualTo(TRACE);
      assertThat(server.getParentSpanId()).isEqualTo("b7ad6b7169203331");
      // The backend is told of a span of ours, in the same trace.
      assertThat(body)
          .startsWith("r-1/" + TRACE + " 00-" + TRACE + "-")
          .doesNotContain("b7ad6b7169203331");
      assertThat(micros(server, "baton.queued_us")).isNotNegative();
      assertThat(micros(server, "baton.on_loop_us")).isNotNegative();
      long slept = TimeUnit.MILLISECONDS.toMicros(millis);
      assertThat(micros(server, "baton.away_us")).isGreaterThan(slept * 9 / 10);
      assertThat(micros(server, "baton.on_loop_us") + micros(server, "baton.away_us"))
          .isGreaterThanOrEqualTo(slept);
    } finally {
      GlobalOpenTelemetry.resetForTest();
    }
  }

  private static void sleep(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SpanData server(InMemorySpanExporter spans) throws InterruptedException {
    while (true) {
      for (SpanData span : spans.getFinishedSpanItems()) {
        if (span.getKind() == SpanKind.SERVER) {
          return span;
        }
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static long micros(SpanData span, String key) {
    String value = span.getAttributes().get(AttributeKey.stringKey(key));
    assertThat(value).as(key).isNotNull();
    return Long.parseLong(value);
  }
}
