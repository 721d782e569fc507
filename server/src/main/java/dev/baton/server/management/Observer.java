package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.server.Pipelines;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.Vertx;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a service, and says in JSON what it sees. Keeps what only one who looks on can know. One
 * thread: the management server's.
 */
final class Observer {
  private static final int MAX_TAKEOVERS = 256;

  private final Pipelines pipelines;
  private final @Nullable Scheduler scheduler;
  private final @Nullable Enclave enclave;
  private final StackSampler stacks = new StackSampler();
  private final @Nullable TakeoverLog log;
  private final @Nullable LoopLag lag;
  private final @Nullable RouteWindow routes;

  /**
   * Looks at nothing yet.
   *
   * @param service of Baton or stock
   */
  Observer(Vertx service) {
    pipelines = Pipelines.of(service);
    BatonMetrics metrics = BatonMetrics.of(service);
    routes = metrics == null ? null : new RouteWindow(metrics::httpLatencies);
    if (service instanceof BatonVertx baton) {
      scheduler = baton.scheduler();
      enclave = scheduler.enclave();
      log = new TakeoverLog(enclave, stacks);
      lag = new LoopLag(scheduler.eventLoopGroup().loops());
    } else {
      scheduler = null;
      enclave = null;
      log = null;
      lag = null;
    }
  }

  // ---------------------------------------------------------------- looking

  /** Looks for takeovers and for workers that came back. Often, while somebody watches. */
  void poll() {
    if (log != null) {
      log.poll(System.nanoTime());
    }
  }

  /** Sees whether loops run. A few times a second, while somebody watches. */
  void probe() {
    if (lag != null) {
      lag.send();
    }
  }

  /** Reads the routes' counts. Once a second, while somebody watches. */
  void readRoutes() {
    if (routes != null) {
      routes.read(System.nanoTime());
    }
  }

  @Nullable TakeoverLog log() {
    return log;
  }

  int loopCount() {
    return enclave == null ? 0 : enclave.loopSnapshots().size();
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
    }
    return json;
  }

  /** The diagnosis; null on stock Vert.x. */
  @Nullable JsonObject status() {
    if (scheduler == null || log == null || lag == null) {
      return null;
    }
    long now = System.nanoTime();
    return SchedulerJson.of(Diagnosis.of(scheduler, log, lag.nanos(now), now));
  }

  JsonObject loops() {
    return new JsonObject()
        .put("loops", enclave == null ? new JsonArray() : SchedulerJson.loops(enclave));
  }

  JsonObject workers() {
    return new JsonObject()
        .put(
            "workers",
            enclave == null ? new JsonArray() : SchedulerJson.workers(enclave, stacksOf(enclave)));
  }

  private Function<WorkerSnapshot, List<StackTraceElement>> stacksOf(Enclave enclave) {
    return worker -> stacks.stackOf(enclave, worker.worker(), System.nanoTime());
  }

  JsonObject pools() {
    return new JsonObject()
        .put("pools", enclave == null ? new JsonArray() : SchedulerJson.pools(enclave));
  }

  /** The latest takeovers, oldest first, with the stacks of those that are still away. */
  JsonObject takeovers() {
    poll();
    return new JsonObject().put("takeovers", takeovers(0, MAX_TAKEOVERS));
  }

  /** Takeovers that are new or have changed since the log was at {@code revision}. */
  JsonArray takeovers(long revision, int limit) {
    if (log == null) {
      return new JsonArray();
    }
    long nanos = System.nanoTime();
    long millis = System.currentTimeMillis();
    return SchedulerJson.array(
        log.changedSince(revision, limit), entry -> SchedulerJson.takeover(entry, nanos, millis));
  }

  /** Routes of late; empty until two readings are made. */
  JsonObject routes() {
    if (routes == null) {
      return new JsonObject().put("routes", new JsonArray());
    }
    readRoutes();
    return new JsonObject().put("routes", SchedulerJson.array(routes.views(), Observer::route));
  }

  private static JsonObject route(RouteWindow.View view) {
    return new JsonObject()
        .put("method", view.method())
        .put("route", view.route())
        .put("requestsPerSecond", rounded(view.requestsPerSecond()))
        .put("errorsPerSecond", rounded(view.errorsPerSecond()))
        .put("p50Nanos", view.latencies().quantileNanos(0.5))
        .put("p99Nanos", view.latencies().quantileNanos(0.99))
        .put("p999Nanos", view.latencies().quantileNanos(0.999));
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
      loops.addAll(SchedulerJson.loops(own.enclave()));
      away.addAll(SchedulerJson.away(own.enclave(), stacksOf(own.enclave())));
    }
    return new JsonObject()
        .put("pipeline", stage.pipeline())
        .put("stage", stage.stage())
        .put("kind", SchedulerJson.word(stage.kind()))
        .put("placement", stage.placement().toString())
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
    if (enclave == null || lag == null) {
      return json;
    }
    long[] lags = lag.nanos(System.nanoTime());
    JsonArray loops = SchedulerJson.loops(enclave);
    for (int i = 0; i < loops.size(); i++) {
      loops.getJsonObject(i).put("lagNanos", lags[i]);
    }
    return json.put("loops", loops)
        .put("away", SchedulerJson.away(enclave, worker -> List.of()))
        .put("pools", SchedulerJson.pools(enclave));
  }

  /** What is told once a second. */
  JsonObject second() {
    JsonObject json =
        new JsonObject().put("atMillis", System.currentTimeMillis()).put("status", status());
    if (scheduler != null) {
      json.put("scheduler", SchedulerJson.of(scheduler));
      json.put("stuck", stuckStacks());
    }
    if (routes != null) {
      readRoutes();
      json.put(
          "routes",
          SchedulerJson.array(
              routes.views(),
              view -> route(view).put("lastSecond", new JsonArray(view.lastSecond()))));
    }
    return json.put("stages", stages().getJsonArray("stages"));
  }

  /** Where the owners of loops that stand still are. */
  private JsonArray stuckStacks() {
    JsonArray stuck = new JsonArray();
    if (enclave == null || lag == null) {
      return stuck;
    }
    long now = System.nanoTime();
    long[] lags = lag.nanos(now);
    for (LoopSnapshot loop : enclave.loopSnapshots()) {
      if (lags[loop.loop()] > Diagnosis.STALLED_NANOS) {
        stuck.add(
            new JsonObject()
                .put("loop", loop.loop())
                .put("worker", loop.owner())
                .put("stack", SchedulerJson.stack(stacks.stackOf(enclave, loop.owner(), now))));
      }
    }
    return stuck;
  }
}
