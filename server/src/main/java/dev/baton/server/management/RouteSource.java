package dev.baton.server.management;

import java.util.List;

/** Where the latencies of routes come from. Asked by the management server's thread only. */
public interface RouteSource {
  /**
   * What one route has answered since the start. One object per route and method.
   *
   * @param route the pattern, never a path
   * @param errors responses with a status of 500 or more
   * @param counts responses by latency, one per bucket of {@link #boundsNanos} and one beyond
   */
  @SuppressWarnings("ArrayRecordComponent")
  record RouteCounts(String method, String route, long errors, long[] counts) {}

  /** Upper bounds of the buckets, ascending, in nanoseconds. Always the same. */
  long[] boundsNanos();

  /** Every route that was asked for at least once, in any order. */
  List<RouteCounts> read();
}
