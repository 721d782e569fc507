package dev.baton.server.metrics;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.scheduler.policy.TakeoverCause;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** The state of loops, standbys and notifier at the time of a scrape. Any thread. */
final class SchedulerCollector implements MultiCollector {
  private final Scheduler scheduler;

  // Guarded by this
  private final Map<String, Double> highest = new HashMap<>();

  SchedulerCollector(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public synchronized MetricSnapshots collect() {
    Enclave enclave = scheduler.enclave();
    List<MetricSnapshot> all = new ArrayList<>();
    addLoops(all, enclave.loopSnapshots());
    addStandbys(all, enclave.poolSnapshots());
    all.add(
        counter(
            "baton_blocked_seconds",
            "Time that handlers ran on after their loop had been taken, asleep or computing.",
            Stream.of(TakeoverCause.values())
                .map(
                    cause ->
                        count(
                            neverLess("blocked " + cause, enclave.awayNanos(cause) / 1e9),
                            Labels.of("cause", label(cause))))));
    all.add(
        new InfoSnapshot(
            new MetricMetadata("baton_notifier", "How blocked handlers are noticed, and why so."),
            List.of(
                new InfoDataPointSnapshot(
                    Labels.of(
                        "notifier", scheduler.notifier().name().toLowerCase(Locale.ROOT),
                        "reason", scheduler.notifierReason())))));
    all.add(
        flag("baton_takeover_enabled", "Whether loops change hands here.", scheduler.isTakeover()));
    all.add(
        flag(
            "baton_pinning_granted",
            "Whether workers may be pinned to their CPU.",
            enclave.pinningRefusal() == null));
    all.add(
        gauge(
            "baton_blind_workers",
            "Workers that the notifier could not watch.",
            Stream.of(value((double) enclave.blindWorkers(), Labels.EMPTY))));
    return new MetricSnapshots(all);
  }

  private void addLoops(List<MetricSnapshot> all, List<LoopSnapshot> loops) {
    all.add(
        loopCounter(
            "baton_loop_busy_seconds",
            "Time not spent asleep, waiting for work.",
            loops,
            l -> neverLess("busy " + l.loop(), l.busyNanos() / 1e9)));
    all.add(
        loopCounter(
            "baton_loop_continuations",
            "Continuations run to their end by owners.",
            loops,
            LoopSnapshot::continuations));
    all.add(
        counter(
            "baton_loop_takeovers",
            "How often a loop was taken over.",
            loops.stream()
                .flatMap(
                    l ->
                        l.takeoversByCause().entrySet().stream()
                            .map(
                                e ->
                                    count(
                                        e.getValue(),
                                        Labels.of(
                                            "loop", Integer.toString(l.loop()),
                                            "cause", label(e.getKey())))))));
    all.add(
        loopGauge(
            "baton_loop_run_queue_depth",
            "Continuations that wait.",
            loops,
            LoopSnapshot::queuedContinuations));
    all.add(
        loopGauge(
            "baton_loop_task_queue_depth",
            "Tasks of Netty and Vert.x that wait.",
            loops,
            LoopSnapshot::queuedTasks));
    all.add(
        loopGauge(
            "baton_loop_away",
            "Continuations that run on, on workers that have lost this loop.",
            loops,
            LoopSnapshot::away));
    all.add(
        loopGauge(
            "baton_loop_holding",
            "Whether continuations are held back because no standby is left.",
            loops,
            l -> l.holding() ? 1 : 0));
  }

  private static void addStandbys(List<MetricSnapshot> all, List<PoolSnapshot> pools) {
    all.add(
        gauge(
            "baton_standbys",
            "Workers beside the owners of loops.",
            pools.stream()
                .flatMap(
                    p ->
                        Stream.of(
                            value(p.idle(), standbys(p, "idle")),
                            value(Math.max(0, p.total() - p.idle()), standbys(p, "in_use"))))));
    all.add(
        poolGauge(
            "baton_standbys_max",
            "The most workers beside the owners of loops.",
            pools,
            PoolSnapshot::max));
    all.add(
        poolCounter(
            "baton_standby_cap_hits",
            "How often no standby was left and none could be added.",
            pools,
            PoolSnapshot::exhaustions));
    all.add(
        poolCounter(
            "baton_notifier_wakeups",
            "Kernel events that woke a standby.",
            pools,
            PoolSnapshot::wakeups));
    all.add(
        poolCounter(
            "baton_notifier_stale",
            "Events that the world had overtaken.",
            pools,
            PoolSnapshot::stale));
    all.add(
        counter(
            "baton_notifier_lost",
            "Blocks that the notifier did not tell of and a timer found.",
            Stream.of(count(pools.stream().mapToDouble(PoolSnapshot::lost).sum(), Labels.EMPTY))));
  }

  /** A counter that may be read a moment late: Prometheus would take a step back for a restart. */
  private double neverLess(String what, double value) {
    return highest.merge(what, value, Math::max);
  }

  static String label(TakeoverCause cause) {
    return cause.name().toLowerCase(Locale.ROOT);
  }

  private static Labels standbys(PoolSnapshot pool, String state) {
    return Labels.of("cpu", Integer.toString(pool.cpu()), "state", state);
  }

  private static MetricSnapshot loopCounter(
      String name, String help, List<LoopSnapshot> loops, ToDoubleFunction<LoopSnapshot> value) {
    return counter(
        name, help, labelled(loops, "loop", LoopSnapshot::loop, value).map(Sample::count));
  }

  private static MetricSnapshot loopGauge(
      String name, String help, List<LoopSnapshot> loops, ToDoubleFunction<LoopSnapshot> value) {
    return gauge(name, help, labelled(loops, "loop", LoopSnapshot::loop, value).map(Sample::value));
  }

  private static MetricSnapshot poolCounter(
      String name, String help, List<PoolSnapshot> pools, ToDoubleFunction<PoolSnapshot> value) {
    return counter(name, help, labelled(pools, "cpu", PoolSnapshot::cpu, value).map(Sample::count));
  }

  private static MetricSnapshot poolGauge(
      String name, String help, List<PoolSnapshot> pools, ToDoubleFunction<PoolSnapshot> value) {
    return gauge(name, help, labelled(pools, "cpu", PoolSnapshot::cpu, value).map(Sample::value));
  }

  private record Sample(double number, Labels labels) {
    CounterDataPointSnapshot count() {
      return SchedulerCollector.count(number, labels);
    }

    GaugeDataPointSnapshot value() {
      return SchedulerCollector.value(number, labels);
    }
  }

  private static <T> Stream<Sample> labelled(
      List<T> all, String label, Function<T, Integer> id, ToDoubleFunction<T> number) {
    return all.stream()
        .map(
            one ->
                new Sample(
                    number.applyAsDouble(one), Labels.of(label, String.valueOf(id.apply(one)))));
  }

  private static MetricSnapshot flag(String name, String help, boolean on) {
    return gauge(name, help, Stream.of(value(on ? 1 : 0, Labels.EMPTY)));
  }

  private static MetricSnapshot counter(
      String name, String help, Stream<CounterDataPointSnapshot> points) {
    return new CounterSnapshot(new MetricMetadata(name, help), points.toList());
  }

  private static MetricSnapshot gauge(
      String name, String help, Stream<GaugeDataPointSnapshot> points) {
    return new GaugeSnapshot(new MetricMetadata(name, help), points.toList());
  }

  private static CounterDataPointSnapshot count(double value, Labels labels) {
    return new CounterDataPointSnapshot(value, labels, null, 0);
  }

  private static GaugeDataPointSnapshot value(double value, Labels labels) {
    return new GaugeDataPointSnapshot(value, labels, null);
  }
}
