package dev.baton.server.example;

import dev.baton.server.Baton;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/** Answers {@code GET /report} after a second of blocking, and everything else at once. */
public final class Reports extends VerticleBase {
  public static void main(String[] arguments) {
    Vertx vertx = Baton.vertx(); // was: Vertx.vertx()
    vertx.deployVerticle(
        new Reports(), Baton.contextMode(new DeploymentOptions(), ContextMode.PER_REQUEST));
  }

  @Override
  public Future<?> start() {
    int port = context.config().getInteger("port", 8080);
    return vertx.createHttpServer().requestHandler(this::handle).listen(port);
  }

  private void handle(HttpServerRequest request) {
    if (request.path().equals("/report")) {
      request.response().end(slowQuery()); // blocks: the loop goes on without this thread
    } else {
      request.response().end("ok");
    }
  }

  private static String slowQuery() {
    try {
      Thread.sleep(1000); // stands for JDBC, a file, DNS, a native library
      return "report";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
