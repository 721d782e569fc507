package dev.baton.server.events;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.ShedReason;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A service whose handlers do what brings a server to its bounds, and clients for it. */
final class EdgeServer implements AutoCloseable {
  /** Streams of one connection. */
  private static final int STREAMS = 100;

  private static final byte HPACK_STATUS_200 = (byte) 0x88;

  final Vertx vertx;
  final int port;

  /** Handlers that have begun to block. */
  final AtomicInteger begun = new AtomicInteger();

  /** How long an answer may take; a hang is seen after it. */
  private final int patienceMillis;

  private final boolean isStock;
  private final CountDownLatch released = new CountDownLatch(1);
  private volatile CountDownLatch held = new CountDownLatch(0);
  private final List<Wire> open = new ArrayList<>();
  private final Service service = new Service();
  private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();

  /**
   * @param setup changes the options: one loop, and a route may use up all workers
   */
  EdgeServer(Host host, Consumer<BatonOptions> setup) throws Exception {
    var options = new BatonOptions().setMaxAwayPerRoute(10_000);
    options.getScheduler().setLoops(1);
    setup.accept(options);
    var vertxOptions = new VertxOptions().setEventLoopPoolSize(options.getScheduler().getLoops());
    vertx = host.vertx(vertxOptions, options);
    isStock = host == Host.STOCK;
    patienceMillis = isStock ? 5_000 : 60_000;
    vertx.deployVerticle(service).await(20, TimeUnit.SECONDS);
    port = service.port(false);
  }

  /** The port whose clients come through a proxy. */
  int proxied() throws Exception {
    service.listen(true).await(20, TimeUnit.SECONDS);
    return service.port(true);
  }

  Context context() {
    return service.context();
  }

  private final class Service extends VerticleBase {
    private volatile @Nullable HttpServer plain;
    private volatile @Nullable HttpServer proxied;

    @Override
    public io.vertx.core.Future<?> start() {
      return listen(false);
    }

    Context context() {
      return context;
    }

    int port(boolean proxy) {
      return Objects.requireNonNull(proxy ? proxied : plain, "not deployed").actualPort();
    }

    io.vertx.core.Future<?> listen(boolean proxy) {
      Router router = Router.router(vertx);
      router.get("/router/throw/:n").handler(c -> fail(Integer.parseInt(c.pathParam("n"))));
      router.get("/fast").handler(c -> c.response().end("fast"));
      HttpServer server =
          vertx.createHttpServer(new HttpServerOptions().setUseProxyProtocol(proxy));
      server.requestHandler(
          request -> {
            if (request.path().startsWith("/router/")) {
              router.handle(request);
            } else {
              answer(request);
            }
          });
      return server
          .listen(0, "127.0.0.1")
          .onSuccess(
              listening -> {
                if (proxy) {
                  proxied = listening;
                } else {
                  plain = listening;
                }
              });
    }
  }

  private void answer(HttpServerRequest request) {
    String[] path = request.path().split("/", -1);
    int number = path.length < 3 ? 0 : Integer.parseInt(path[2]);
    switch (path[1]) {
      case "fast" -> request.response().end("fast");
      case "echo" -> request.body().onSuccess(body -> request.response().end(body));
      case "address" -> request.response().end(request.remoteAddress().host());
      case "block" -> {
        begun.incrementAndGet();
        sleep(number);
        request.response().end("blocked");
      }
      case "hold-1" -> {
        sleep(1);
        begun.addAndGet((int) held.getCount());
        await(held);
        request.response().end("held");
      }
      case "hold" -> {
        begun.incrementAndGet();
        await(released);
        request.response().end("held");
      }
      case "await" -> {
        begun.incrementAndGet();
        vertx.timer(number).await();
        request.response().end("awaited");
      }
      case "await-in-vain" -> {
        try {
          Promise.promise().future().await(1, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
          request.response().setStatusCode(504).end();
        }
      }
      case "interrupt" -> {
        request.response().end();
        Thread.currentThread().interrupt();
      }
      case "too-large" -> request.response().setStatusCode(413).end();
      case "no-post" -> request.response().setStatusCode(405).end();
      case "throw" -> fail(number);
      default -> request.response().setStatusCode(404).end();
    }
  }

  private static void fail(int number) {
    switch (number) {
      case 0 -> throw new StackOverflowError("thrown by the test");
      case 1 -> throw new OutOfMemoryError("thrown by the test");
      case 2 -> throw new NoClassDefFoundError("thrown by the test");
      default -> throw new IllegalStateException("thrown by the test");
    }
  }

  private static void sleep(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  // ---------------------------------------------------------------- clients

  /** Sends {@code count} requests at once, each on a connection of its own; counts by answer. */
  String all(int count, String path) throws Exception {
    var answers = new ArrayList<Future<String>>();
    for (int i = 0; i < count; i++) {
      answers.add(clients.submit(() -> status(path)));
    }
    var seen = new TreeMap<String, Integer>();
    for (Future<String> answer : answers) {
      seen.merge(answer.get(), 1, Integer::sum);
    }
    return text(seen);
  }

  /**
   * As {@link #all}, in streams of HTTP/2, {@value #STREAMS} on each connection; all that is not
   * 200 counts as 503.
   */
  String allStreams(int count, String path) throws Exception {
    var answers = new ArrayList<Future<Map<String, Integer>>>();
    for (int left = count; left > 0; left -= STREAMS) {
      int streams = Math.min(left, STREAMS);
      answers.add(clients.submit(() -> streams(streams, path)));
    }
    var seen = new TreeMap<String, Integer>();
    for (Future<Map<String, Integer>> answer : answers) {
      answer.get().forEach((status, times) -> seen.merge(status, times, Integer::sum));
    }
    return text(seen);
  }

  private Map<String, Integer> streams(int count, String path) throws IOException {
    var seen = new TreeMap<String, Integer>();
    try (Wire wire = new Wire(port).timeout(patienceMillis).http2()) {
      var requests = new ByteArrayOutputStream();
      for (int i = 0; i < count; i++) {
        requests.writeBytes(Wire.http2Get(2 * i + 1, path));
      }
      wire.send(requests.toByteArray());
      for (int i = 0; i < count; i++) {
        seen.merge(isOk(wire.http2Frame(Wire.HEADERS)) ? "200" : "503", 1, Integer::sum);
      }
    } catch (SocketTimeoutException hung) {
      seen.put("no answer", count - seen.values().stream().mapToInt(n -> n).sum());
    }
    return seen;
  }

  static String text(Map<String, Integer> seen) {
    return seen.entrySet().stream()
        .map(e -> e.getValue() + " × " + e.getKey())
        .collect(Collectors.joining(", "));
  }

  /** What one request is answered. */
  String status(String path) {
    try (Wire wire = new Wire(port).timeout(patienceMillis)) {
      return Integer.toString(wire.get(path).status());
    } catch (SocketTimeoutException hung) {
      return "no answer";
    } catch (IOException closed) {
      return "closed";
    }
  }

  static boolean isOk(Wire.Frame headers) {
    boolean hasPriority = (headers.flags() & 0x20) != 0;
    return headers.payload().get(hasPriority ? 5 : 0) == HPACK_STATUS_200;
  }

  <T> Future<T> inBackground(Callable<T> code) {
    return clients.submit(code);
  }

  /** Has handlers block until {@link #release}, as many as will begin of {@code count}. */
  void occupied(int count) throws Exception {
    String _ = untilServed(); // there are no standbys yet when a server has just begun
    for (int i = 0; i < count; i++) {
      Wire _ = open().get("/hold");
    }
    int before = -1;
    for (int now; (now = begun.get()) != before || now == 0; before = now) {
      TimeUnit.MILLISECONDS.sleep(300);
    }
  }

  /** A connection that is open until {@link #leave}. */
  Wire open() throws IOException {
    var wire = new Wire(port);
    open.add(wire);
    return wire;
  }

  /** All of {@link #open} leave, those of {@link #occupied} too. */
  void leave() throws IOException {
    for (Wire wire : open) {
      wire.close();
    }
  }

  /** From now on {@code /hold-1} blocks until {@link #release}, too. */
  void hold() {
    held = released;
  }

  void release() {
    released.countDown();
  }

  /** What {@code /fast} is answered in the end. */
  String untilServed() {
    long start = System.nanoTime();
    String seen;
    do {
      seen = status("/fast");
    } while (!seen.equals("200") && System.nanoTime() - start < patienceMillis * 1_000_000L);
    return seen;
  }

  String lessBegun(int bound) {
    int now = begun.get();
    return now < bound ? "less than " + bound + " have begun" : now + " have begun";
  }

  /**
   * As above, and what the others were answered; one may have begun to block before its handler.
   */
  String bounded(int bound, String answers) {
    return lessBegun(bound)
        + (answers.matches("\\d+ × 200, \\d+ × 503") ? ", the others are refused" : ", " + answers);
  }

  /** Waits until as many requests were refused, but not for ever. */
  void untilRefused(int count) throws InterruptedException {
    for (int i = 0; i < patienceMillis / 10 && refused() < count; i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private long refused() {
    BatonMetrics metrics = BatonMetrics.of(vertx);
    return metrics == null
        ? 0
        : metrics.sheds(ShedReason.OVERLOAD)
            + metrics.sheds(ShedReason.ROUTE_FULL)
            + metrics.sheds(ShedReason.CONTEXT_HELD);
  }

  /** As above, and asks then. */
  String whenRefused(int count, Callable<String> question) throws Exception {
    untilRefused(count);
    return question.call();
  }

  // ---------------------------------------------------------------- the scheduler; not of stock

  /** Requests that wait for a worker. */
  int waiting() {
    return isStock
        ? 0
        : enclave().loopSnapshots().stream().mapToInt(LoopSnapshot::queuedContinuations).sum();
  }

  /** Whether new work is held back. */
  boolean isUsedUp() {
    return isStock || enclave().poolSnapshots().stream().anyMatch(PoolSnapshot::exhausted);
  }

  long hogs() {
    return isStock ? 0 : enclave().takeovers(TakeoverCause.HOG);
  }

  private Enclave enclave() {
    return Baton.scheduler(vertx).enclave();
  }

  @Override
  public void close() throws Exception {
    release();
    leave();
    clients.shutdownNow();
    vertx.close().await(20, TimeUnit.SECONDS);
  }
}
