package dev.baton.server.torture;

import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.Pipelines;
import dev.baton.server.context.ContextMode;
import dev.baton.server.torture.PipelineService.Placing;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A {@link PipelineService} on one loop that changes hands as often as can be had. */
final class TorturedPipelines implements AutoCloseable {
  private final Vertx vertx;
  private final PipelineService service;

  private TorturedPipelines(Vertx vertx, PipelineService service) {
    this.vertx = vertx;
    this.service = service;
  }

  static TorturedPipelines start(Placing placing, ContextMode mode) {
    var options = new BatonOptions().setContextMode(mode);
    options.getScheduler().setLoops(1).setGrace(Duration.ZERO).setSlice(Duration.ofNanos(20_000));
    Vertx vertx = Baton.vertx(options);
    var service =
        new PipelineService(placing, new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    vertx.deployVerticle(service).await();
    return new TorturedPipelines(vertx, service);
  }

  int port() {
    return service.actualPort();
  }

  boolean isTakeover() {
    return Baton.scheduler(vertx).isTakeover();
  }

  /** Of the loops that serve connections; those of stages have their own. */
  long takeovers() {
    return Baton.scheduler(vertx).enclave().takeovers(TakeoverCause.BLOCKED);
  }

  /** How many requests are inside stages with a bound, once those whose clients left have ended. */
  int inside() {
    int inside = sum();
    for (int i = 0; i < 300 && inside > 0; i++) {
      try {
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      inside = sum();
    }
    return inside;
  }

  private int sum() {
    return Pipelines.of(vertx).snapshots().stream().mapToInt(StageSnapshot::inside).sum();
  }

  /** A line per stage. */
  String report() {
    var text = new StringBuilder("takeovers of the home loop: " + takeovers() + "\n");
    for (StageSnapshot stage : Pipelines.of(vertx).snapshots()) {
      text.append(
          "%s.%s %s, %d inside, %s, %d wake-ups%n"
              .formatted(
                  stage.pipeline(),
                  stage.stage(),
                  stage.placement(),
                  stage.inside(),
                  stage.outcomes(),
                  stage.wakeUps()));
    }
    return text.toString();
  }

  @Override
  public void close() {
    vertx.close().await();
  }
}
