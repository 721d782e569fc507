package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import dev.baton.stages.BoundPipeline;
import dev.baton.stages.StageListener;
import dev.baton.stages.StageOutcome;
import dev.baton.stages.StageSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.ToIntFunction;

/**
 * The numbers of stages. A stage of several pipelines with the same name, such as those of the
 * instances of one verticle, is one. Any thread.
 */
public final class StageMetrics implements StageListener.Factory {
  private static final int MAX_STAGES = 256;

  private final BatonMetrics metrics;
  private final Recorder recorder;
  private final Family queueWait;
  private final Family service;
  private final Family outcomes;
  private final List<BoundPipeline<?, ?>> pipelines = new CopyOnWriteArrayList<>();

  StageMetrics(BatonMetrics metrics, Recorder recorder) {
    this.metrics = metrics;
    this.recorder = recorder;
    queueWait =
        recorder.family(
            FamilySpec.of(
                    Kind.HISTOGRAM,
                    "baton_stage_queue_wait_seconds",
                    "Time from when a request could have run in a stage until it did.",
                    "pipeline",
                    "stage")
                .withFineBuckets()
                .withMaxSeries(MAX_STAGES));
    service =
        recorder.family(
            FamilySpec.of(
                    Kind.HISTOGRAM,
                    "baton_stage_service_seconds",
                    "Time that a request spent in a stage, suspensions included.",
                    "pipeline",
                    "stage")
                .withFineBuckets()
                .withMaxSeries(MAX_STAGES));
    outcomes =
        recorder.family(
            FamilySpec.of(
                    Kind.COUNTER,
                    "baton_stage_outcomes",
                    "How requests left a stage.",
                    "pipeline",
                    "stage",
                    "outcome")
                .withMaxSeries(MAX_STAGES * StageOutcome.values().length));
  }

  /** Shows the queues and loops of {@code pipeline} from now on. */
  public void add(BoundPipeline<?, ?> pipeline) {
    pipelines.add(pipeline);
    pipeline.schedulers().values().forEach(metrics::observe);
  }

  /** Shows the queues and loops of {@code pipeline} no more. */
  public void remove(BoundPipeline<?, ?> pipeline) {
    pipelines.remove(pipeline);
  }

  @Override
  public StageListener listenerOf(String pipeline, String stage) {
    int waits = queueWait.series(pipeline, stage);
    int services = service.series(pipeline, stage);
    Map<StageOutcome, Integer> counts = new EnumMap<>(StageOutcome.class);
    for (StageOutcome outcome : StageOutcome.values()) {
      counts.put(outcome, outcomes.series(pipeline, stage, outcome.label()));
    }
    return (outcome, queueWaitNanos, serviceNanos) -> {
      Cell cell = recorder.cell();
      cell.add(Objects.requireNonNull(counts.get(outcome)), 1);
      cell.record(waits, queueWaitNanos);
      if (serviceNanos > 0) {
        cell.record(services, serviceNanos);
      }
      switch (outcome) {
        case REJECTED -> metrics.shed(ShedReason.QUEUE_FULL);
        case SHED -> metrics.shed(ShedReason.ADMISSION);
        case EXPIRED -> metrics.shed(ShedReason.DEADLINE);
        case OK, FAILED, CANCELLED -> {}
      }
    };
  }

  List<BoundPipeline<?, ?>> pipelines() {
    return pipelines;
  }

  List<MetricSnapshot> collect() {
    List<StageSnapshot> stages =
        pipelines.stream().flatMap(pipeline -> pipeline.snapshots().stream()).toList();
    return List.of(
        gauge(
            "baton_stage_queue_depth",
            "Requests that wait in a stage's queue.",
            stages,
            StageSnapshot::waiting),
        gauge(
            "baton_stage_inside",
            "Requests inside a stage with a bound: waiting, running and suspended ones.",
            stages.stream().filter(stage -> stage.capacity() > 0).toList(),
            StageSnapshot::inside),
        gauge(
            "baton_stage_queue_capacity",
            "The most requests that may be inside a stage, of stages with a bound.",
            stages.stream().filter(stage -> stage.capacity() > 0).toList(),
            StageSnapshot::capacity),
        gauge(
            "baton_stage_overloaded",
            "How many queues of a stage shed requests.",
            stages,
            stage -> stage.overloaded() ? 1 : 0));
  }

  private static MetricSnapshot gauge(
      String name, String help, List<StageSnapshot> stages, ToIntFunction<StageSnapshot> value) {
    Map<Labels, Integer> sums = new LinkedHashMap<>();
    for (StageSnapshot stage : stages) {
      sums.merge(
          Labels.of("pipeline", stage.pipeline(), "stage", stage.stage()),
          value.applyAsInt(stage),
          Integer::sum);
    }
    return new GaugeSnapshot(
        new MetricMetadata(name, help),
        sums.entrySet().stream()
            .map(sum -> new GaugeDataPointSnapshot(sum.getValue(), sum.getKey(), null))
            .toList());
  }
}
