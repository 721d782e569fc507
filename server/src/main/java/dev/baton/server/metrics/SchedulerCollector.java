package dev.baton.server.metrics;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.BlockingRoutes;
import dev.baton.stages.BoundPipeline;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The state of loops, standbys and notifier at the time of a scrape. What belongs to a partitioned
 * stage carries the labels pipeline and stage, too; where there are several enclaves, those of the
 * others the label enclave. Stages of the same names, such as those of the instances of one
 * verticle, have their loops numbered through and their standbys added up. Any thread.
 */
final class SchedulerCollector implements MultiCollector {
  private final Scheduler scheduler;
  private final StageMetrics stages;
  private final HandlerMetrics handlers;
  private final BlockingRoutes routes;

  // Guarded by this
  private final Map<Enclave, Map<String, Double>> highest = new HashMap<>();

  /** The loops of one scheduler: the event loops, or a stage's. */
  private record Part(Enclave enclave, Labels labels, int firstLoop) {}

  /**
   * Reads nothing yet.
   *
   * @param scheduler of the event loops
   * @param stages whose loops are shown beside them
   * @param handlers knows whose handlers are away from any of them
   * @param routes whose handlers block
   */
  SchedulerCollector(
      Scheduler scheduler, StageMetrics stages, HandlerMetrics handlers, BlockingRoutes routes) {
    this.routes = routes;
    this.scheduler = scheduler;
    this.stages = stages;
    this.handlers = handlers;
  }

  @Override
  public synchronized MetricSnapshots collect() {
    List<Part> parts = parts();
    highest.keySet().retainAll(parts.stream().map(Part::enclave).toList());
    var numbers = new Numbers();
    for (Part part : parts) {
      part.enclave().loopSnapshots().forEach(loop -> addLoop(numbers, part, loop));
      part.enclave().poolSnapshots().forEach(pool -> addStandbys(numbers, part, pool));
      for (TakeoverCause cause : TakeoverCause.values()) {
        numbers.count(
            "baton_blocked_seconds",
            "Time that handlers ran on after their loop had been taken, asleep or computing.",
            part.labels().add("cause", label(cause)),
            neverLess(part, "blocked " + cause, part.enclave().awayNanos(cause) / 1e9));
      }
      numbers.count(
          "baton_pull_wakeups",
          "Idle loops woken for units of their peers.",
          part.labels(),
          part.enclave().pullWakeUps());
      numbers.gauge(
          "baton_blind_workers",
          "Workers that the notifier could not watch.",
          part.labels(),
          part.enclave().blindWorkers());
    }
    numbers.count(
        "baton_requests_started_ahead",
        "Requests that were started on a virtual thread, since those of their route mostly wait.",
        Labels.EMPTY,
        scheduler.enclaves().stream().mapToLong(Enclave::startedAhead).sum());
    numbers.gauge(
        "baton_takeover_enabled",
        "Whether loops change hands here.",
        Labels.EMPTY,
        scheduler.isTakeover() ? 1 : 0);
    numbers.gauge(
        "baton_pinning_granted",
        "Whether workers may be pinned to their CPU.",
        Labels.EMPTY,
        scheduler.pinningRefusal() == null ? 1 : 0);
    List<MetricSnapshot> all = numbers.snapshots();
    all.addAll(handlers.collect(parts.stream().map(Part::enclave).toList()));
    all.addAll(handlers.routes(routes.known()));
    all.add(
        new InfoSnapshot(
            new MetricMetadata("baton_notifier", "How blocked handlers are noticed, and why so."),
            List.of(
                new InfoDataPointSnapshot(
                    Labels.of(
                        "notifier", scheduler.notifier().name().toLowerCase(Locale.ROOT),
                        "reason", scheduler.notifierWord())))));
    return new MetricSnapshots(all);
  }

  private List<Part> parts() {
    List<Part> parts = new ArrayList<>();
    for (Enclave enclave : scheduler.enclaves()) {
      boolean only = scheduler.enclaves().size() == 1;
      parts.add(new Part(enclave, only ? Labels.EMPTY : Labels.of("enclave", enclave.name()), 0));
    }
    Map<Labels, Integer> loops = new HashMap<>();
    for (BoundPipeline<?, ?> pipeline : stages.pipelines()) {
      pipeline
          .schedulers()
          .forEach(
              (stage, own) -> {
                Labels labels = Labels.of("pipeline", pipeline.name(), "stage", stage);
                int count = own.eventLoopGroup().executorCount();
                int end = loops.merge(labels, count, Integer::sum);
                parts.add(new Part(own.enclave(), labels, end - count));
              });
    }
    return parts;
  }

  private void addLoop(Numbers numbers, Part part, LoopSnapshot loop) {
    Labels labels = part.labels().add("loop", Integer.toString(part.firstLoop() + loop.loop()));
    numbers.count(
        "baton_loop_busy_seconds",
        "Time not spent asleep, waiting for work.",
        labels,
        neverLess(part, "busy " + loop.loop(), loop.busyNanos() / 1e9));
    numbers.count(
        "baton_loop_continuations",
        "Callbacks run to their end by owners, in units and continuations.",
        labels,
        loop.continuations());
    numbers.count(
        "baton_loop_given_units",
        "Units that a loop left to whichever of its peers is idle, or took back.",
        labels,
        loop.givenUnits());
    numbers.count(
        "baton_loop_pulled_units",
        "Units of its peers that a loop ran.",
        labels,
        loop.pulledUnits());
    loop.takeoversByCause()
        .forEach(
            (cause, count) ->
                numbers.count(
                    "baton_loop_takeovers",
                    "How often a loop was taken over.",
                    labels.add("cause", label(cause)),
                    count));
    numbers.gauge(
        "baton_loop_run_queue_depth",
        "Continuations that wait.",
        labels,
        loop.queuedContinuations());
    numbers.gauge(
        "baton_loop_task_queue_depth",
        "Tasks of Netty and Vert.x that wait.",
        labels,
        loop.queuedTasks());
    numbers.gauge(
        "baton_loop_away",
        "Continuations that run on, on workers that have lost this loop.",
        labels,
        loop.away());
    numbers.gauge(
        "baton_loop_holding",
        "Whether continuations are held back because no standby is left.",
        labels,
        loop.holding() ? 1 : 0);
  }

  private static void addStandbys(Numbers numbers, Part part, PoolSnapshot pool) {
    Labels labels = part.labels().add("cpu", Integer.toString(pool.cpu()));
    String standbys = "Workers beside the owners of loops.";
    numbers.gauge("baton_standbys", standbys, labels.add("state", "idle"), pool.idle());
    numbers.gauge(
        "baton_standbys",
        standbys,
        labels.add("state", "in_use"),
        Math.max(0, pool.total() - pool.idle()));
    numbers.gauge(
        "baton_standbys_max", "The most workers beside the owners of loops.", labels, pool.max());
    numbers.gauge(
        "baton_standbys_exhausted",
        "Whether no standby is left and none can be added: loops hold back until one is.",
        labels,
        pool.exhausted() ? 1 : 0);
    numbers.count(
        "baton_standby_cap_hits",
        "How often no standby was left and none could be added.",
        labels,
        pool.exhaustions());
    numbers.count(
        "baton_notifier_wakeups", "Kernel events that woke a standby.", labels, pool.wakeups());
    numbers.count(
        "baton_notifier_stale", "Events that the world had overtaken.", labels, pool.stale());
    numbers.count(
        "baton_notifier_lost",
        "Blocks that the notifier did not tell of and a timer found.",
        part.labels(), // not by CPU: adds up
        pool.lost());
  }

  /** A counter that may be read a moment late: Prometheus would take a step back for a restart. */
  private double neverLess(Part part, String what, double value) {
    return highest
        .computeIfAbsent(part.enclave(), _ -> new HashMap<>())
        .merge(what, value, Math::max);
  }

  static String label(TakeoverCause cause) {
    return cause.name().toLowerCase(Locale.ROOT);
  }

  /** What is collected, by name and labels; numbers of the same labels add up. One thread. */
  private static final class Numbers {
    private record Series(String name, String help, boolean counts, Map<Labels, Double> sums) {
      MetricSnapshot snapshot() {
        MetricMetadata metadata = new MetricMetadata(name, help);
        return counts
            ? new CounterSnapshot(
                metadata,
                sums.entrySet().stream()
                    .map(e -> new CounterDataPointSnapshot(e.getValue(), e.getKey(), null, 0))
                    .toList())
            : new GaugeSnapshot(
                metadata,
                sums.entrySet().stream()
                    .map(e -> new GaugeDataPointSnapshot(e.getValue(), e.getKey(), null))
                    .toList());
      }
    }

    private final Map<String, Series> series = new LinkedHashMap<>();

    void count(String name, String help, Labels labels, Number value) {
      add(name, help, true, labels, value);
    }

    void gauge(String name, String help, Labels labels, Number value) {
      add(name, help, false, labels, value);
    }

    private void add(String name, String help, boolean counts, Labels labels, Number value) {
      series
          .computeIfAbsent(name, _ -> new Series(name, help, counts, new LinkedHashMap<>()))
          .sums()
          .merge(labels, value.doubleValue(), Double::sum);
    }

    List<MetricSnapshot> snapshots() {
      return new ArrayList<>(series.values().stream().map(Series::snapshot).toList());
    }
  }
}
