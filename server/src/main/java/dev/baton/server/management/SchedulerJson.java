package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.RequestWork;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A scheduler as JSON. The README documents the fields. */
final class SchedulerJson {
  private SchedulerJson() {}

  /** What holds for all loops together. */
  static JsonObject of(Scheduler scheduler) {
    Enclave enclave = scheduler.enclave();
    JsonObject takeovers = new JsonObject();
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeovers.put(word(cause), scheduler.takeovers(cause));
    }
    String refusal = scheduler.pinningRefusal();
    return new JsonObject()
        .put("takeover", scheduler.isTakeover())
        .put("notifier", word(scheduler.notifier()))
        .put("notifierReason", scheduler.notifierReason())
        .put("cpus", enclave.cpus().toString())
        .put("pinning", refusal == null ? "granted" : refusal)
        .put("enclaves", array(scheduler.enclaves(), SchedulerJson::enclave))
        .put("blindWorkers", scheduler.enclaves().stream().mapToLong(Enclave::blindWorkers).sum())
        .put("pullWakeUps", scheduler.enclaves().stream().mapToLong(Enclave::pullWakeUps).sum())
        .put("policy", PolicyJson.of(enclave))
        .put("takeovers", takeovers);
  }

  /** One of the enclaves. */
  static JsonObject enclave(Enclave enclave) {
    return new JsonObject()
        .put("name", enclave.name())
        .put("cpus", enclave.cpus().toString())
        .put(
            "loops",
            new JsonArray(enclave.loops().stream().map(TransferableEventLoop::index).toList()))
        .put("policy", enclave.policyName())
        .put("policyFaults", enclave.policyFaults())
        .put(
            "takeovers", Arrays.stream(TakeoverCause.values()).mapToLong(enclave::takeovers).sum());
  }

  static JsonObject of(Diagnosis diagnosis) {
    return new JsonObject()
        .put("level", word(diagnosis.level()))
        .put("headline", diagnosis.headline())
        .put("detail", diagnosis.detail())
        .put(
            "findings",
            array(
                diagnosis.findings(),
                finding ->
                    new JsonObject().put("kind", word(finding.kind())).put("text", finding.text())))
        .put(
            "missing",
            array(
                diagnosis.missing(),
                missing ->
                    new JsonObject()
                        .put("what", missing.what())
                        .put("effect", missing.effect())
                        .put("remedy", missing.remedy())));
  }

  static JsonArray loops(Scheduler scheduler) {
    return array(scheduler.loopSnapshots(), loop -> loop(loop, scheduler.enclave()));
  }

  static JsonArray pools(Scheduler scheduler) {
    return array(scheduler.poolSnapshots(), SchedulerJson::pool);
  }

  /**
   * Every worker.
   *
   * @param stackOf asked for the stacks of those that are away
   */
  static JsonArray workers(
      Scheduler scheduler, Function<WorkerSnapshot, List<StackTraceElement>> stackOf) {
    return workers(scheduler, stackOf, worker -> true);
  }

  /** The workers that have lost their loops. */
  static JsonArray away(
      Scheduler scheduler, Function<WorkerSnapshot, List<StackTraceElement>> stackOf) {
    return workers(scheduler, stackOf, SchedulerJson::isAway);
  }

  private static JsonArray workers(
      Scheduler scheduler,
      Function<WorkerSnapshot, List<StackTraceElement>> stackOf,
      Predicate<WorkerSnapshot> which) {
    JsonArray workers = new JsonArray();
    for (Enclave enclave : scheduler.enclaves()) {
      for (WorkerSnapshot worker : enclave.workerSnapshots()) {
        if (which.test(worker)) {
          JsonObject json = worker(worker, enclave);
          workers.add(isAway(worker) ? json.put("stack", stack(stackOf.apply(worker))) : json);
        }
      }
    }
    return workers;
  }

  private static boolean isAway(WorkerSnapshot worker) {
    return worker.state() == WorkerSnapshot.State.AWAY;
  }

  private static JsonObject loop(LoopSnapshot loop, Enclave enclave) {
    return new JsonObject()
        .put("loop", loop.loop())
        .put("enclave", loop.enclave())
        .put("cpu", loop.cpu())
        .put("owner", loop.owner())
        .put("state", loop.inContinuation() ? "continuation" : "io")
        .put("runs", loop.inContinuation() ? work(enclave.workOf(loop.owner())) : null)
        .put("queuedContinuations", loop.queuedContinuations())
        .put("queuedTasks", loop.queuedTasks())
        .put("away", loop.away())
        .put("holding", loop.holding())
        .put("continuations", loop.continuations())
        .put("takeovers", loop.takeovers())
        .put("busyNanos", loop.busyNanos())
        .put("givenUnits", loop.givenUnits())
        .put("pulledUnits", loop.pulledUnits());
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
        .put("forgiven", pool.forgiven())
        .put("lost", pool.lost());
  }

  private static JsonObject worker(WorkerSnapshot worker, Enclave enclave) {
    return new JsonObject()
        .put("worker", worker.worker())
        .put("thread", worker.thread())
        .put("cpu", worker.cpu())
        .put("state", word(worker.state()))
        .put(isAway(worker) ? "lostLoop" : "loop", worker.loop() < 0 ? null : worker.loop())
        .put(
            "runs",
            worker.state() == WorkerSnapshot.State.STANDBY
                ? null
                : work(enclave.workOf(worker.worker())));
  }

  /**
   * One takeover.
   *
   * @param nowNanos the time at which {@code nowMillis} is the wall clock's
   */
  static JsonObject takeover(TakeoverLog.Entry entry, long nowNanos, long nowMillis) {
    Takeover takeover = entry.takeover;
    return new JsonObject()
        .put("number", entry.number)
        .put("atMillis", nowMillis - (nowNanos - takeover.atNanos()) / 1_000_000)
        .put("loop", takeover.loop())
        .put("stage", entry.part.stage())
        .put("cause", word(takeover.cause()))
        .put("from", takeover.from())
        .put("to", takeover.to())
        .put("resumedAfterNanos", takeover.resumedAfterNanos())
        .put("nextRanAfterNanos", takeover.nextRanAfterNanos())
        .put("ran", ran(entry))
        .put("fate", word(entry.fate()))
        .put("awayNanos", entry.awayNanos(nowNanos))
        .put("doing", entry.doing().kind().words())
        .put("stack", stack(entry.doing().stack()));
  }

  private static @Nullable JsonObject ran(TakeoverLog.Entry entry) {
    JsonObject ran = work(entry.work());
    return entry.work() instanceof RequestWork request && ran != null
        ? ran.put("route", entry.route().substring(request.method().length() + 1))
        : ran;
  }

  /** What a route cost. */
  static JsonObject blame(TakeoverLog.Blame blame) {
    return new JsonObject()
        .put("route", blame.route())
        .put("stage", blame.stage())
        .put("takeovers", blame.takeovers())
        .put("perSecond", Math.round(blame.perSecond() * 10) / 10.0)
        .put("awayNanos", blame.awayNanos())
        .put("medianNanos", blame.medianNanos())
        .put("awayNow", blame.awayNow())
        .put("oldestNanos", blame.oldestNanos())
        .put("behind", blame.behind())
        .put("delayNanos", blame.delayNanos())
        .put("doing", blame.doing().kind().words())
        .put("detail", blame.doing().detail())
        .put("last", work(blame.last().work()))
        .put("stack", stack(blame.doing().stack()));
  }

  private static @Nullable JsonObject work(@Nullable Object work) {
    return switch (work) {
      case null -> null;
      case RequestWork request ->
          new JsonObject()
              .put("method", request.method())
              .put("path", request.path())
              .put("route", request.route())
              .put("requestId", request.requestId())
              .put("behind", request.behind());
      default -> new JsonObject().put("route", work.toString());
    };
  }

  static JsonArray stack(List<StackTraceElement> stack) {
    return array(stack, StackTraceElement::toString);
  }

  static <T> JsonArray array(List<T> values, Function<T, ?> form) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(form.apply(value)));
    return array;
  }

  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
