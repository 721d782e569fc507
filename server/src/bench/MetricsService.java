import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.baton.server.main.DemoService;
import dev.baton.server.metrics.BatonMetricsFactory;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpServerConfig;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.metrics.TransportMetrics;
import io.vertx.core.spi.metrics.VertxMetrics;
import org.slf4j.LoggerFactory;

/**
 * The demo on stock Vert.x without metrics (off), with ones that Vert.x calls and that record
 * nothing (null), or with Baton's (on): what the calls cost, beside what recording does.
 *
 * <pre>
 * java -cp server/target/baton-server.jar server/src/bench/MetricsService.java off|null|on --port=N
 * </pre>
 */
void main(String[] args) {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  int port = Integer.parseInt(args[1].substring("--port=".length()));
  VertxBuilder builder =
      Vertx.builder()
          .with(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1));
  switch (args[0]) {
    case "off" -> {}
    case "null" -> builder.withMetrics(_ -> new NullMetrics());
    case "on" -> builder.withMetrics(new BatonMetricsFactory());
    default -> throw new IllegalArgumentException(args[0] + ": off, null or on?");
  }
  builder
      .build()
      .deployVerticle(new DemoService(new HttpServerOptions().setPort(port).setHost("127.0.0.1")))
      .await();
}

static final class NullMetrics implements VertxMetrics {
  @Override
  public HttpServerMetrics<?, ?> createHttpServerMetrics(
      HttpServerConfig config, SocketAddress tcp, SocketAddress udp) {
    return new HttpServerMetrics<>() {};
  }

  @Override
  public TransportMetrics<?> createTcpServerMetrics(
      TcpServerConfig config, String protocol, SocketAddress address) {
    return new TransportMetrics<>() {};
  }
}
