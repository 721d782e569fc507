package dev.baton.server.management;

import dev.baton.server.metrics.LatencySnapshot;
import dev.baton.server.metrics.RouteLatency;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
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

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final LatencySnapshot NOTHING = LatencySnapshot.empty();
  private static final long FIRST_ROW_NANOS = 50_000;
  private static final int SECONDS = 10;
  private static final int MIN_COUNT = 20;
  private static final long MIN_SLOWER_NANOS = 50_000_000L;

  /** What is usual: the minutes before the window. */
  private static final int USUAL_MINUTES = 5;

  private static final long MINUTE_NANOS = 60_000_000_000L;

  /** Of the time between two readings, at most a hundredth goes to reading, as the CPU counts. */
  private static final int MAX_COST = 100;

  private static final long MAX_PAUSE_NANOS = 5_000_000_000L;

  /**
   * One route within the window.
   *
   * @param requestsPerSecond answered, on average
   * @param errorsPerSecond of them with a status of 500 or more
   * @param refusalsPerSecond of these with 503 or 504
   * @param latencies of all of them
   * @param usual latencies in the minutes before the window
   * @param lastSecond responses since the last reading, by row of the heatmap
   */
  record View(
      String method,
      String route,
      double requestsPerSecond,
      double errorsPerSecond,
      double refusalsPerSecond,
      LatencySnapshot latencies,
      LatencySnapshot usual,
      List<Long> lastSecond) {
    /** Whether the slowest of its requests take much longer than they did. */
    boolean isSlower() {
      long was = usual.quantileNanos(0.99);
      long is = latencies.quantileNanos(0.99);
      return latencies.count() >= MIN_COUNT
          && usual.count() >= 5 * MIN_COUNT
          && is > 3 * was
          && is - was > MIN_SLOWER_NANOS;
    }
  }

  /** All responses of a route since the start, whatever their status. */
  private record Counts(
      String method, String route, LatencySnapshot all, long errors, long refusals) {
    static Counts of(RouteLatency one) {
      long count = one.latency().count();
      boolean error = one.code().startsWith("5");
      boolean refusal = one.code().equals("503") || one.code().equals("504");
      return new Counts(
          one.method(), one.route(), one.latency(), error ? count : 0, refusal ? count : 0);
    }

    static Counts sum(Counts a, Counts b) {
      return new Counts(
          a.method, a.route, a.all.plus(b.all), a.errors + b.errors, a.refusals + b.refusals);
    }
  }

  private record Reading(long nanos, Map<String, Counts> routes) {}

  private final Supplier<List<RouteLatency>> source;
  private final long[] bounds = LatencySnapshot.boundsNanos();
  private final Deque<Reading> readings = new ArrayDeque<>();
  private final Deque<Reading> usual = new ArrayDeque<>();
  private long notBeforeNanos = Long.MIN_VALUE;

  RouteWindow(Supplier<List<RouteLatency>> source) {
    this.source = source;
  }

  /** Reads once more, unless that would cost too much. Once a second. */
  void read(long now) {
    if (now < notBeforeNanos) {
      return;
    }
    long cpuNanos = THREADS.getCurrentThreadCpuTime();
    Reading last = readings.peekLast();
    Map<String, Counts> routes = new HashMap<>();
    for (RouteLatency one : source.get()) {
      routes.merge(one.method() + " " + one.route(), Counts.of(one), Counts::sum);
    }
    if (last != null) { // what has not changed is kept once
      routes.replaceAll(
          (key, counts) -> {
            Counts before = last.routes.get(key);
            return before != null && before.all.count() == counts.all.count() ? before : counts;
          });
    }
    readings.addLast(new Reading(now, routes));
    if (readings.size() > SECONDS + 1) {
      Reading left = readings.removeFirst();
      if (usual.isEmpty() || left.nanos - usual.getLast().nanos >= MINUTE_NANOS) {
        usual.addLast(left);
      }
      if (usual.size() > USUAL_MINUTES) {
        usual.removeFirst();
      }
    }
    if (last != null) { // the first one is cold, and says nothing of the next
      long cost = MAX_COST * Math.max(0, THREADS.getCurrentThreadCpuTime() - cpuNanos);
      notBeforeNanos = now + Math.min(cost, MAX_PAUSE_NANOS);
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
          View view = view(key, counts, oldest.routes.get(key), before.routes.get(key), seconds);
          if (view.latencies.count() > 0) {
            views.add(view);
          }
        });
    views.sort(Comparator.comparingDouble(View::requestsPerSecond).reversed());
    return views;
  }

  private View view(
      String key, Counts now, @Nullable Counts oldest, @Nullable Counts before, double seconds) {
    LatencySnapshot window = oldest == null ? now.all : now.all.minus(oldest.all);
    long errors = now.errors - (oldest == null ? 0 : oldest.errors);
    long refusals = now.refusals - (oldest == null ? 0 : oldest.refusals);
    return new View(
        now.method,
        now.route,
        window.count() / seconds,
        errors / seconds,
        refusals / seconds,
        window,
        usual(key, oldest),
        rows(before == null ? now.all : now.all.minus(before.all)));
  }

  private LatencySnapshot usual(String key, @Nullable Counts oldest) {
    if (oldest == null || usual.isEmpty()) {
      return NOTHING;
    }
    Counts first = usual.getFirst().routes.get(key);
    return first == null ? oldest.all : oldest.all.minus(first.all);
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
