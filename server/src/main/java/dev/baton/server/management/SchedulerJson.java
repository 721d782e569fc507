package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A scheduler as JSON. */
final class SchedulerJson {
  private SchedulerJson() {}

  static JsonObject of(Scheduler scheduler) {
    Enclave enclave = scheduler.enclave();
    JsonObject takeovers = new JsonObject();
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeovers.put(cause.name().toLowerCase(Locale.ROOT), enclave.takeovers(cause));
    }
    String refusal = enclave.pinningRefusal();
    return new JsonObject()
        .put("takeover", scheduler.isTakeover())
        .put("notifier", scheduler.notifier().name().toLowerCase(Locale.ROOT))
        .put("notifierReason", scheduler.notifierReason())
        .put("cpus", enclave.cpus().toString())
        .put("pinning", refusal == null ? "granted" : refusal)
        .put("blindWorkers", enclave.blindWorkers())
        .put("takeovers", takeovers)
        .put("loops", array(enclave.loopSnapshots(), SchedulerJson::loop))
        .put("pools", array(enclave.poolSnapshots(), SchedulerJson::pool))
        .put("workers", array(enclave.workerSnapshots(), worker -> worker(worker, enclave)))
        .put("recentTakeovers", array(enclave.recentTakeovers(), SchedulerJson::takeover));
  }

  private static <T> JsonArray array(List<T> values, Function<T, JsonObject> form) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(form.apply(value)));
    return array;
  }

  private static JsonObject loop(LoopSnapshot loop) {
    return new JsonObject()
        .put("loop", loop.loop())
        .put("cpu", loop.cpu())
        .put("owner", loop.owner())
        .put("state", loop.inContinuation() ? "continuation" : "io")
        .put("queuedContinuations", loop.queuedContinuations())
        .put("queuedTasks", loop.queuedTasks())
        .put("away", loop.away())
        .put("holding", loop.holding())
        .put("continuations", loop.continuations())
        .put("takeovers", loop.takeovers());
  }

  private static JsonObject pool(PoolSnapshot pool) {
    return new JsonObject()
        .put("cpu", pool.cpu())
        .put("idle", pool.idle())
        .put("total", pool.total())
        .put("max", pool.max())
        .put("exhausted", pool.exhausted())
        .put("exhaustions", pool.exhaustions())
        .put("wakeups", pool.wakeups())
        .put("stale", pool.stale())
        .put("forgiven", pool.forgiven());
  }

  private static JsonObject worker(WorkerSnapshot worker, Enclave enclave) {
    JsonObject json =
        new JsonObject()
            .put("worker", worker.worker())
            .put("thread", worker.thread())
            .put("cpu", worker.cpu())
            .put("state", worker.state().name().toLowerCase(Locale.ROOT));
    if (worker.state() == WorkerSnapshot.State.AWAY) {
      JsonArray stack = new JsonArray();
      enclave.stackOf(worker.worker()).forEach(frame -> stack.add(frame.toString()));
      json.put("lostLoop", worker.loop()).put("stack", stack);
    }
    return json;
  }

  private static JsonObject takeover(Takeover takeover) {
    return new JsonObject()
        .put("loop", takeover.loop())
        .put("cause", takeover.cause().name().toLowerCase(Locale.ROOT))
        .put("from", takeover.from())
        .put("to", takeover.to())
        .put("resumedAfterNanos", takeover.resumedAfterNanos())
        .put("nextRanAfterNanos", takeover.nextRanAfterNanos());
  }
}
