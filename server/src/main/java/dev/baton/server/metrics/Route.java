package dev.baton.server.metrics;

import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private static final int BY_OBJECT = 64;
  private static final int METHOD_BITS = 4;
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
  private final String name;
  private final String label;
  private final int depth;
  private final @Nullable Route other;
  private final int number;
  private final List<Route> all;
  private final Map<String, Route> next = new ConcurrentHashMap<>();

  /**
   * Some of the next ones by the hash of their name. Who routes passes the same object each time,
   * as a rule: then no map is looked into.
   */
  private final @Nullable Route[] byObject = new Route[BY_OBJECT];

  /** Number of the series + 1 by method and status; 0 is not resolved yet. */
  private final int[] @Nullable [] numbers = new int[METHODS.length + 1][];

  /** Adds itself to {@code all}; its number is its place there. Holds that, but for the first. */
  private Route(
      Family family, String name, String label, int depth, @Nullable Route other, List<Route> all) {
    this.family = family;
    this.name = name;
    this.label = label;
    this.depth = depth;
    this.other = other;
    this.all = all;
    this.number = all.size();
    all.add(this);
  }

  /**
   * Where requests begin.
   *
   * @param family its labels are method, code and route
   */
  static Route unmatched(Family family) {
    List<Route> all = new CopyOnWriteArrayList<>();
    Route other = new Route(family, Family.OTHER, Family.OTHER, MAX_DEPTH, null, all);
    return new Route(family, UNMATCHED, UNMATCHED, 0, other, all);
  }

  /** The route of a request that comes from this one and is passed on to {@code name}. */
  @SuppressWarnings("ReferenceEquality") // an equal one is found in the map
  Route then(String name) {
    Route usual = byObject[name.hashCode() & BY_OBJECT - 1];
    if (usual != null && usual.name == name) {
      return usual;
    }
    Route known = next.get(name);
    return known != null ? known : add(name);
  }

  private Route add(String name) {
    Route overflow = other;
    if (overflow == null || depth == MAX_DEPTH) {
      return this; // a request that is routed in circles
    }
    synchronized (all) {
      Route raced = next.get(name);
      if (raced != null) {
        return raced;
      }
      if (all.size() - 2 >= MAX_ROUTES) {
        family.overflowed();
        return overflow;
      }
      String joined = depth == 0 ? name : label + ">" + name;
      Route added = new Route(family, name, joined, depth + 1, overflow, all);
      next.put(name, added);
      byObject[name.hashCode() & BY_OBJECT - 1] = added;
      return added;
    }
  }

  /** Names this route, and a method, for {@link #route} and {@link #method}. */
  int kind(int method) {
    return number << METHOD_BITS | method;
  }

  /** The route of a {@link #kind}. */
  Route route(int kind) {
    return all.get(kind >>> METHOD_BITS);
  }

  /** The method's label of a {@link #kind}. */
  static String method(int kind) {
    int m = kind & (1 << METHOD_BITS) - 1;
    return m == METHODS.length ? Family.OTHER : METHODS[m].name();
  }

  /**
   * The route that requests with this path were given before, for one that is not routed yet.
   *
   * @return null if none is known that fits
   */
  @Nullable Route match(String path) {
    String[] segments = path.split("/", -1);
    for (Route route : all) {
      if (route.isRouted() && route.next.isEmpty() && route.fits(segments)) {
        return route;
      }
    }
    return null;
  }

  /** Literal segments must be the same; those that begin with a colon fit all, a star the rest. */
  private boolean fits(String[] segments) {
    String[] pattern = label.replace("*>", "").replace(">", "").replace("//", "/").split("/", -1);
    for (int i = 0; i < pattern.length; i++) {
      if (pattern[i].equals("*")) {
        return true;
      }
      boolean there = i < segments.length;
      if (!there || !(pattern[i].startsWith(":") || pattern[i].equals(segments[i]))) {
        return false;
      }
    }
    return pattern.length == segments.length;
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
  static int indexOf(HttpMethod method) {
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
