package dev.baton.loadgen.peers.server;

import dev.baton.loadgen.peers.service.Answer;
import dev.baton.loadgen.peers.service.Service;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.metrics.MetricsOptions;

/** One verticle on Vert.x in each of its threading models, and on Baton. One event loop. */
public final class VertxPeer extends VerticleBase {
  /** Threads of the worker pool, and instances where each may run on a thread of its own. */
  private static final int WORKERS = 64;

  private final String host;
  private final int port;

  private VertxPeer(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Starts it on stock Vert.x. Worker and virtual-thread verticles run in 64 instances. */
  public static AutoCloseable stock(ThreadingModel model, String host, int port) {
    var options =
        new VertxOptions()
            .setPreferNativeTransport(true)
            .setMetricsOptions(new MetricsOptions().setEnabled(false))
            .setEventLoopPoolSize(1)
            .setWorkerPoolSize(WORKERS);
    var deployment =
        new DeploymentOptions()
            .setThreadingModel(model)
            .setInstances(model == ThreadingModel.EVENT_LOOP ? 1 : WORKERS);
    return deploy(Vertx.vertx(options), deployment, host, port);
  }

  /** Starts it on Baton, with contexts per request. */
  public static AutoCloseable baton(boolean metrics, String host, int port) {
    var options = new BatonOptions().setContextMode(ContextMode.PER_REQUEST).setMetrics(metrics);
    options.getScheduler().setLoops(1);
    return deploy(Baton.vertx(options), new DeploymentOptions(), host, port);
  }

  private static AutoCloseable deploy(
      Vertx vertx, DeploymentOptions deployment, String host, int port) {
    vertx.deployVerticle(() -> new VertxPeer(host, port), deployment).await();
    return () -> vertx.close().await();
  }

  @Override
  public Future<?> start() {
    return vertx.createHttpServer().requestHandler(VertxPeer::handle).listen(port, host);
  }

  private static void handle(HttpServerRequest request) {
    if (Service.hasBody(request.method().name())) {
      var _ = request.body().onSuccess(body -> respond(request, body.getBytes()));
    } else {
      respond(request, new byte[0]);
    }
  }

  private static void respond(HttpServerRequest request, byte[] body) {
    Answer answer = Service.answer(request.method().name(), request.path(), body);
    var _ =
        request
            .response()
            .setStatusCode(answer.status())
            .putHeader(HttpHeaders.CONTENT_TYPE, answer.contentType())
            .end(Buffer.buffer(answer.body()));
  }
}
