package dev.baton.grafana;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.logging.LogConsole;
import dev.baton.server.management.ManagementServer;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Placement;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.FileInputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A service with a route for each thing that can go wrong, for {@value #SECONDS} seconds each. One
 * loop; it logs as {@code serve} does.
 */
final class ScenarioService {
  static final int SECONDS = 14;

  private static final long MILLIS = SECONDS * 1000L;
  private static final Object LOCK = new Object();
  private static volatile boolean wanted;
  private static final List<byte[]> GARBAGE = new ArrayList<>();

  private ScenarioService() {}

  /** Arguments: management port, context mode, notifier, most standbys, most requests held. */
  public static void main(String[] arguments) throws Exception {
    LogConsole _ = LogConsole.open(LogConsole.Format.PLAIN, Map.of());
    BatonOptions options = new BatonOptions().setMaxAwayPerRoute(10_000);
    options
        .getScheduler()
        .setLoops(1)
        .setNotifier(BlockNotifier.Kind.valueOf(arguments[2].toUpperCase(Locale.ROOT)))
        .setMinStandbys(2)
        .setMaxStandbys(Integer.parseInt(arguments[3]))
        .setMaxHeldContinuations(Integer.parseInt(arguments[4]));
    Vertx vertx = Baton.vertx(options);
    ManagementServer management = ManagementServer.start(Integer.parseInt(arguments[0]), vertx);
    int port =
        vertx
            .deployVerticle(
                new Service(),
                Baton.contextMode(new DeploymentOptions(), ContextMode.parse(arguments[1])))
            .map(_ -> Service.port)
            .await(30, TimeUnit.SECONDS);
    // At once, or the log comes in between.
    System.out.print("serves %d, management %d%n".formatted(port, management.port()));
    System.out.flush();
    synchronized (LOCK) { // until /lock has waited for it for long
      while (!wanted) {
        TimeUnit.MILLISECONDS.sleep(100);
      }
      Thread.sleep(MILLIS);
    }
    TimeUnit.DAYS.sleep(1);
  }

  /** The routes. */
  static final class Service extends VerticleBase {
    private static volatile int port;

    @Override
    public Future<?> start() throws Exception {
      Router router = Router.router(vertx);
      route(router, "/fast", () -> {});
      route(router, "/sleep/:ms", () -> Thread.sleep(MILLIS));
      route(router, "/lock/:id", ScenarioService::lock);
      route(router, "/native/:ms", ScenarioService::sleepInC);
      route(router, "/file/:name", ScenarioService::readFifo);
      route(router, "/cpu/:n", ScenarioService::compute);
      route(router, "/garbage/:n", ScenarioService::litter);
      route(router, "/kill", () -> kill(Baton.scheduler(vertx)));
      router.get("/stage").handler(Baton.handler(vertx, stuck(), stage()).route());
      return vertx
          .createHttpServer()
          .requestHandler(router)
          .listen(0, "127.0.0.1")
          .onSuccess(server -> port = server.actualPort());
    }

    private static void route(Router router, String path, Action action) {
      router.get(path).handler(context -> run(context, action));
    }

    private static void run(RoutingContext context, Action action) {
      HttpServerRequest request = context.request();
      try {
        action.run();
        request.response().end("ok");
      } catch (Exception e) {
        context.fail(e);
      }
    }

    private static Pipeline<Exchange, Response> stuck() {
      return Pipeline.of("orders", Parse.query("name"))
          .then(
              "price",
              name -> {
                Thread.sleep(MILLIS);
                return name;
              })
          .then(Respond.text());
    }

    private static PipelineOptions stage() {
      return new PipelineOptions()
          .setStage(
              "price",
              new StageOptions().setPlacement(Placement.PARTITIONED).setLoops(1).setCapacity(4));
    }
  }

  /** What a route does. */
  interface Action {
    void run() throws Exception;
  }

  private static void lock() {
    wanted = true;
    synchronized (LOCK) {
      GARBAGE.clear();
    }
  }

  private static void sleepInC() throws Exception {
    var usleep =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("usleep"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    try {
      for (int i = 0; i < 2 * SECONDS; i++) { // it takes less than a second
        int _ = (int) usleep.invokeExact(500_000);
      }
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static void readFifo() throws Exception {
    Path fifo = Files.createTempDirectory("scenario").resolve("fifo");
    new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor();
    Thread.ofPlatform().daemon().start(() -> closeLater(fifo));
    try (FileInputStream in = new FileInputStream(fifo.toFile())) {
      int _ = in.read();
    }
  }

  private static void closeLater(Path fifo) {
    try (var out = Files.newOutputStream(fifo)) {
      Thread.sleep(MILLIS);
      out.write(1);
    } catch (Exception ended) {
      throw new IllegalStateException(ended);
    }
  }

  private static void compute() {
    long x = 1;
    long end = System.nanoTime() + MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      for (int i = 0; i < 1_000_000; i++) {
        x = x * 31 + i;
      }
    }
    if (x == 0) {
      throw new IllegalStateException("x=" + x);
    }
  }

  /** Keeps most of the heap, and makes the collector look at it again and again. */
  private static void litter() {
    long most = Runtime.getRuntime().maxMemory() / 100 * 70;
    do {
      while (used() < most) {
        GARBAGE.add(new byte[1 << 18]);
      }
      System.gc();
    } while (used() < most);
    long end = System.nanoTime() + MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      long begin = System.nanoTime();
      System.gc();
      LockSupport.parkNanos((System.nanoTime() - begin) / 2); // others are to get on
    }
    GARBAGE.clear();
    System.gc();
  }

  private static long used() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** Throws an Error where the loop polls: its worker dies, and the loop goes on with another. */
  private static void kill(Scheduler scheduler) {
    AtomicBoolean once = new AtomicBoolean();
    scheduler
        .enclave()
        .onTakeover(
            _ -> {
              if (once.compareAndSet(false, true)) {
                throw new StackOverflowError("in I/O, as asked");
              }
            });
    // Another worker takes the loop from this, and is told of it where it polls.
    scheduler.eventLoopGroup().loops().getFirst().execute(() -> LockSupport.parkNanos(50_000_000L));
  }
}
