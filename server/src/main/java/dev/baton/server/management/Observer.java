package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.server.Pipelines;
import dev.baton.server.context.BlockingRoute;
import dev.baton.server.context.RouteStart;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Says in JSON what the {@link Watch} sees. One thread: the management server's. */
final class Observer {
  private static final int MAX_TAKEOVERS = 256;

  private final Watch watch;
  private final Pipelines pipelines;
  private final @Nullable Scheduler scheduler;
  private final @Nullable RouteWindow routes;

  /** Looks by the eyes of {@code watch}. */
  Observer(Watch watch) {
    this.watch = watch;
    pipelines = watch.pipelines();
    scheduler = watch.scheduler();
    routes = watch.routes();
  }

  // ---------------------------------------------------------------- looking

  /** Looks closely what handlers do that are away. Often, while somebody watches. */
  void poll() {
    synchronized (watch) {
      watch.lookNow();
    }
  }

  /** Sees whether loops run. A few times a second, while somebody watches. */
  void probe() {
    synchronized (watch) {
      watch.probe();
    }
  }

  int loopCount() {
    return scheduler == null ? 0 : scheduler.loopSnapshots().size();
  }

  // ---------------------------------------------------------------- telling

  /** What is so in general, and the way to the rest. */
  JsonObject overview() {
    JsonObject json = new JsonObject();
    if (scheduler == null) {
      json.put("stock", true);
    } else {
      poll();
      json.put("status", status()).mergeIn(SchedulerJson.of(scheduler));
      json.put("underWay", underWay()).put("away", blame());
    }
    return json;
  }

  /** The diagnosis; null on stock Vert.x. */
  @Nullable JsonObject status() {
    if (scheduler == null) {
      return null;
    }
    synchronized (watch) {
      return SchedulerJson.of(Diagnosis.of(watch, scheduler, System.nanoTime()));
    }
  }

  /** What routes keep workers away, of the last half minute. */
  JsonArray blame() {
    synchronized (watch) {
      long now = System.nanoTime();
      return SchedulerJson.array(
          watch.log().blame(now, TakeoverLog.WINDOW_NANOS), SchedulerJson::blame);
    }
  }

  /** Requests under way, by route, the oldest first. */
  JsonArray underWay() {
    long now = System.nanoTime();
    return SchedulerJson.array(
        watch.underWay(),
        u ->
            new JsonObject()
                .put("method", u.method())
                .put("route", u.route())
                .put("count", u.count())
                .put("oldestNanos", now - u.oldestNanos()));
  }

  JsonObject loops() {
    JsonObject json =
        new JsonObject().put("loops", scheduler == null ? new JsonArray() : loops(scheduler));
    LoopWatch watched = watch.loops();
    if (watched != null) {
      synchronized (watch) {
        json.put("stock", SchedulerJson.array(watched.stock(), Observer::stock));
      }
    }
    return json;
  }

  /** A loop that never changes hands. */
  private static JsonObject stock(LoopWatch.Stock loop) {
    Doing doing = loop.doing();
    return new JsonObject()
        .put("loop", loop.label())
        .put("stillNanos", loop.stillNanos())
        .put("doing", doing == null ? null : doing.inWords())
        .put("stack", SchedulerJson.stack(doing == null ? List.of() : doing.stack()));
  }

  /** Loops, with how long they stand still; our own probes do not count as waiting. */
  private JsonArray loops(Scheduler of) {
    JsonArray json = SchedulerJson.loops(of);
    LoopWatch watched = watch.loops();
    if (watched != null) {
      synchronized (watch) {
        for (LoopWatch.Ours loop : watched.ours()) {
          JsonObject one = json.getJsonObject(loop.index());
          one.put("stillNanos", loop.stillNanos());
          if (loop.isProbed()) {
            one.put("queuedTasks", Math.max(0, one.getInteger("queuedTasks") - 1));
          }
        }
      }
    }
    return json;
  }

  JsonObject workers() {
    return new JsonObject()
        .put(
            "workers",
            scheduler == null
                ? new JsonArray()
                : SchedulerJson.workers(scheduler, stacksOf(scheduler.enclave())));
  }

  private Function<WorkerSnapshot, List<StackTraceElement>> stacksOf(Enclave enclave) {
    return worker -> {
      synchronized (watch) {
        return watch.stacks().stackOf(enclave, worker.worker(), System.nanoTime());
      }
    };
  }

  JsonObject pools() {
    JsonObject json =
        new JsonObject()
            .put("pools", scheduler == null ? new JsonArray() : SchedulerJson.pools(scheduler));
    PoolWatch watched = watch.pools();
    if (watched != null) {
      synchronized (watch) {
        json.put("workerPools", SchedulerJson.array(watched.pools(), Observer::workerPool));
      }
    }
    return json;
  }

  /** One of Vert.x's pools of threads. */
  private static JsonObject workerPool(PoolWatch.Pool pool) {
    Doing doing = pool.doing();
    return new JsonObject()
        .put("pool", pool.name())
        .put("waiting", pool.use().waiting())
        .put("inUse", pool.use().inUse())
        .put("stillNanos", pool.stillNanos())
        .put("doing", doing == null ? null : doing.inWords())
        .put("stack", SchedulerJson.stack(doing == null ? List.of() : doing.stack()));
  }

  /** The latest takeovers, oldest first, with the stacks of those that are still away. */
  JsonObject takeovers() {
    poll();
    return new JsonObject().put("takeovers", takeovers(0, MAX_TAKEOVERS));
  }

  /** How far the log of takeovers has come. */
  long revision() {
    synchronized (watch) {
      return watch.log().revision();
    }
  }

  /** Takeovers that are new or have changed since the log was at {@code revision}. */
  JsonArray takeovers(long revision, int limit) {
    synchronized (watch) {
      long nanos = System.nanoTime();
      long millis = System.currentTimeMillis();
      return SchedulerJson.array(
          watch.log().changedSince(revision, limit),
          entry -> SchedulerJson.takeover(entry, nanos, millis));
    }
  }

  /** Routes of late. */
  JsonObject routes() {
    return new JsonObject().put("routes", routes(this::route));
  }

  private JsonArray routes(Function<RouteWindow.View, JsonObject> form) {
    synchronized (watch) {
      return routes == null ? new JsonArray() : SchedulerJson.array(routes.views(), form);
    }
  }

  private JsonObject route(RouteWindow.View view) {
    return new JsonObject()
        .put("method", view.method())
        .put("route", view.route())
        .put("start", kind(view).name().toLowerCase(Locale.ROOT))
        .put("requestsPerSecond", rounded(view.requestsPerSecond()))
        .put("errorsPerSecond", rounded(view.errorsPerSecond()))
        .put("p50Nanos", view.latencies().quantileNanos(0.5))
        .put("p99Nanos", view.latencies().quantileNanos(0.99))
        .put("p999Nanos", view.latencies().quantileNanos(0.999));
  }

  /** How requests of a route are started: of its paths that are known, as the one farthest away. */
  private RouteStart.Kind kind(RouteWindow.View view) {
    return watch.blockingRoutes().stream()
        .map(BlockingRoute::start)
        .filter(
            start ->
                start.latest().method().equals(view.method())
                    && start.latest().route().equals(view.route()))
        .map(RouteStart::kind)
        .max(Comparator.naturalOrder())
        .orElse(RouteStart.Kind.INLINE);
  }

  private static double rounded(double value) {
    return Math.round(value * 100) / 100.0;
  }

  JsonObject stages() {
    return new JsonObject().put("stages", SchedulerJson.array(pipelines.snapshots(), this::stage));
  }

  /** A stage, with its own loops and who is away from them, if it has any. */
  private JsonObject stage(StageSnapshot stage) {
    JsonObject outcomes = new JsonObject();
    stage.outcomes().forEach((outcome, count) -> outcomes.put(SchedulerJson.word(outcome), count));
    JsonArray loops = new JsonArray();
    JsonArray away = new JsonArray();
    for (Scheduler own : pipelines.schedulersOf(stage.pipeline(), stage.stage())) {
      loops.addAll(SchedulerJson.loops(own));
      away.addAll(SchedulerJson.away(own, stacksOf(own.enclave())));
    }
    return new JsonObject()
        .put("pipeline", stage.pipeline())
        .put("stage", stage.stage())
        .put("kind", SchedulerJson.word(stage.kind()))
        .put("placement", stage.placement().toString())
        .put("enclave", stage.enclave())
        .put("waiting", stage.waiting())
        .put("inside", stage.inside())
        .put("capacity", stage.capacity())
        .put("overloaded", stage.overloaded())
        .put("wakeUps", stage.wakeUps())
        .put("outcomes", outcomes)
        .put("loops", loops)
        .put("away", away);
  }

  // ---------------------------------------------------------------- for the page

  /** What changes all the time: loops, and who is away from them. */
  JsonObject now() {
    JsonObject json = new JsonObject().put("atMillis", System.currentTimeMillis());
    if (scheduler == null) {
      return json;
    }
    return json.put("loops", loops(scheduler))
        .put("away", SchedulerJson.away(scheduler, worker -> List.of()))
        .put("pools", SchedulerJson.pools(scheduler));
  }

  /** What is told once a second. */
  JsonObject second() {
    JsonObject json =
        new JsonObject().put("atMillis", System.currentTimeMillis()).put("status", status());
    if (scheduler != null) {
      json.put("scheduler", SchedulerJson.of(scheduler));
      json.put("stuck", stuckStacks());
    }
    json.put("blame", blame()).put("underWay", underWay());
    if (routes != null) {
      json.put(
          "routes",
          routes(view -> route(view).put("lastSecond", new JsonArray(view.lastSecond()))));
    }
    return json.put("stages", stages().getJsonArray("stages"));
  }

  /** Where the threads of what stands still are. */
  private JsonArray stuckStacks() {
    JsonArray stuck = new JsonArray();
    synchronized (watch) {
      LoopWatch loops = watch.loops();
      if (loops != null) {
        loops.still().forEach(loop -> add(stuck, loop.inWords(), loop.stillNanos(), loop.doing()));
      }
      PoolWatch pools = watch.pools();
      if (pools != null) {
        pools
            .still()
            .forEach(pool -> add(stuck, "Pool " + pool.name(), pool.stillNanos(), pool.doing()));
      }
    }
    return stuck;
  }

  private static void add(JsonArray stuck, String what, long nanos, @Nullable Doing doing) {
    if (doing != null) {
      stuck.add(
          new JsonObject()
              .put("what", what)
              .put("stillNanos", nanos)
              .put("stack", SchedulerJson.stack(doing.stack())));
    }
  }
}
