package dev.baton.server;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.impl.BatonBootstrap;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.json.JsonObject;

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
   * @param options Baton's own
   * @throws IllegalStateException if another version of Vert.x is on the class path
   * @throws IllegalArgumentException if none of the CPUs asked for may be used
   */
  public static Vertx vertx(VertxOptions vertxOptions, BatonOptions options) {
    SchedulerOptions scheduler = new SchedulerOptions(options.getScheduler());
    int poolSize = vertxOptions.getEventLoopPoolSize();
    if (scheduler.getLoops() == 0 && poolSize != VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE) {
      scheduler.setLoops(poolSize);
    }
    return new BatonBootstrap(new VertxOptions(vertxOptions), scheduler, options.getContextMode())
        .init()
        .vertx();
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
   * The scheduler beneath a {@code Vertx} of Baton.
   *
   * @throws IllegalArgumentException if {@code vertx} is not Baton's
   */
  public static Scheduler scheduler(Vertx vertx) {
    if (vertx instanceof BatonVertx baton) {
      return baton.scheduler();
    }
    throw new IllegalArgumentException("vertx=" + vertx + ": not made by Baton.vertx()");
  }
}
