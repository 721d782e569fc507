import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import dev.baton.server.main.DemoService;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import org.slf4j.LoggerFactory;

/**
 * The demo twice in one JVM, each with a loop of its own: at a port nothing is recorded or watched,
 * at the next one all of it is, or also nothing. Loops that share a CPU would be taken for hogs,
 * and change their threads: they have half a second.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/TwinService.java PORT [same]
 * </pre>
 */
static final Duration PATIENCE = Duration.ofMillis(500);

void main(String[] args) {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  int port = Integer.parseInt(args[0]);
  serve(off(), port);
  serve(args.length > 1 ? off() : new BatonOptions(), port + 1);
}

BatonOptions off() {
  return new BatonOptions().setMetrics(false).setTellAfter(Duration.ZERO);
}

void serve(BatonOptions options, int port) {
  options.setContextMode(ContextMode.PER_REQUEST);
  options.getScheduler().setLoops(1).setSlice(PATIENCE).setGrace(PATIENCE);
  Baton.vertx(options)
      .deployVerticle(new DemoService(new HttpServerOptions().setPort(port).setHost("127.0.0.1")))
      .await();
}
