package dev.baton.server.metrics;

import dev.baton.server.tracing.RequestTrace;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The latest request, and its trace, seen in each bucket of each series. Looked for at most ten
 * times a second per bucket, so that busy buckets cost one comparison and rare ones keep every id.
 * Any thread.
 */
final class ExemplarStore {

  private static final Buckets.Exposed BUCKETS = Buckets.Exposed.QUARTERS;

  private static final long PAUSE_NANOS = 100_000_000;

  /** OpenMetrics allows 128 characters for names and values of all labels together. */
  private static final int MAX_LENGTH = 128;

  /** What was found when; no labels, if there were none. */
  private record Seen(@Nullable Labels labels, long nanos, long atNanos, long atMillis) {}

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
   * @param traceId null if it belongs to no trace
   */
  void put(
      int number,
      int bucket,
      long nowNanos,
      long nanos,
      @Nullable String id,
      @Nullable String traceId) {
    AtomicReferenceArray<@Nullable Seen> buckets = series.getAcquire(number);
    if (buckets == null) {
      buckets = new AtomicReferenceArray<>(BUCKETS.count());
      AtomicReferenceArray<@Nullable Seen> raced = series.compareAndExchange(number, null, buckets);
      buckets = raced == null ? buckets : raced;
    }
    int classic = BUCKETS.of(bucket);
    Seen before = buckets.getAcquire(classic);
    Labels labels = labels(id, traceId);
    if (labels != null) {
      buckets.setRelease(classic, new Seen(labels, nanos, nowNanos, System.currentTimeMillis()));
    } else if (before == null) {
      buckets.setRelease(classic, new Seen(null, 0, nowNanos, 0));
    } else { // the last one stays
      buckets.setRelease(classic, new Seen(before.labels, before.nanos, nowNanos, before.atMillis));
    }
  }

  /** What fits; the trace first. */
  private static @Nullable Labels labels(@Nullable String id, @Nullable String traceId) {
    int left = MAX_LENGTH;
    List<String> pairs = new ArrayList<>(4);
    if (traceId != null) {
      pairs.add(RequestTrace.TRACE_ID);
      pairs.add(traceId);
      left -= RequestTrace.TRACE_ID.length() + traceId.length();
    }
    if (id != null && !id.isEmpty() && RequestTrace.REQUEST_ID.length() + id.length() <= left) {
      pairs.add(RequestTrace.REQUEST_ID);
      pairs.add(id);
    }
    return pairs.isEmpty() ? null : Labels.of(pairs.toArray(String[]::new));
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
      if (seen != null && seen.labels != null) {
        exemplars.add(new Exemplar(seen.nanos / 1e9, seen.labels, seen.atMillis));
      }
    }
    return Exemplars.of(exemplars);
  }
}
