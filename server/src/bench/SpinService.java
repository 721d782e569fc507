import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
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
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * GET /spin/MICROS computes for so long. The connections of one instance are all on one loop.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/SpinService.java
 *     stock|POLICY PORT LOOPS INSTANCES
 * </pre>
 */
void main(String[] args) {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  int port = Integer.parseInt(args[1]);
  int loops = Integer.parseInt(args[2]);
  Vertx vertx;
  if (args[0].equals("stock")) {
    vertx =
        Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(loops));
  } else {
    var given = new JsonObject().put("policy", args[0]);
    var options = new BatonOptions(given).setContextMode(ContextMode.PER_REQUEST).setMetrics(false);
    options.getScheduler().setLoops(loops);
    vertx = Baton.vertx(options);
  }
  var deployment = new DeploymentOptions().setInstances(Integer.parseInt(args[3]));
  vertx.deployVerticle(() -> new Service(port), deployment).await();
}

static final class Service extends VerticleBase {
  private final int port;

  Service(int port) {
    this.port = port;
  }

  @Override
  public Future<?> start() {
    return vertx
        .createHttpServer(new HttpServerOptions().setPort(port).setHost("127.0.0.1"))
        .requestHandler(Service::handle)
        .listen();
  }

  private static void handle(HttpServerRequest request) {
    String path = request.path();
    long micros = Long.parseLong(path.substring("/spin/".length()));
    long end = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(micros);
    while (System.nanoTime() < end) {}
    request.response().end("spun");
  }
}
