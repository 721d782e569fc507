package dev.baton.server;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.policy.TransactionResult;
import dev.baton.server.connection.Timeouts;
import dev.baton.server.context.ContextMode;
import dev.baton.server.logging.AccessFormat;
import dev.baton.server.logging.AccessLog;
import dev.baton.server.management.Watch;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.BatonMetricsFactory;
import dev.baton.stages.BoundPipeline;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Response;
import dev.baton.stages.StageHost;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.impl.BatonBootstrap;
import io.vertx.core.impl.BatonThread;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.util.function.Supplier;

/**
 * The way in: a {@link Vertx} whose event loops survive the handlers they run.
 *
 * <pre>{@code
 * Vertx vertx = Baton.vertx(); // was: Vertx.vertx()
 * }</pre>
 */
public final class Baton {
  private Baton() {}

  /** A {@code Vertx} with default options: one loop per CPU, contexts {@code serial}. */
  public static Vertx vertx() {
    return vertx(new VertxOptions(), new BatonOptions());
  }

  /** A {@code Vertx} with these options of Baton and Vert.x's defaults. */
  public static Vertx vertx(BatonOptions options) {
    return vertx(new VertxOptions(), options);
  }

  /**
   * A {@code Vertx} with these options.
   *
   * @param vertxOptions its event loop pool size is the number of loops, if {@code options} names
   *     none and it is not Vert.x's default
   * @param options Baton's own; its metrics stand back if {@code vertxOptions} enable others and
   *     these are found
   * @throws IllegalStateException if another version of Vert.x is on the class path
   * @throws IllegalArgumentException if none of the CPUs asked for may be used
   */
  public static Vertx vertx(VertxOptions vertxOptions, BatonOptions options) {
    SchedulerOptions scheduler = new SchedulerOptions(options.getScheduler());
    int poolSize = vertxOptions.getEventLoopPoolSize();
    if (scheduler.getLoops() == 0 && poolSize != VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE) {
      scheduler.setLoops(poolSize);
    }
    // Not copied, as stock Vert.x does not: a copy would lose what subclasses of its parts know.
    BatonBootstrap bootstrap =
        new BatonBootstrap(
                vertxOptions,
                scheduler,
                options.getContextMode(),
                new Timeouts(options.getHeadTimeout(), options.getIdleTimeout()))
            .startAhead(options.isStartAhead())
            .maxAwayPerRoute(options.getMaxAwayPerRoute())
            .recordedRequests(options.getRecordedRequests())
            .init();
    if (options.isMetrics() && bootstrap.metrics() == null) {
      bootstrap.metrics(new BatonMetricsFactory().metrics(vertxOptions));
    }
    if (options.getAccessLog() != AccessFormat.OFF) {
      if (!(bootstrap.metrics() instanceof BatonMetrics metrics)) {
        throw new IllegalArgumentException(
            "accessLog="
                + options.getAccessLog()
                + " needs Baton's metrics: set metrics to true and enable no others, or accessLog"
                + " to off");
      }
      metrics.accessLog(new AccessLog(options.getAccessLog()));
    }
    Vertx vertx = bootstrap.vertx();
    try {
      options.getRoutes().forEach((route, enclave) -> moveRoute(vertx, route, enclave));
    } catch (IllegalArgumentException e) {
      Future<Void> _ = vertx.close();
      throw new IllegalArgumentException("routes: " + e.getMessage(), e);
    }
    Watch.of(vertx).tellAfter(options.getTellAfter());
    return vertx;
  }

  /**
   * Chooses the context mode of one deployment.
   *
   * @param options changed in place: the mode travels in its configuration
   * @return {@code options}
   */
  public static DeploymentOptions contextMode(DeploymentOptions options, ContextMode mode) {
    JsonObject config = options.getConfig() == null ? new JsonObject() : options.getConfig();
    return options.setConfig(config.put(BatonVertx.CONTEXT_MODE_KEY, mode.toString()));
  }

  /**
   * Chooses the enclave of one deployment: its event loop, and with it the connections that its
   * servers accept. That is known when it is deployed: a name that there is not fails that.
   *
   * @param options changed in place: the name travels in its configuration
   * @return {@code options}
   */
  public static DeploymentOptions enclave(DeploymentOptions options, String enclave) {
    JsonObject config = options.getConfig() == null ? new JsonObject() : options.getConfig();
    return options.setConfig(config.put(BatonVertx.ENCLAVE_KEY, enclave));
  }

  /**
   * Has the handlers of a route run on the loops of an enclave, wherever its requests come, from
   * now on. What it reads and writes goes through the connection's own loop, as ever. Any thread.
   *
   * @param vertx Baton's
   * @param route such as {@code GET /reports/*}, or a path for every method
   * @throws IllegalArgumentException if there is no such enclave, or the route is malformed
   */
  public static void moveRoute(Vertx vertx, String route, String enclave) {
    baton(vertx).moveRoute(route, enclave);
  }

  /**
   * Has a partitioned stage that runs in an enclave run in another one from now on. Any thread.
   *
   * @param vertx Baton's
   * @throws IllegalArgumentException if there is no such pipeline, stage or enclave, or the stage
   *     runs in none
   */
  public static void moveStage(Vertx vertx, String pipeline, String stage, String enclave) {
    Pipelines.of(vertx).moveStage(pipeline, stage, baton(vertx).scheduler().enclave(enclave));
  }

  /**
   * Has an event loop join an enclave, with its connections and whatever waits in it. Any thread.
   *
   * @param vertx Baton's
   * @param loop its index
   * @return as {@link Enclave#moveHere}
   * @throws IllegalArgumentException if there is no such loop or enclave
   * @throws IllegalStateException if it is the last loop of its enclave
   */
  public static TransactionResult moveLoop(Vertx vertx, int loop, String enclave) {
    Scheduler scheduler = baton(vertx).scheduler();
    return scheduler.enclave(enclave).moveHere(scheduler.loop(loop));
  }

  /**
   * The scheduler beneath a {@code Vertx} of Baton.
   *
   * @throws IllegalArgumentException if {@code vertx} is not Baton's
   */
  public static Scheduler scheduler(Vertx vertx) {
    return baton(vertx).scheduler();
  }

  private static BatonVertx baton(Vertx vertx) {
    if (vertx instanceof BatonVertx baton) {
      return baton;
    }
    throw new IllegalArgumentException("vertx=" + vertx + ": not made by Baton.vertx()");
  }

  /**
   * Has {@code router} answer as problem+json what it cannot route, such as unknown paths and wrong
   * methods, and what its handlers fail with.
   *
   * @return {@code router}
   */
  public static Router problems(Router router) {
    return ProblemHandler.on(router);
  }

  private static StageHost hostOf(Vertx vertx) {
    return new StageHost() {
      @Override
      public Scheduler.Builder newScheduler() {
        return BatonThread.schedulers();
      }

      @Override
      public Enclave enclave(String name) {
        return vertx instanceof BatonVertx baton
            ? baton.scheduler().enclave(name)
            : StageHost.super.enclave(name);
      }
    };
  }

  /** Serves requests by {@code pipeline}, all its stages fused. */
  public static PipelineHandler handler(Vertx vertx, Pipeline<Exchange, Response> pipeline) {
    return handler(vertx, pipeline, new PipelineOptions());
  }

  /**
   * Serves requests by {@code pipeline}. Loops of partitioned stages start now; they end with the
   * verticle that has called this, after its {@code stop}, else with {@code vertx}. Instances of a
   * verticle that should share them are given one handler that was made outside.
   *
   * @param vertx Baton's; on a stock one fused stages block the event loop
   * @param options copied
   * @throws IllegalArgumentException if the options name a stage that the pipeline has not, or CPUs
   *     that this process may not use
   */
  public static PipelineHandler handler(
      Vertx vertx, Pipeline<Exchange, Response> pipeline, PipelineOptions options) {
    int loops =
        vertx instanceof BatonVertx baton ? baton.scheduler().eventLoopGroup().executorCount() : 1;
    BatonMetrics metrics = BatonMetrics.of(vertx);
    BoundPipeline<Exchange, Response> bound =
        new BoundPipeline<>(
            pipeline, options, loops, hostOf(vertx), metrics == null ? null : metrics.stages());
    if (metrics != null) {
      metrics.stages().add(bound);
    }
    Pipelines all = Pipelines.of(vertx);
    all.add(bound);
    Supplier<Future<Void>> end =
        () -> {
          all.remove(bound);
          if (metrics != null) {
            metrics.stages().remove(bound);
          }
          return bound.shutdown();
        };
    ContextInternal current = ContextInternal.current();
    if (current != null && current.owner() == vertx && current.deploymentID() != null) {
      Future<Void> _ = current.closeFuture().future().eventually(end);
    } else if (vertx instanceof BatonVertx baton) {
      baton.closeLast(end);
    } else {
      Future<Void> _ = ((VertxInternal) vertx).closeFuture().future().eventually(end);
    }
    return new PipelineHandler(bound);
  }
}
