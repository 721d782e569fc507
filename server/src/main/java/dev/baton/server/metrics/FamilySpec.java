package dev.baton.server.metrics;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a family is.
 *
 * @param name as in Prometheus, without {@code _total}
 * @param labels names of its labels
 * @param maxSeries how many label sets are told apart
 * @param buckets in which a histogram is exposed
 * @param countedAs name and help of a counter that shows the counts of a histogram, or null
 */
record FamilySpec(
    Kind kind,
    String name,
    String help,
    List<String> labels,
    int maxSeries,
    Buckets.Exposed buckets,
    Map.@Nullable Entry<String, String> countedAs) {
  private static final int MAX_SERIES = 2048;

  /** What the numbers mean. */
  enum Kind {
    /** Only grows. */
    COUNTER,
    /** Goes up and down. */
    GAUGE,
    /** Durations. */
    HISTOGRAM
  }

  static FamilySpec of(Kind kind, String name, String help, String... labels) {
    return new FamilySpec(
        kind, name, help, List.of(labels), MAX_SERIES, Buckets.Exposed.OCTAVES, null);
  }

  FamilySpec withMaxSeries(int max) {
    return new FamilySpec(kind, name, help, labels, max, buckets, countedAs);
  }

  /** In buckets so fine that a quantile is off by less than 10 %: four times as many. */
  FamilySpec withFineBuckets() {
    return new FamilySpec(kind, name, help, labels, maxSeries, Buckets.Exposed.QUARTERS, countedAs);
  }

  FamilySpec countedAs(String counter, String counterHelp) {
    return new FamilySpec(
        kind, name, help, labels, maxSeries, buckets, Map.entry(counter, counterHelp));
  }
}
