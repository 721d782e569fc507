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
 * The latest request that had a name, and its trace, seen in each bucket of each series. Any
 * thread.
 */
final class ExemplarStore {
  private static final Buckets.Exposed BUCKETS = Buckets.Exposed.QUARTERS;

  /** OpenMetrics allows 128 characters for names and values of all labels together. */
  private static final int MAX_LENGTH = 128;

  /** What was found, and when. */
  private record Seen(Labels labels, long nanos, long atMillis) {}

  private final AtomicReferenceArray<@Nullable AtomicReferenceArray<@Nullable Seen>> series =
      new AtomicReferenceArray<>(Cell.MAX_SERIES);

  /**
   * Notes what a request in this bucket was called.
   *
   * @param id null if it has no name
   * @param traceId null if it belongs to no trace
   */
  void put(int number, int bucket, long nanos, @Nullable String id, @Nullable String traceId) {
    Labels labels = labels(id, traceId);
    if (labels == null) {
      return; // the last one stays
    }
    AtomicReferenceArray<@Nullable Seen> buckets = series.getAcquire(number);
    if (buckets == null) {
      buckets = new AtomicReferenceArray<>(BUCKETS.count());
      AtomicReferenceArray<@Nullable Seen> raced = series.compareAndExchange(number, null, buckets);
      buckets = raced == null ? buckets : raced;
    }
    buckets.setRelease(BUCKETS.of(bucket), new Seen(labels, nanos, System.currentTimeMillis()));
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
      if (seen != null) {
        exemplars.add(new Exemplar(seen.nanos / 1e9, seen.labels, seen.atMillis));
      }
    }
    return Exemplars.of(exemplars);
  }
}
