package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.server.metrics.BatonMetrics;
import io.vertx.core.Vertx;
import io.vertx.core.impl.BatonVertx;
import org.jspecify.annotations.Nullable;

/**
 * What the management server can look into.
 *
 * @param scheduler null on stock Vert.x
 * @param metrics null if they are switched off
 * @param routes null if nobody measures routes
 * @param stages null if there are no stages
 */
record Insight(
    @Nullable Scheduler scheduler,
    @Nullable BatonMetrics metrics,
    @Nullable RouteSource routes,
    @Nullable StageSource stages) {

  static Insight of(Vertx service) {
    return new Insight(
        service instanceof BatonVertx baton ? baton.scheduler() : null,
        BatonMetrics.of(service),
        null,
        null);
  }
}
