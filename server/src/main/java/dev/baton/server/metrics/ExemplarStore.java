package dev.baton.server.metrics;

import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The latest request id seen in each bucket of each series. Looked for at most ten times a second
 * per bucket, so that busy buckets cost one comparison and rare ones keep every id. Any thread.
 */
final class ExemplarStore {
  /** Name of the exemplars' label. */
  static final String LABEL = "request_id";

  private static final Buckets.Exposed BUCKETS = Buckets.Exposed.QUARTERS;

  private static final long PAUSE_NANOS = 100_000_000;

  /** OpenMetrics allows 128 characters for names and values of all labels together. */
  private static final int MAX_ID_LENGTH = 128 - LABEL.length();

  /** What was found when; no id, if there was none. */
  private record Seen(@Nullable String id, long nanos, long atNanos, long atMillis) {}

  private final AtomicReferenceArray<@Nullable AtomicReferenceArray<@Nullable Seen>> series =
      new AtomicReferenceArray<>(Cell.MAX_SERIES);

  /** Whether {@link #put} should be called for a value in this bucket. */
  boolean wants(int number, int bucket, long nowNanos) {
    AtomicReferenceArray<@Nullable Seen> buckets = series.getAcquire(number);
    if (buckets == null) {
      return true;
    }
    Seen seen = buckets.getAcquire(BUCKETS.of(bucket));
    return seen == null || nowNanos - seen.atNanos > PAUSE_NANOS;
  }

  /**
   * Notes what a request in this bucket was called.
   *
   * @param id null if it has no name
   */
  void put(int number, int bucket, long nowNanos, long nanos, @Nullable String id) {
    AtomicReferenceArray<@Nullable Seen> buckets = series.getAcquire(number);
    if (buckets == null) {
      buckets = new AtomicReferenceArray<>(BUCKETS.count());
      AtomicReferenceArray<@Nullable Seen> raced = series.compareAndExchange(number, null, buckets);
      buckets = raced == null ? buckets : raced;
    }
    int classic = BUCKETS.of(bucket);
    Seen before = buckets.getAcquire(classic);
    boolean usable = id != null && !id.isEmpty() && id.length() <= MAX_ID_LENGTH;
    if (usable) {
      buckets.setRelease(classic, new Seen(id, nanos, nowNanos, System.currentTimeMillis()));
    } else if (before == null) {
      buckets.setRelease(classic, new Seen(null, 0, nowNanos, 0));
    } else { // the last id stays
      buckets.setRelease(classic, new Seen(before.id, before.nanos, nowNanos, before.atMillis));
    }
  }

  /** The exemplars of a series. */
  Exemplars of(int number) {
    AtomicReferenceArray<@Nullable Seen> buckets = series.getAcquire(number);
    if (buckets == null) {
      return Exemplars.EMPTY;
    }
    List<Exemplar> exemplars = new ArrayList<>();
    for (int i = 0; i < buckets.length(); i++) {
      Seen seen = buckets.getAcquire(i);
      if (seen != null && seen.id != null) {
        exemplars.add(new Exemplar(seen.nanos / 1e9, Labels.of(LABEL, seen.id), seen.atMillis));
      }
    }
    return Exemplars.of(exemplars);
  }
}
