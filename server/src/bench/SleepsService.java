import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * A handler that blocks more than once, as one does that asks a database for one thing after the
 * other: each GET but /fast sleeps five times, for 0.3 ms. One loop, nothing is started ahead.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/SleepsService.java --port=N
 * </pre>
 */
void main(String[] args) {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  int port = Integer.parseInt(args[0].substring("--port=".length()));
  var options = new BatonOptions().setContextMode(ContextMode.PER_REQUEST).setStartAhead(false);
  options.getScheduler().setLoops(1);
  Baton.vertx(options)
      .createHttpServer()
      .requestHandler(this::handle)
      .listen(port, "127.0.0.1")
      .await();
}

void handle(HttpServerRequest request) {
  if (!request.path().equals("/fast")) {
    for (int i = 0; i < 5; i++) {
      try {
        TimeUnit.MICROSECONDS.sleep(300);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
  request.response().end("slept");
}
