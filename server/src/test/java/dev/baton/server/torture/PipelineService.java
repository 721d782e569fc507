package dev.baton.server.torture;

import dev.baton.server.Baton;
import dev.baton.server.PipelineHandler;
import dev.baton.server.main.DemoService;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.ResponseStream;
import dev.baton.stages.Stage;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What {@link DemoService} answers, served by pipelines: plain, future and virtual-thread stages,
 * bodies both ways, in the placement under test.
 */
final class PipelineService extends VerticleBase {
  /** Which stages have loops of their own. */
  enum Placing {
    FUSED,
    PARTITIONED,
    MIXED;

    /** How many; 0 means none. */
    int loopsOf(String stage) {
      return switch (this) {
        case FUSED -> 0;
        case PARTITIONED -> 1;
        case MIXED -> stage.equals("compute") || stage.equals("price") ? 2 : 0;
      };
    }
  }

  // As many as there are connections, and some whose clients have left.
  private static final int CAPACITY = 256;
  private static final int SENT_FILE_KIB = 16;
  private static final int PIECE_BYTES = 3_001;
  private static final MethodHandle USLEEP =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("usleep").orElseThrow(),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private final Placing placing;
  private final HttpServerOptions options;
  private final Map<String, PipelineHandler> handlers = new HashMap<>();

  // Written by start(), before the first request
  private @Nullable HttpServer server;
  private @Nullable Path directory;

  PipelineService(Placing placing, HttpServerOptions options) {
    this.placing = placing;
    this.options = options;
  }

  int actualPort() {
    return Objects.requireNonNull(server, "not deployed").actualPort();
  }

  @Override
  public Future<?> start() throws IOException {
    Path files = Files.createTempDirectory("baton-torture-");
    directory = files;
    for (int kib = 1; kib <= SENT_FILE_KIB; kib++) {
      Files.write(files.resolve(kib + ".bin"), Oracle.file(kib));
    }
    Stage<Object, Response> text = Stage.plain("respond", PipelineService::text);
    bind(
        Pipeline.of("plain", Parse.exchange())
            .then("compute", PipelineService::compute)
            .then(text));
    bind(
        Pipeline.of("virtual", Parse.exchange())
            .thenVirtual(
                "compute",
                exchange -> {
                  int millis = number(exchange);
                  Thread.sleep(millis);
                  return "slept " + millis + " ms";
                })
            .then(text));
    bind(
        Pipeline.of("timer", Parse.exchange())
            .thenCompose(
                "compute",
                exchange -> {
                  int millis = number(exchange);
                  return vertx
                      .timer(millis, TimeUnit.MILLISECONDS)
                      .map(fired -> "waited " + millis + " ms");
                })
            .then(text));
    bind(
        Pipeline.of("file", Parse.exchange())
            .then("compute", exchange -> files.resolve(number(exchange) + ".bin"))
            .then(Respond.file()));
    bind(
        Pipeline.of(
                "echo",
                Stage.<Exchange, Exchange>plain(
                    "parse",
                    exchange -> {
                      exchange.stream();
                      return exchange;
                    }))
            .then("respond", PipelineService::echo));
    handlers.put("orders", DemoService.ordersHandler(vertx, options("parse", "price", "respond")));
    return vertx
        .createHttpServer(options)
        .requestHandler(this::handle)
        .listen()
        .onSuccess(listening -> server = listening);
  }

  @Override
  public Future<?> stop() throws IOException {
    Path files = Objects.requireNonNull(directory);
    for (int kib = 1; kib <= SENT_FILE_KIB; kib++) {
      Files.delete(files.resolve(kib + ".bin"));
    }
    Files.delete(files);
    return Future.succeededFuture();
  }

  private void bind(Pipeline<Exchange, Response> pipeline) {
    String[] stages = pipeline.stages().stream().map(Stage::name).toArray(String[]::new);
    handlers.put(pipeline.name(), Baton.handler(vertx, pipeline, options(stages)));
  }

  private PipelineOptions options(String... stages) {
    var pipeline =
        new PipelineOptions().setAdmissionTarget(Duration.ZERO).setBodyTimeout(Duration.ZERO);
    for (String stage : stages) {
      int loops = placing.loopsOf(stage);
      if (loops > 0) {
        var own =
            new StageOptions()
                .setPlacement(Placement.PARTITIONED)
                .setLoops(loops)
                .setCapacity(CAPACITY);
        own.getScheduler()
            .setMinStandbys(1)
            .setGrace(Duration.ZERO)
            .setSlice(Duration.ofNanos(20_000));
        pipeline.setStage(stage, own);
      }
    }
    return pipeline;
  }

  private void handle(HttpServerRequest request) {
    String id = request.getHeader("x-request-id");
    if (id != null) {
      request.response().putHeader("x-request-id", id);
    }
    String path = request.path();
    String name =
        path.substring(1, path.indexOf('/', 1) < 0 ? path.length() : path.indexOf('/', 1));
    Objects.requireNonNull(handlers.get(handler(name, path))).handle(request);
  }

  private static String handler(String name, String path) {
    return switch (name) {
      case "echo", "orders", "timer" -> name;
      case "block" -> number(path) % 2 == 0 ? "plain" : "virtual";
      case "file" -> number(path) <= SENT_FILE_KIB ? "file" : "plain";
      default -> "plain";
    };
  }

  // ---- stages ----

  private static Object compute(Exchange exchange) throws InterruptedException {
    HttpServerRequest request = exchange.request();
    String path = request.path();
    String name = path.split("/", -1)[1];
    if (name.equals("nowhere")) {
      throw new Problem(404, "path", path, "is unknown", "GET / lists the routes");
    }
    if (!request.method().equals(HttpMethod.GET)) {
      throw new Problem(405, "method", request.method(), "does not fit " + path, "use GET");
    }
    return switch (name) {
      case "fast" -> "ok";
      case "block" -> {
        Thread.sleep(number(path));
        yield "slept " + number(path) + " ms";
      }
      case "native" -> {
        nativeSleep(number(path));
        yield "slept " + number(path) + " ms in native code";
      }
      case "cpu" -> cpu(number(path));
      case "file" -> Buffer.buffer(Oracle.file(number(path)));
      default -> new PatternStream(request, number(path) * 1_024);
    };
  }

  private static void nativeSleep(int millis) {
    try {
      int _ = (int) USLEEP.invokeExact(millis * 1_000);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static int number(Exchange exchange) {
    return number(exchange.request().path());
  }

  private static int number(String path) {
    return Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
  }

  private static String cpu(int kiloIterations) {
    long x = 0x9E3779B97F4A7C15L;
    for (long i = kiloIterations * 1_000L; i > 0; i--) {
      x ^= x >>> 12;
      x ^= x << 25;
      x ^= x >>> 27;
    }
    return Long.toHexString(x * 0x2545F4914F6CDD1DL);
  }

  private static Response text(Object value) {
    return switch (value) {
      case Buffer bytes -> Response.bytes(bytes).type("application/octet-stream");
      case PatternStream stream -> Response.written(stream::write).type("application/octet-stream");
      default -> Response.text(value.toString()).type("text/plain");
    };
  }

  private static Response echo(Exchange exchange) {
    HttpServerRequest request = exchange.request();
    Response response = Response.stream(exchange.stream()).type("application/octet-stream");
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return length == null ? response : response.header(HttpHeaders.CONTENT_LENGTH, length);
  }

  /** Falls asleep with half of the response written. */
  private static final class PatternStream {
    private final byte[] bytes;
    private final int pauseMillis;
    private int position;
    private boolean paused;

    PatternStream(HttpServerRequest request, int length) {
      bytes = Oracle.pattern(Long.parseLong(request.getParam("seed")), length);
      pauseMillis = Integer.parseInt(request.getParam("pause", "0"));
    }

    void write(ResponseStream response) {
      while (!response.isClosed()) {
        if (position == bytes.length) {
          response.end();
          return;
        }
        if (response.writeQueueFull()) {
          response.drainHandler(drained -> write(response));
          return;
        }
        int end = paused ? bytes.length : bytes.length / 2;
        if (position == end) {
          paused = true;
          sleep();
          continue;
        }
        int size = Math.min(PIECE_BYTES, end - position);
        response.write(Buffer.buffer(size).appendBytes(bytes, position, size));
        position += size;
      }
    }

    private void sleep() {
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
