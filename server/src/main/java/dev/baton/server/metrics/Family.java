package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The series of one metric name. Each label set is one series with a number; label sets beyond the
 * family's bound share the series in which every label says {@value #OTHER}, and are counted.
 */
final class Family {
  /** Label value of what is beyond a bound. */
  static final String OTHER = "other";

  /** One label set. */
  record Series(int number, List<String> values, Labels labels) {}

  private final Recorder recorder;
  private final FamilySpec what;
  private final MetricMetadata metadata;
  private final double[] boundsSeconds;
  private final Map<List<String>, Integer> numbers = new ConcurrentHashMap<>();
  private final List<Series> series = new CopyOnWriteArrayList<>();
  private final @Nullable Series other;
  private final LongAdder overflows = new LongAdder();
  private volatile boolean otherUsed;
  private @Nullable ExemplarStore exemplars;

  Family(Recorder recorder, FamilySpec what) {
    this.recorder = recorder;
    this.what = what;
    this.metadata =
        what.kind() == Kind.HISTOGRAM
            ? new MetricMetadata(what.name(), what.help(), Unit.SECONDS)
            : new MetricMetadata(what.name(), what.help());
    this.boundsSeconds = what.buckets().boundsSeconds();
    if (what.labels().isEmpty()) {
      other = null;
    } else {
      // Reserved now, so that it is there when all numbers are taken.
      other = newSeries(Collections.nCopies(what.labels().size(), OTHER));
    }
  }

  /** Keeps request ids with the buckets. Before the first use. */
  Family withExemplars(ExemplarStore store) {
    exemplars = store;
    return this;
  }

  private Series newSeries(List<String> values) {
    int number = recorder.newSeries();
    if (number < 0) {
      throw new IllegalStateException("name=" + what.name() + ": no series left");
    }
    return new Series(number, values, labels(values));
  }

  private Labels labels(List<String> values) {
    return Labels.of(what.labels(), values);
  }

  /**
   * The number of the series with these label values, in the order of the labels' names. Any
   * thread.
   */
  int series(String... values) {
    if (values.length != what.labels().size()) {
      throw new IllegalArgumentException(
          "values="
              + Arrays.toString(values)
              + ": "
              + what.name()
              + " has labels "
              + what.labels());
    }
    List<String> key = List.of(values);
    Integer known = numbers.get(key);
    return known != null ? known : add(key);
  }

  private synchronized int add(List<String> key) {
    Integer known = numbers.get(key);
    if (known != null) {
      return known;
    }
    Series overflow = other;
    int number = series.size() >= what.maxSeries() ? -1 : recorder.newSeries();
    if (number < 0) {
      if (overflow == null) {
        throw new IllegalStateException("name=" + what.name() + ": no series left");
      }
      overflows.increment();
      otherUsed = true;
      return overflow.number;
    }
    series.add(new Series(number, key, labels(key)));
    numbers.put(key, number);
    return number;
  }

  String name() {
    return what.name();
  }

  /** Counts a label value that was replaced by {@value #OTHER}. */
  void overflowed() {
    overflows.increment();
  }

  /** How many label sets or values were not told apart, counted at every look-up. */
  long overflows() {
    return overflows.sum();
  }

  /** Whether {@link #overflows} can ever be more than 0. */
  boolean isBounded() {
    return other != null;
  }

  /** The series so far, that for all others last, if it was used. */
  List<Series> all() {
    List<Series> all = new ArrayList<>(series);
    if (other != null && otherUsed) {
      all.add(other);
    }
    return all;
  }

  /** All series, as Prometheus knows them: one or two names. */
  List<MetricSnapshot> collect() {
    return switch (what.kind()) {
      case COUNTER ->
          List.of(
              new CounterSnapshot(
                  metadata,
                  all().stream()
                      .map(
                          s ->
                              new CounterDataPointSnapshot(
                                  recorder.value(s.number), s.labels, null, 0))
                      .toList()));
      case GAUGE ->
          List.of(
              new GaugeSnapshot(
                  metadata,
                  all().stream()
                      .map(
                          s -> new GaugeDataPointSnapshot(recorder.value(s.number), s.labels, null))
                      .toList()));
      case HISTOGRAM -> collectHistogram();
    };
  }

  private List<MetricSnapshot> collectHistogram() {
    List<HistogramDataPointSnapshot> points = new ArrayList<>();
    List<CounterDataPointSnapshot> counts = new ArrayList<>();
    for (Series s : all()) {
      LatencySnapshot latency = recorder.latency(s.number);
      points.add(
          new HistogramDataPointSnapshot(
              ClassicHistogramBuckets.of(boundsSeconds, what.buckets().sum(latency.counts())),
              latency.sumNanos() / 1e9,
              s.labels,
              exemplars == null ? Exemplars.EMPTY : exemplars.of(s.number),
              0));
      counts.add(new CounterDataPointSnapshot(latency.count(), s.labels, null, 0));
    }
    HistogramSnapshot histogram = new HistogramSnapshot(metadata, points);
    return what.countedAs() == null
        ? List.of(histogram)
        : List.of(
            histogram,
            new CounterSnapshot(
                new MetricMetadata(what.countedAs().getKey(), what.countedAs().getValue()),
                counts));
  }
}
