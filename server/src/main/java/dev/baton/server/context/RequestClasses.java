package dev.baton.server.context;

import dev.baton.scheduler.policy.HandlerClasses;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpRequestHead;
import io.vertx.core.http.impl.headers.HttpRequestHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The class of a request's handler before it has been routed: its method, and its path with {@code
 * *} for every segment with a digit in it; or the route that an operator has named, if it is of
 * one. Any thread.
 */
public final class RequestClasses {
  /** How many methods are told apart before all are forgotten: clients may invent them. */
  private static final int MAX_METHODS = 64;

  private final HandlerClasses classes;

  /** Routes that operators have named. */
  private volatile List<RoutePattern> named = List.of();

  /** By method. */
  private final Map<String, PathCache<Integer>> known = new ConcurrentHashMap<>();

  /** Classes of requests among those of an enclave. */
  public RequestClasses(HandlerClasses classes) {
    this.classes = classes;
  }

  /**
   * Gives the requests of a route a class of their own.
   *
   * @param route such as {@code GET /reports/*}: {@link RoutePattern}
   * @throws IllegalArgumentException if it is malformed
   * @throws IllegalStateException if there are too many classes
   */
  public synchronized int name(String route) {
    RoutePattern pattern = RoutePattern.parse(route);
    int handlerClass = classes.of(pattern.text());
    if (handlerClass == HandlerClasses.UNKNOWN) {
      throw new IllegalStateException(
          "route="
              + route
              + ": there are "
              + HandlerClasses.MAX
              + " classes already; name it"
              + " when the server starts");
    }
    if (named.stream().noneMatch(other -> other.text().equals(pattern.text()))) {
      List<RoutePattern> next = new ArrayList<>(named);
      next.add(pattern);
      named = List.copyOf(next);
      known.clear(); // after: who has kept a class by the old ones meanwhile looks again
    }
    return handlerClass;
  }

  private String nameOf(String method, String path, List<RoutePattern> routes) {
    for (RoutePattern route : routes) {
      if (route.matches(method, path)) {
        return route.text();
      }
    }
    return method + " " + RequestWork.shortened(path);
  }

  /** The class of a request. */
  public int of(HttpServerRequest request) {
    return of(request.method().name(), String.valueOf(request.path()));
  }

  /** As above, by the head of a request of HTTP/2. */
  public int of(HttpRequestHeaders head) {
    return of(head.method().name(), RequestWork.withoutQuery(String.valueOf(head.path())));
  }

  private int of(String method, String path) {
    PathCache<Integer> paths = known.get(method);
    if (paths == null) {
      if (known.size() >= MAX_METHODS) {
        known.clear();
      }
      paths = known.computeIfAbsent(method, _ -> new PathCache<>());
    }
    Integer one = paths.get(path);
    if (one != null) {
      return one;
    }
    List<RoutePattern> routes = named;
    int derived = paths.keep(path, classes.of(nameOf(method, path, routes)));
    if (routes != named) {
      known.clear();
    }
    return derived;
  }

  /**
   * As above.
   *
   * @param request {@link RequestWork#isRequest}
   */
  public int of(Object request) {
    return request instanceof HttpRequestHead head
        ? of(head.method().name(), RequestWork.withoutQuery(String.valueOf(head.uri())))
        : of((HttpServerRequest) request);
  }

  /** How many methods are remembered. */
  int methods() {
    return known.size();
  }

  /** A request of this class has computed for so long. */
  public void ran(int handlerClass, long nanos) {
    classes.ran(handlerClass, nanos);
  }

  /** A request that was away from its loop has ended. */
  public void away(RequestWork work, boolean blocked, long nanos) {
    int handlerClass = of(work.method(), work.path());
    if (blocked) {
      classes.blocked(handlerClass, nanos);
    } else {
      classes.ran(handlerClass, nanos);
    }
  }
}
