package dev.baton.server.metrics;

import io.vertx.core.http.HttpMethod;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What a request was routed to, a node of a tree: a request that passes through several routes is
 * labelled with all of them, joined by {@code >}, as the ecosystem does. Finds the series of a
 * (method, status) by index, without hashing.
 *
 * <p>Any thread. Benign race: two threads may resolve the same series; they find the same number.
 */
final class Route {
  /** Label of requests that were not routed. */
  static final String UNMATCHED = "unmatched";

  /** How many routes are told apart; more share one that is called {@value Family#OTHER}. */
  static final int MAX_ROUTES = 1000;

  private static final int MAX_DEPTH = 8;
  private static final HttpMethod[] METHODS = {
    HttpMethod.GET,
    HttpMethod.POST,
    HttpMethod.PUT,
    HttpMethod.DELETE,
    HttpMethod.PATCH,
    HttpMethod.HEAD,
    HttpMethod.OPTIONS,
    HttpMethod.TRACE,
    HttpMethod.CONNECT
  };
  private static final int MIN_STATUS = 100;
  private static final int MAX_STATUS = 999;

  private final Family family;
  private final String label;
  private final int depth;
  private final @Nullable Route other;
  private final AtomicInteger count;
  private final Map<String, Route> next = new ConcurrentHashMap<>();

  /** Number of the series + 1 by method and status; 0 is not resolved yet. */
  private final int[] @Nullable [] numbers = new int[METHODS.length + 1][];

  private Route(
      Family family, String label, int depth, @Nullable Route other, AtomicInteger count) {
    this.family = family;
    this.label = label;
    this.depth = depth;
    this.other = other;
    this.count = count;
  }

  /**
   * Where requests begin.
   *
   * @param family its labels are method, code and route
   */
  static Route unmatched(Family family) {
    AtomicInteger count = new AtomicInteger();
    Route other = new Route(family, Family.OTHER, MAX_DEPTH, null, count);
    return new Route(family, UNMATCHED, 0, other, count);
  }

  /** The route of a request that comes from this one and is passed on to {@code name}. */
  Route then(String name) {
    Route known = next.get(name);
    return known != null ? known : add(name);
  }

  private Route add(String name) {
    Route overflow = other;
    if (overflow == null || depth == MAX_DEPTH) {
      return this; // a request that is routed in circles
    }
    if (count.get() >= MAX_ROUTES) {
      family.overflowed();
      return overflow;
    }
    return next.computeIfAbsent(
        name,
        n -> {
          count.incrementAndGet();
          return new Route(family, depth == 0 ? n : label + ">" + n, depth + 1, overflow, count);
        });
  }

  /** Whether this is a route, and not where requests begin. */
  boolean isRouted() {
    return depth > 0;
  }

  String label() {
    return label;
  }

  /** The number of the series of a response. */
  int series(HttpMethod method, int status) {
    int m = indexOf(method);
    int s = status < MIN_STATUS || status > MAX_STATUS ? 0 : status - MIN_STATUS + 1;
    int[] byStatus = numbers[m];
    int number = byStatus == null ? 0 : byStatus[s];
    return number != 0 ? number - 1 : resolve(m, s);
  }

  @SuppressWarnings("ReferenceEquality") // Vert.x has one object for each of these
  private static int indexOf(HttpMethod method) {
    for (int i = 0; i < METHODS.length; i++) {
      if (METHODS[i] == method) {
        return i;
      }
    }
    return METHODS.length;
  }

  /** The label of a method. */
  static String label(HttpMethod method) {
    int m = indexOf(method);
    return m == METHODS.length ? Family.OTHER : METHODS[m].name();
  }

  /** The label of a status code. */
  static String label(int status) {
    return status < MIN_STATUS || status > MAX_STATUS ? Family.OTHER : Integer.toString(status);
  }

  private int resolve(int m, int s) {
    int[] byStatus = numbers[m];
    if (byStatus == null) {
      byStatus = new int[MAX_STATUS - MIN_STATUS + 2];
      numbers[m] = byStatus;
    }
    int number =
        family.series(
            m == METHODS.length ? Family.OTHER : METHODS[m].name(),
            label(s + MIN_STATUS - 1),
            label);
    byStatus[s] = number + 1;
    return number;
  }
}
