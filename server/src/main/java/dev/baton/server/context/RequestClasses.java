package dev.baton.server.context;

import dev.baton.scheduler.policy.HandlerClasses;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpRequestHead;
import io.vertx.core.http.impl.headers.HttpRequestHeaders;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The class of a request's handler before it has been routed: its method, and its path with {@code
 * *} for every segment with a digit in it. Any thread.
 */
public final class RequestClasses {
  /** How many methods are told apart before all are forgotten: clients may invent them. */
  private static final int MAX_METHODS = 64;

  private final HandlerClasses classes;

  /** By method. */
  private final Map<String, PathCache<Integer>> known = new ConcurrentHashMap<>();

  /** Classes of requests among those of an enclave. */
  public RequestClasses(HandlerClasses classes) {
    this.classes = classes;
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
    return one != null
        ? one
        : paths.keep(path, classes.of(method + " " + RequestWork.shortened(path)));
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
