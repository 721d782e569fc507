package dev.baton.server.main;

import dev.baton.server.Baton;
import dev.baton.server.PipelineHandler;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.Stage;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The demo service, an ordinary Vert.x verticle. Its handlers are plain blocking Java on purpose:
 * stock Vert.x stalls on them, and the same class runs unchanged on both, which is what makes the
 * two comparable. {@code GET /} lists the routes.
 *
 * <p>A request may carry a header {@code x-request-id} of 1..{@value #MAX_REQUEST_ID_LENGTH}
 * visible ASCII characters; its response repeats it. Whatever cannot be served is answered as
 * {@code application/problem+json}. The service keeps no state between requests, so its handlers
 * may run on any thread and overlap.
 */
public final class DemoService extends VerticleBase {
  /** The longest {@code x-request-id} that is accepted, in characters. */
  public static final int MAX_REQUEST_ID_LENGTH = 128;

  private static final System.Logger LOGGER = System.getLogger(DemoService.class.getName());
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence TEXT = HttpHeaders.createOptimized("text/plain");
  private static final CharSequence HTML = HttpHeaders.createOptimized("text/html; charset=utf-8");
  private static final CharSequence JSON_TYPE = HttpHeaders.createOptimized("application/json");
  private static final CharSequence BYTES = HttpHeaders.createOptimized("application/octet-stream");
  private static final CharSequence PROBLEM =
      HttpHeaders.createOptimized("application/problem+json");

  private static final Buffer OK = Buffer.buffer("ok");
  private static final Buffer PAGE = page();

  private static final Shop SHOP = Shop.open(InstantSource.system());

  static final Pipeline<Exchange, Response> ORDERS =
      Pipeline.of("orders", Stage.future("parse", DemoService::cart))
          .then("price", Cart::price)
          .then("respond", Bill::response);

  private static final Stage<Exchange, Order> ORDER = Parse.json(Order.class);
  private static final Stage<Object, Response> JSON = Respond.json();

  private static final Parameter MILLIS = new Parameter("ms", 0, 60_000);
  private static final Parameter TIMER_MILLIS = new Parameter("ms", 1, 60_000);
  private static final Parameter PAUSE_MILLIS = new Parameter("pause", 0, 1_000);
  private static final Parameter KILO_ITERATIONS = new Parameter("kiloIterations", 0, 1_000_000);
  private static final Parameter KIB = new Parameter("kib", 1, PatternFile.KIB);

  // Not a divisor of anything: chunks, socket buffers and pattern words must not line up.
  private static final int STREAM_PIECE_BYTES = 3_001;

  private final HttpServerOptions options;
  private final Function<Vertx, PipelineHandler> ordersHandler;
  private final Duration drain;
  private final Map<String, Route> routes;

  // Written by start(), before the first request
  private @Nullable HttpServer server;
  private @Nullable PatternFile file;
  private @Nullable PipelineHandler orders;

  private volatile boolean stopping;

  /**
   * A service that is not started; deploy it.
   *
   * @param options host, port and all else of the server; copied. Port 0 takes a free one, see
   *     {@link #actualPort()}
   */
  public DemoService(HttpServerOptions options) {
    this(options, new PipelineOptions());
  }

  /**
   * A service that is not started; deploy it.
   *
   * @param options as above
   * @param ordersOptions places and bounds of the pipeline behind {@code /orders}, whose stages are
   *     {@code parse}, {@code price} and {@code respond}; copied
   */
  public DemoService(HttpServerOptions options, PipelineOptions ordersOptions) {
    this(options, vertx -> ordersHandler(vertx, ordersOptions), DRAIN);
  }

  /**
   * A service that shares its pipeline with others: {@link #ordersHandler} makes the handler.
   *
   * @param drain how long requests under way may take at the end
   */
  DemoService(HttpServerOptions options, PipelineHandler ordersHandler, Duration drain) {
    this(options, vertx -> ordersHandler, drain);
  }

  private DemoService(
      HttpServerOptions options, Function<Vertx, PipelineHandler> ordersHandler, Duration drain) {
    this.drain = drain;
    this.options = new HttpServerOptions(options).setHandle100ContinueAutomatically(true);
    this.ordersHandler = ordersHandler;
    this.routes =
        Stream.of(
                new Route("", HttpMethod.GET, null, (request, none) -> send(request, HTML, PAGE)),
                new Route("fast", HttpMethod.GET, null, (request, none) -> fast(request)),
                Route.of("block", MILLIS, this::block),
                Route.of("native", MILLIS, this::nativeSleep),
                Route.of("cpu", KILO_ITERATIONS, this::cpu),
                Route.of("file", KIB, this::file),
                Route.of("timer", TIMER_MILLIS, this::timer),
                Route.of("stream", KIB, this::stream),
                new Route("fail", HttpMethod.GET, null, (request, none) -> fail()),
                new Route("echo", HttpMethod.POST, null, (request, none) -> echo(request)),
                new Route("login", HttpMethod.POST, null, (request, none) -> logIn(request)),
                new Route(
                    "orders", HttpMethod.POST, null, (request, none) -> orders().handle(request)),
                new Route("orders", HttpMethod.GET, "id", this::order))
            .collect(Collectors.toUnmodifiableMap(Route::key, Function.identity()));
  }

  @Override
  public Future<?> start() {
    orders = ordersHandler.apply(vertx);
    return vertx
        .executeBlocking(PatternFile::open)
        .compose(
            opened -> {
              file = opened;
              return vertx.createHttpServer(options).requestHandler(this::handle).listen();
            })
        .onSuccess(listening -> server = listening)
        .recover(failure -> closeFile().transform(closed -> Future.failedFuture(failure)));
  }

  /** The pipeline behind {@code /orders}, bound. */
  public static PipelineHandler ordersHandler(Vertx vertx, PipelineOptions options) {
    return Baton.handler(vertx, ORDERS, options);
  }

  /**
   * Stops accepting, lets the requests under way finish for so long as allowed, deletes the file.
   */
  @Override
  public Future<?> stop() {
    stopping = true;
    HttpServer listening = server;
    Future<Void> closed =
        listening == null
            ? Future.succeededFuture()
            : listening.shutdown(drain.toSeconds(), TimeUnit.SECONDS);
    return closed.eventually(this::closeFile);
  }

  /**
   * The port this service listens on. Any thread that knows of the deployment may ask.
   *
   * @throws IllegalStateException before the service is deployed
   */
  public int actualPort() {
    HttpServer listening = server;
    if (listening == null) {
      throw new IllegalStateException("not deployed: deploy the service, then ask for its port");
    }
    return listening.actualPort();
  }

  private Future<Void> closeFile() {
    PatternFile open = file;
    file = null;
    if (open == null) {
      return Future.succeededFuture();
    }
    return vertx.executeBlocking(
        () -> {
          open.close();
          return null;
        });
  }

  private PipelineHandler orders() {
    return Objects.requireNonNull(orders, "orders");
  }

  // ---- dispatch ----

  private void handle(HttpServerRequest request) {
    guarded(request, () -> dispatch(request));
  }

  /**
   * While the service stops, tells the client not to use the connection again. HTTP/2 has a frame
   * for it, which Vert.x sends, and a response with this field is malformed there.
   */
  private void announceClose(HttpServerRequest request) {
    if (stopping && request.version() != HttpVersion.HTTP_2) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
  }

  private void dispatch(HttpServerRequest request) throws Exception {
    announceClose(request);
    String id = request.headers().get(REQUEST_ID);
    if (id != null) {
      request.response().putHeader(REQUEST_ID, checkedRequestId(id));
    }
    String path = Objects.requireNonNullElse(request.path(), "");
    int slash = path.indexOf('/', 1);
    String key =
        path.startsWith("/") ? path.substring(0, slash < 0 ? path.length() : slash + 1) : "";
    Route route = routes.get(key);
    if (route == null) {
      throw new Problem(404, "path", path, "is unknown", "GET / lists the routes");
    }
    request.routed(route.pattern);
    if (!request.method().equals(route.method)) {
      request.response().putHeader(HttpHeaders.ALLOW, route.method.name());
      String method = request.method().name();
      throw new Problem(
          405, "method", method, "does not fit " + path, "use " + route.method.name());
    }
    route.action.run(request, path.substring(slash + 1));
  }

  private static String checkedRequestId(String id) {
    boolean visible = id.chars().allMatch(c -> c > ' ' && c < 127);
    if (id.isEmpty() || id.length() > MAX_REQUEST_ID_LENGTH || !visible) {
      throw new Problem(
          400,
          "x-request-id",
          null,
          "is not a usable id",
          "give 1.." + MAX_REQUEST_ID_LENGTH + " visible ASCII characters");
    }
    return id;
  }

  /** Runs {@code action}, and answers its failure. */
  private static void guarded(HttpServerRequest request, Guarded action) {
    try {
      action.run();
    } catch (Problem problem) {
      answer(request, problem);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      answer(request, new Problem(503, null, null, "was interrupted", "try again"));
    } catch (Throwable failure) {
      String id = request.response().headers().get(REQUEST_ID);
      if (id == null) {
        id = Long.toHexString(ThreadLocalRandom.current().nextLong());
        if (!request.response().headWritten()) {
          request.response().putHeader(REQUEST_ID, id);
        }
      }
      LOGGER.log(
          Level.ERROR, request.method() + " " + request.path() + " failed, request " + id, failure);
      answer(
          request, new Problem(500, null, null, "failed here", "quote the request id in a report"));
    }
  }

  private static void answer(HttpServerRequest request, Problem problem) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    if (response.headWritten()) {
      // Half an answer is out. Only the end of the connection tells the client that it is none.
      abort(request);
      return;
    }
    response.setChunked(false).setStatusCode(problem.status());
    response.headers().remove(HttpHeaders.CONTENT_LENGTH).set(HttpHeaders.CONTENT_TYPE, PROBLEM);
    String id = response.headers().get(REQUEST_ID);
    response.end(problem.toJson(response.getStatusMessage(), id).toBuffer());
  }

  private static void abort(HttpServerRequest request) {
    if (!request.response().closed()) {
      request.response().reset();
    }
  }

  private void send(HttpServerRequest request, CharSequence contentType, Buffer body) {
    announceClose(request);
    request.response().putHeader(HttpHeaders.CONTENT_TYPE, contentType).end(body);
  }

  private void send(HttpServerRequest request, String text) {
    send(request, TEXT, Buffer.buffer(text));
  }

  // ---- routes ----

  private void fast(HttpServerRequest request) {
    send(request, TEXT, OK);
  }

  private void block(HttpServerRequest request, int millis) throws InterruptedException {
    Thread.sleep(millis);
    send(request, "slept " + millis + " ms");
  }

  private void nativeSleep(HttpServerRequest request, int millis) {
    NativeSleep.sleep(millis);
    send(request, "slept " + millis + " ms in native code");
  }

  /**
   * Answers what {@code kiloIterations * 1000} steps of xorshift64* make of its seed, in
   * hexadecimal.
   *
   * @see <a href="https://doi.org/10.1145/2845077">Vigna, An experimental exploration of
   *     Marsaglia's xorshift generators, scrambled</a>
   */
  private void cpu(HttpServerRequest request, int kiloIterations) {
    long x = 0x9E3779B97F4A7C15L;
    for (long i = kiloIterations * 1_000L; i > 0; i--) {
      x ^= x >>> 12;
      x ^= x << 25;
      x ^= x >>> 27;
    }
    send(request, Long.toHexString(x * 0x2545F4914F6CDD1DL));
  }

  private void file(HttpServerRequest request, int kib) throws IOException {
    PatternFile open = Objects.requireNonNull(file, "file");
    send(request, BYTES, Buffer.buffer(open.read(kib * 1024)));
  }

  private void timer(HttpServerRequest request, int millis) {
    vertx.setTimer(
        millis, fired -> guarded(request, () -> send(request, "waited " + millis + " ms")));
  }

  private void stream(HttpServerRequest request, int kib) {
    long seed = longParam(request, "seed", 0);
    String pause = param(request, "pause");
    int pauseMillis = pause == null ? 0 : PAUSE_MILLIS.parse(pause);
    HttpServerResponse response = request.response();
    response.setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE, BYTES);
    new PatternStream(request, seed, kib * 1024, pauseMillis).write();
  }

  private static @Nullable String param(HttpServerRequest request, String name) {
    try {
      return request.getParam(name);
    } catch (IllegalArgumentException malformed) {
      throw Problem.notEncoded("query", malformed);
    }
  }

  private static long longParam(HttpServerRequest request, String name, long otherwise) {
    String text = param(request, name);
    try {
      return text == null ? otherwise : Long.parseLong(text);
    } catch (NumberFormatException notANumber) {
      throw new Problem(400, name, text, "is not a number of 64 bits", "give an integer");
    }
  }

  private static void fail() {
    throw new IllegalStateException("/fail fails, as asked");
  }

  private void echo(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    String contentType = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (contentType != null) {
      response.putHeader(HttpHeaders.CONTENT_TYPE, contentType);
    }
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null) {
      response.setChunked(true);
    } else {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
    }
    // Not ended on failure: what was cut short must not look complete.
    request.pipe().endOnFailure(false).to(response).onFailure(brokenOff -> abort(request));
  }

  private void logIn(HttpServerRequest request) {
    String token = SHOP.token(param(request, "user"));
    send(request, JSON_TYPE, new JsonObject().put("token", token).toBuffer());
  }

  /** An order, and who gives it if that is said: then it is placed, else it is only priced. */
  private static Future<Cart> cart(Exchange exchange) {
    String authorization = exchange.request().getHeader(HttpHeaders.AUTHORIZATION);
    String user = authorization == null ? null : SHOP.user(authorization);
    return ORDER.begin(exchange).map(order -> new Cart(order, user));
  }

  private void order(HttpServerRequest request, String id) {
    String user = SHOP.user(request.getHeader(HttpHeaders.AUTHORIZATION));
    String status = SHOP.isDone(user, id) ? "done" : "pending";
    send(request, JSON_TYPE, new JsonObject().put("id", id).put("status", status).toBuffer());
  }

  private static Buffer page() {
    try (var in = DemoService.class.getResourceAsStream("demo.html")) {
      return Buffer.buffer(
          Objects.requireNonNull(in, "demo.html is not beside its class").readAllBytes());
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /**
   * One piece after the other for as long as the client takes them, then on when it has drained.
   */
  private static final class PatternStream {
    private final HttpServerRequest request;
    private final long seed;
    private final int length;
    private final int pauseMillis;
    private int position;
    private boolean paused;

    PatternStream(HttpServerRequest request, long seed, int length, int pauseMillis) {
      this.request = request;
      this.seed = seed;
      this.length = length;
      this.pauseMillis = pauseMillis;
    }

    void write() {
      guarded(request, this::writeUntilFull);
    }

    private void writeUntilFull() throws InterruptedException {
      HttpServerResponse response = request.response();
      // A drain may be reported late, after the end.
      while (!response.closed() && !response.ended()) {
        if (position == length) {
          response.end();
          return;
        }
        if (response.writeQueueFull()) {
          response.drainHandler(drained -> write());
          return;
        }
        int end = paused ? length : length / 2;
        if (position == end) {
          paused = true;
          Thread.sleep(pauseMillis);
          continue;
        }
        int size = Math.min(STREAM_PIECE_BYTES, end - position);
        response.write(Buffer.buffer(Pattern.bytes(seed, position, size)));
        position += size;
      }
    }
  }

  private record Cart(Order order, @Nullable String user) {
    Bill price() {
      return new Bill(order.price(), user);
    }
  }

  private record Bill(Order.Receipt receipt, @Nullable String user) {
    Response response() throws Exception {
      Response response = JSON.begin(receipt).result();
      return user == null
          ? response
          : response.status(201).header(HttpHeaders.LOCATION, "/orders/" + SHOP.place(user));
    }
  }

  /**
   * @param key the path up to its parameter
   * @param pattern what metrics call the route
   */
  private record Route(String key, HttpMethod method, Action action, String pattern) {
    Route(String name, HttpMethod method, @Nullable String parameter, Action action) {
      String path = "/" + name + (parameter == null ? "" : "/");
      this(path, method, action, parameter == null ? path : path + ":" + parameter);
    }

    static Route of(String name, Parameter parameter, IntAction action) {
      return new Route(
          name,
          HttpMethod.GET,
          parameter.name,
          (request, argument) -> action.run(request, parameter.parse(argument)));
    }
  }

  /** An integer in a path or a query, and the range it must keep to. */
  private record Parameter(String name, int min, int max) {
    int parse(String text) {
      String reason = "is out of range";
      try {
        int value = Integer.parseInt(text);
        if (value >= min && value <= max) {
          return value;
        }
      } catch (NumberFormatException notANumber) {
        reason = "is not a number of 32 bits";
      }
      throw new Problem(400, name, text, reason, "give an integer in " + min + ".." + max);
    }
  }

  @FunctionalInterface
  private interface Action {
    void run(HttpServerRequest request, String argument) throws Exception;
  }

  @FunctionalInterface
  private interface IntAction {
    void run(HttpServerRequest request, int value) throws Exception;
  }

  @FunctionalInterface
  private interface Guarded {
    void run() throws Exception;
  }
}
