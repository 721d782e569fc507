package dev.baton.server.management;

import dev.baton.server.metrics.LatencySnapshot;
import dev.baton.server.metrics.RouteLatency;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What routes did of late: differences of their counts since the start, read once a second. One
 * thread: the management server's.
 */
final class RouteWindow {
  /** Rows of the heatmap: up to 50 µs, then twice as far each, as the metrics' buckets; beyond. */
  static final int ROWS = 20;

  private static final long FIRST_ROW_NANOS = 50_000;
  private static final int SECONDS = 10;
  private static final long FORGET_NANOS = 3_000_000_000L;

  /**
   * One route within the window.
   *
   * @param requestsPerSecond answered, on average
   * @param errorsPerSecond of them with a status of 500 or more
   * @param latencies of all of them
   * @param lastSecond responses since the last reading, by row of the heatmap
   */
  record View(
      String method,
      String route,
      double requestsPerSecond,
      double errorsPerSecond,
      LatencySnapshot latencies,
      List<Long> lastSecond) {}

  /** All responses of a route since the start, whatever their status. */
  private record Counts(String method, String route, LatencySnapshot all, long errors) {
    static Counts of(RouteLatency one) {
      boolean error = one.code().startsWith("5");
      return new Counts(
          one.method(), one.route(), one.latency(), error ? one.latency().count() : 0);
    }

    static Counts sum(Counts a, Counts b) {
      return new Counts(a.method, a.route, a.all.plus(b.all), a.errors + b.errors);
    }
  }

  private record Reading(long nanos, Map<String, Counts> routes) {}

  private final Supplier<List<RouteLatency>> source;
  private final long[] bounds = LatencySnapshot.boundsNanos();
  private final Deque<Reading> readings = new ArrayDeque<>();

  RouteWindow(Supplier<List<RouteLatency>> source) {
    this.source = source;
  }

  /** Reads once more. Once a second. */
  void read(long now) {
    if (!readings.isEmpty() && now - readings.getLast().nanos > FORGET_NANOS) {
      readings.clear(); // nobody has looked for a while
    }
    Map<String, Counts> routes = new HashMap<>();
    for (RouteLatency one : source.get()) {
      routes.merge(one.method() + " " + one.route(), Counts.of(one), Counts::sum);
    }
    readings.addLast(new Reading(now, routes));
    if (readings.size() > SECONDS + 1) {
      readings.removeFirst();
    }
  }

  /** Every route with traffic in the window, the busiest first; none before two readings. */
  List<View> views() {
    if (readings.size() < 2) {
      return List.of();
    }
    List<Reading> all = List.copyOf(readings);
    Reading newest = all.getLast();
    Reading before = all.get(all.size() - 2);
    Reading oldest = all.getFirst();
    double seconds = (newest.nanos - oldest.nanos) / 1e9;
    List<View> views = new ArrayList<>();
    newest.routes.forEach(
        (key, counts) -> {
          View view = view(counts, oldest.routes.get(key), before.routes.get(key), seconds);
          if (view.latencies.count() > 0) {
            views.add(view);
          }
        });
    views.sort(Comparator.comparingDouble(View::requestsPerSecond).reversed());
    return views;
  }

  private View view(Counts now, @Nullable Counts oldest, @Nullable Counts before, double seconds) {
    LatencySnapshot window = oldest == null ? now.all : now.all.minus(oldest.all);
    long errors = now.errors - (oldest == null ? 0 : oldest.errors);
    return new View(
        now.method,
        now.route,
        window.count() / seconds,
        errors / seconds,
        window,
        rows(before == null ? now.all : now.all.minus(before.all)));
  }

  private List<Long> rows(LatencySnapshot latencies) {
    Long[] rows = new Long[ROWS];
    Arrays.fill(rows, 0L);
    long[] counts = latencies.counts();
    for (int i = 0; i < counts.length; i++) {
      rows[row(bounds[i])] += counts[i];
    }
    return List.of(rows);
  }

  /**
   * The row of a latency: 0 up to 50 µs, 1 up to 100 µs, and so on; the last one takes the rest.
   */
  static int row(long nanos) {
    int row = 0;
    for (long bound = FIRST_ROW_NANOS; nanos > bound && row < ROWS - 1; bound *= 2) {
      row++;
    }
    return row;
  }
}
