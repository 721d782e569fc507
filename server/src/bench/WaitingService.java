import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.LoggerFactory;

/**
 * Routes that wait in ways that the demo service has none for. GET /synchronized and /lock hold one
 * lock for 30 µs, or for as many as ?micros says. GET /mind sleeps as long as GET /mind/2 has said
 * last, in milliseconds, and GET /minds says how that went. GET /takeovers counts them. A web
 * socket gets its frames back.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/WaitingService.java
 *     baton|stock PORT LOOPS ['{"graceNanos": 100000}']
 * </pre>
 */
void main(String[] args) {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  int loops = Integer.parseInt(args[2]);
  int port = Integer.parseInt(args[1]);
  var deployment = new DeploymentOptions().setInstances(loops);
  if (args[0].equals("stock")) {
    var options = new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(loops);
    Vertx.vertx(options).deployVerticle(() -> new Service(port, () -> 0), deployment).await();
    return;
  }
  var given = args.length > 3 ? new JsonObject(args[3]) : new JsonObject();
  var options = new BatonOptions(given).setContextMode(ContextMode.PER_REQUEST).setMetrics(false);
  options.getScheduler().setLoops(loops);
  var vertx = Baton.vertx(options);
  var enclave = Baton.scheduler(vertx).enclave();
  LongSupplier takeovers =
      () -> Arrays.stream(TakeoverCause.values()).mapToLong(enclave::takeovers).sum();
  vertx.deployVerticle(() -> new Service(port, takeovers), deployment).await();
}

static final class Service extends VerticleBase {
  private static final Object MONITOR = new Object();
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final Mind MIND = new Mind();

  private final int port;
  private final LongSupplier takeovers;

  Service(int port, LongSupplier takeovers) {
    this.port = port;
    this.takeovers = takeovers;
  }

  @Override
  public Future<?> start() {
    return vertx
        .createHttpServer(new HttpServerOptions().setPort(port).setHost("127.0.0.1"))
        .requestHandler(this::handle)
        .webSocketHandler(socket -> socket.textMessageHandler(socket::writeTextMessage))
        .listen();
  }

  private void handle(HttpServerRequest request) {
    String path = request.path();
    switch (path) {
      case "/fast" -> end(request, "ok");
      case "/synchronized" -> {
        synchronized (MONITOR) {
          compute(micros(request));
        }
        end(request, "held");
      }
      case "/lock" -> {
        LOCK.lock();
        try {
          compute(micros(request));
        } finally {
          LOCK.unlock();
        }
        end(request, "held");
      }
      case "/mind" -> {
        MIND.request();
        end(request, "minded");
      }
      case "/takeovers" -> end(request, Long.toString(takeovers.getAsLong()));
      case "/minds" -> end(request, MIND.told().encode());
      default -> {
        MIND.change(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
        end(request, "changed");
      }
    }
  }

  private static int micros(HttpServerRequest request) {
    return request.query() == null ? 30 : Integer.parseInt(request.getParam("micros"));
  }

  private static void compute(int micros) {
    long end = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(micros);
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static void end(HttpServerRequest request, String text) {
    request.response().putHeader("content-type", "text/plain").end(text);
  }
}

/** A route that changes its mind, and when its requests were started ahead after each change. */
static final class Mind {
  private final JsonArray told = new JsonArray();
  private volatile int millis;
  private long changedNanos = System.nanoTime();
  private JsonObject current = new JsonObject().put("ms", 0).put("requests", 0).put("ahead", 0);

  void request() {
    int sleep = millis;
    begun(Thread.currentThread().isVirtual());
    if (sleep > 0) {
      try {
        Thread.sleep(sleep);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private synchronized void begun(boolean ahead) {
    int requests = current.getInteger("requests") + 1;
    current.put("requests", requests);
    if (ahead) {
      double after = (System.nanoTime() - changedNanos) / 1e6;
      var now = new JsonObject().put("request", requests).put("ms", after);
      current.put("ahead", current.getInteger("ahead") + 1).put("last", now);
      if (!current.containsKey("first")) {
        current.put("first", now);
      }
    }
  }

  synchronized void change(int newMillis) {
    told.add(current);
    current = new JsonObject().put("ms", newMillis).put("requests", 0).put("ahead", 0);
    changedNanos = System.nanoTime();
    millis = newMillis;
  }

  /** The states before the current one. */
  synchronized JsonArray told() {
    return told.copy();
  }
}
