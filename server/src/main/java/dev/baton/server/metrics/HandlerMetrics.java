package dev.baton.server.metrics;

import dev.baton.scheduler.loop.Absence;
import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.WorkerSnapshot;
import dev.baton.scheduler.notify.ProcSampler;
import dev.baton.scheduler.notify.Sighting;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.BlockingRoute;
import dev.baton.server.context.RequestWork;
import dev.baton.server.context.RouteStart;
import dev.baton.server.metrics.FamilySpec.Kind;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Whose handlers block or compute for long: the time they were away from their loop, by route. What
 * has ended is counted when it ends, with all that is known of the request by then; what has not is
 * looked up when somebody asks. Any thread.
 */
final class HandlerMetrics {
  /** Label of what runs for no request: timers, messages. */
  static final String NO_REQUEST = "none";

  private static final int MAX_SERIES = 512;

  private final Recorder recorder;
  private final HttpServerRecorder requests;
  private final Family away;

  /** Of whom a gauge was shown. */
  private final Set<Labels> shown = ConcurrentHashMap.newKeySet();

  /** Who is away now, for one label set. */
  private record Now(int count, double oldestSeconds, int behind) {
    Now plus(Now other) {
      return new Now(
          count + other.count, Math.max(oldestSeconds, other.oldestSeconds), behind + other.behind);
    }
  }

  HandlerMetrics(Recorder recorder, HttpServerRecorder requests) {
    this.recorder = recorder;
    this.requests = requests;
    away =
        recorder.family(
            FamilySpec.of(
                    Kind.HISTOGRAM,
                    "baton_handler_away_seconds",
                    "Time that handlers ran on after their loop had been taken over.",
                    "method",
                    "route",
                    "cause")
                .withMaxSeries(MAX_SERIES));
  }

  /** Counts what has ended. */
  void cameBack(Absence absence) {
    Labels labels = labels(absence.work(), absence.cause());
    recorder
        .cell()
        .record(
            away.series(labels.get("method"), labels.get("route"), labels.get("cause")),
            absence.nanos());
  }

  private Labels labels(@Nullable Object work, TakeoverCause cause) {
    String method = NO_REQUEST;
    String route = NO_REQUEST;
    if (work instanceof RequestWork request) {
      method = request.method();
      route = routeOf(request);
    }
    return Labels.of("method", method, "route", route, "cause", SchedulerCollector.label(cause));
  }

  private String routeOf(RequestWork request) {
    String route = request.routed() ? request.route() : requests.match(request.path());
    return route == null ? Route.UNMATCHED : route;
  }

  /** Who is away from the loops of {@code enclaves} now. */
  List<MetricSnapshot> collect(List<Enclave> enclaves) {
    long nowNanos = System.nanoTime();
    Map<Labels, Now> now = new LinkedHashMap<>();
    for (Enclave enclave : enclaves) {
      for (WorkerSnapshot worker : enclave.workerSnapshots()) {
        TakeoverCause cause = worker.awayCause();
        if (cause != null) {
          if (cause == TakeoverCause.HOG
              && ProcSampler.look(enclave.tidOf(worker.worker())) == Sighting.BLOCKED) {
            cause = TakeoverCause.BLOCKED; // whatever its loop was taken for
          }
          Object work = enclave.workOf(worker.worker());
          int behind = work instanceof RequestWork request ? request.behind() : 0;
          double seconds = Math.max(0, nowNanos - worker.awaySinceNanos()) / 1e9;
          now.merge(labels(work, cause), new Now(1, seconds, behind), Now::plus);
        }
      }
    }
    // What was there once goes back to 0, and does not vanish in the middle of a graph.
    for (Family.Series series : away.all()) {
      now.putIfAbsent(series.labels(), new Now(0, 0, 0));
    }
    shown.addAll(now.keySet());
    shown.forEach(labels -> now.putIfAbsent(labels, new Now(0, 0, 0)));
    return List.of(
        gauge(
            "baton_handlers_away",
            "Handlers that run on now, and have lost their loop.",
            now,
            Now::count),
        gauge(
            "baton_handler_away_oldest_seconds",
            "For how long the oldest of these handlers has been away so far.",
            now,
            Now::oldestSeconds),
        gauge(
            "baton_handler_holds_callbacks",
            "Callbacks that wait behind these handlers, in contexts that run one at a time.",
            now,
            Now::behind));
  }

  private static double is(RouteStart.Kind kind, RouteStart.Kind other) {
    return kind == other ? 1 : 0;
  }

  /** How the requests of routes are started, and how near they are to their bound. */
  List<MetricSnapshot> routes(Collection<BlockingRoute> known) {
    Map<Labels, Double> ahead = new LinkedHashMap<>();
    Map<Labels, Double> full = new LinkedHashMap<>();
    for (BlockingRoute route : known) {
      RequestWork latest = route.start().latest();
      Labels labels = Labels.of("method", latest.method(), "route", routeOf(latest));
      RouteStart.Kind kind = route.start().kind();
      ahead.merge(labels.add("thread", "platform"), is(kind, RouteStart.Kind.AHEAD), Math::max);
      ahead.merge(labels.add("thread", "virtual"), is(kind, RouteStart.Kind.VIRTUAL), Math::max);
      for (AwayBound bound : route.bounds()) {
        full.merge(labels, (double) bound.inside() / bound.max(), Math::max);
      }
    }
    return List.of(
        gauge(
            "baton_route_starts_ahead",
            "Whether requests of this route, which have blocked, are started ahead, and on which"
                + " threads.",
            ahead,
            Double::doubleValue),
        gauge(
            "baton_route_away_ratio",
            "How much of what may be away at once of this route is in use, on the CPU where it is"
                + " most.",
            full,
            Double::doubleValue));
  }

  private static <T> MetricSnapshot gauge(
      String name, String help, Map<Labels, T> now, ToDoubleFunction<T> value) {
    return new GaugeSnapshot(
        new MetricMetadata(name, help),
        now.entrySet().stream()
            .map(
                e ->
                    new GaugeDataPointSnapshot(value.applyAsDouble(e.getValue()), e.getKey(), null))
            .toList());
  }
}
