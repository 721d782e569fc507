import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerRequest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.slf4j.LoggerFactory;

/**
 * GET /account/7 reads an account by its key from H2 in another process, over a pool of ten
 * connections; GET /account/7?ms=1 has the database sleep before. One loop, in one of the ways:
 *
 * <pre>
 * baton            JDBC in the handler
 * execute-blocking JDBC in Vertx.executeBlocking, with as many threads as Vert.x has by default
 * virtual          JDBC in the handler of 64 virtual thread verticles
 *
 * java -cp 'server/target/baton-server.jar:server/target/bench/*' server/src/bench/JdbcService.java
 *     WAY PORT H2_PORT
 * </pre>
 */
static final String ACCOUNT = "SELECT NAME, CENTS FROM ACCOUNT WHERE ID = ";

static final int POOL = 10;

void main(String[] args) throws Exception {
  ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
  String way = args[0];
  int port = Integer.parseInt(args[1]);
  var config = new HikariConfig();
  config.setJdbcUrl("jdbc:h2:tcp://127.0.0.1:" + args[2] + "/mem:bench;DB_CLOSE_DELAY=-1");
  config.setUsername("sa");
  config.setPassword("sa");
  config.setMaximumPoolSize(POOL);
  var jdbc = new HikariDataSource(config);
  prepare(jdbc);
  if (way.equals("baton")) {
    var options = new BatonOptions().setContextMode(ContextMode.PER_REQUEST).setMetrics(false);
    options.getScheduler().setLoops(1);
    deploy(Baton.vertx(options), ThreadingModel.EVENT_LOOP, 1, port, new InHandler(jdbc));
    return;
  }
  var vertx =
      Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1));
  switch (way) {
    case "execute-blocking" ->
        deploy(vertx, ThreadingModel.EVENT_LOOP, 1, port, new OnWorker(vertx, jdbc));
    case "virtual" -> deploy(vertx, ThreadingModel.VIRTUAL_THREAD, 64, port, new InHandler(jdbc));
    default -> throw new IllegalArgumentException("way=" + way);
  }
}

static void prepare(HikariDataSource jdbc) throws SQLException {
  try (var connection = jdbc.getConnection();
      var statement = connection.createStatement()) {
    statement.execute(
        "CREATE TABLE IF NOT EXISTS ACCOUNT(ID INT PRIMARY KEY, NAME VARCHAR, CENTS BIGINT) AS"
            + " SELECT X, 'account ' || X, 100 * X FROM SYSTEM_RANGE(1, 10000)");
    statement.execute("CREATE ALIAS IF NOT EXISTS SLEEP FOR \"java.lang.Thread.sleep(long)\"");
  }
}

static void deploy(Vertx vertx, ThreadingModel model, int instances, int port, Answering way) {
  var deployment = new DeploymentOptions().setThreadingModel(model).setInstances(instances);
  vertx.deployVerticle(() -> new Service(port, way), deployment).await();
}

/** Answers a request for an account after the database has slept for {@code ms}. */
interface Answering {
  void answer(HttpServerRequest request, int id, int ms) throws SQLException;
}

static final class Service extends VerticleBase {
  private final int port;
  private final Answering way;

  Service(int port, Answering way) {
    this.port = port;
    this.way = way;
  }

  @Override
  public Future<?> start() {
    return vertx.createHttpServer().requestHandler(this::handle).listen(port, "127.0.0.1");
  }

  private void handle(HttpServerRequest request) {
    String path = request.path();
    String ms = request.query() == null ? null : request.getParam("ms");
    try {
      int id = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
      way.answer(request, id, ms == null ? 0 : Integer.parseInt(ms));
    } catch (SQLException e) {
      fail(request, e);
    }
  }
}

record InHandler(HikariDataSource jdbc) implements Answering {
  @Override
  public void answer(HttpServerRequest request, int id, int ms) throws SQLException {
    end(request, account(jdbc, id, ms));
  }
}

record OnWorker(Vertx vertx, HikariDataSource jdbc) implements Answering {
  @Override
  public void answer(HttpServerRequest request, int id, int ms) {
    vertx
        .executeBlocking(() -> account(jdbc, id, ms), false)
        .onSuccess(account -> end(request, account))
        .onFailure(failure -> fail(request, failure));
  }
}

static String account(HikariDataSource jdbc, int id, int ms) throws SQLException {
  try (Connection connection = jdbc.getConnection()) {
    if (ms > 0) {
      try (PreparedStatement sleep = connection.prepareStatement("CALL SLEEP(?)")) {
        sleep.setLong(1, ms);
        sleep.execute();
      }
    }
    try (PreparedStatement select = connection.prepareStatement(ACCOUNT + "?")) {
      select.setInt(1, id);
      try (ResultSet rows = select.executeQuery()) {
        rows.next();
        return rows.getString(1) + " holds " + rows.getLong(2);
      }
    }
  }
}

static void end(HttpServerRequest request, String text) {
  request.response().putHeader("content-type", "text/plain").end(text);
}

static void fail(HttpServerRequest request, Throwable failure) {
  failure.printStackTrace();
  request.response().setStatusCode(500).end();
}
