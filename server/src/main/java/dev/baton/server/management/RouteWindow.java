package dev.baton.server.management;

import dev.baton.server.management.RouteSource.RouteCounts;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What routes did of late: differences of their counts since the start, read once a second. One
 * thread: the management server's.
 */
final class RouteWindow {
  /** Rows of the heatmap: up to 50 µs, then twice as far each, as in the metrics; and beyond. */
  static final int ROWS = 20;

  static final long FIRST_ROW_NANOS = 50_000;

  private static final int SECONDS = 10;

  /**
   * One route within the window.
   *
   * @param requestsPerSecond answered, on average of the window
   * @param p50Nanos at most one bucket too large, as all percentiles; -1 without any request
   * @param lastSecond responses of the last second, by row of the heatmap
   */
  @SuppressWarnings("ArrayRecordComponent")
  record RouteView(
      String method,
      String route,
      double requestsPerSecond,
      double errorsPerSecond,
      long p50Nanos,
      long p99Nanos,
      long p999Nanos,
      long[] lastSecond) {}

  private record Reading(long nanos, Map<String, RouteCounts> routes) {}

  private final RouteSource source;
  private final Deque<Reading> readings = new ArrayDeque<>();

  RouteWindow(RouteSource source) {
    this.source = source;
  }

  /** Reads once more. Once a second. */
  void read(long now) {
    if (!readings.isEmpty() && now - readings.getLast().nanos > 3_000_000_000L) {
      readings.clear(); // nobody has looked for a while
    }
    Map<String, RouteCounts> routes = new HashMap<>();
    source.read().forEach(route -> routes.put(route.method() + " " + route.route(), route));
    readings.addLast(new Reading(now, routes));
    if (readings.size() > SECONDS + 1) {
      readings.removeFirst();
    }
  }

  /** Every route with traffic in the window, the busiest first. */
  List<RouteView> views() {
    if (readings.size() < 2) {
      return List.of();
    }
    Reading newest = readings.getLast();
    Reading oldest = readings.getFirst();
    Reading before = readings.stream().skip(readings.size() - 2L).findFirst().orElse(oldest);
    double seconds = (newest.nanos - oldest.nanos) / 1e9;
    long[] bounds = source.boundsNanos();
    return newest.routes.entrySet().stream()
        .map(
            route ->
                view(
                    route.getValue(),
                    oldest.routes.get(route.getKey()),
                    before.routes.get(route.getKey()),
                    bounds,
                    seconds))
        .filter(view -> view.requestsPerSecond > 0)
        .sorted(Comparator.comparingDouble(RouteView::requestsPerSecond).reversed())
        .toList();
  }

  private static RouteView view(
      RouteCounts now,
      @Nullable RouteCounts oldest,
      @Nullable RouteCounts before,
      long[] bounds,
      double seconds) {
    long[] window = minus(now.counts(), oldest);
    long total = Arrays.stream(window).sum();
    return new RouteView(
        now.method(),
        now.route(),
        total / seconds,
        (now.errors() - (oldest == null ? 0 : oldest.errors())) / seconds,
        percentile(window, total, 0.5, bounds),
        percentile(window, total, 0.99, bounds),
        percentile(window, total, 0.999, bounds),
        rows(minus(now.counts(), before), bounds));
  }

  private static long[] minus(long[] counts, @Nullable RouteCounts earlier) {
    long[] difference = counts.clone();
    for (int i = 0; earlier != null && i < difference.length; i++) {
      difference[i] -= earlier.counts()[i];
    }
    return difference;
  }

  static long percentile(long[] counts, long total, double share, long[] bounds) {
    long rank = Math.max(1, (long) Math.ceil(share * total));
    long seen = 0;
    for (int i = 0; i < counts.length && total > 0; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return bounds[Math.min(i, bounds.length - 1)];
      }
    }
    return -1;
  }

  private static long[] rows(long[] counts, long[] bounds) {
    long[] rows = new long[ROWS];
    for (int i = 0; i < counts.length; i++) {
      rows[i < bounds.length ? row(bounds[i]) : ROWS - 1] += counts[i];
    }
    return rows;
  }

  /** The row of a latency: 0 up to 50 µs, 1 up to 100 µs, … */
  static int row(long nanos) {
    int row = 0;
    for (long bound = FIRST_ROW_NANOS; nanos > bound && row < ROWS - 1; bound *= 2) {
      row++;
    }
    return row;
  }
}
