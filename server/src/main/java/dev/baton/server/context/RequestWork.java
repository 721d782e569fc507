package dev.baton.server.context;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpRequestHead;
import io.vertx.core.http.impl.headers.HttpRequestHeaders;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import org.jspecify.annotations.Nullable;

/**
 * The request that a worker runs a callback of: strings only, so that it can be kept.
 *
 * @param method such as {@code GET}
 * @param path without its query, at most {@value #MAX_LENGTH} characters
 * @param route the pattern that the router gave it; otherwise the path with {@code *} for every
 *     segment with a digit in it, shortened
 * @param requestId its header {@code x-request-id}
 * @param routed whether {@code route} is the router's
 * @param behind callbacks that wait until this one has ended, in a context that runs one at a time
 */
public record RequestWork(
    String method,
    String path,
    String route,
    @Nullable String requestId,
    boolean routed,
    int behind) {
  private static final int MAX_LENGTH = 256;
  private static final int MAX_ID_LENGTH = 128;
  private static final int MAX_SEGMENTS = 4;
  private static final String REQUEST_ID = "x-request-id";

  /** Implemented by the metric of a request, if it notes the route. */
  public interface Routed {
    /** The pattern that the request was routed by, null before or without. Any thread. */
    @Nullable String route();

    /** It has to wait before it is routed. By who has the right to run it. */
    void waits();
  }

  /** Whether {@link #of} can describe it: the argument of a request's first callback. */
  public static boolean isRequest(@Nullable Object argument) {
    return argument instanceof HttpServerRequest || argument instanceof HttpRequestHead;
  }

  /**
   * Describes a request. Any thread, while its handler runs or sleeps: only what takes no lock is
   * asked of it.
   *
   * @param request {@link #isRequest}: HTTP/1 hands its handlers the request, HTTP/2 and later the
   *     head of one, which has no route; or that head before it was read
   * @param behind callbacks that wait until this one has ended
   */
  public static RequestWork of(Object request, int behind) {
    if (request instanceof HttpRequestHead head) {
      return of(head.method(), head.uri(), null, head.headers().get(REQUEST_ID), behind);
    }
    if (request instanceof HttpRequestHeaders head) {
      CharSequence id = head.get(REQUEST_ID);
      return of(head.method(), head.path(), null, id == null ? null : id.toString(), behind);
    }
    // Not path(): that would take the connection's monitor.
    HttpServerRequest http1 = (HttpServerRequest) request;
    Object metric = http1 instanceof HttpServerRequestInternal internal ? internal.metric() : null;
    return of(
        http1.method(),
        http1.uri(),
        metric instanceof Routed routed ? routed.route() : null,
        http1.headers().get(REQUEST_ID),
        behind);
  }

  private static RequestWork of(
      HttpMethod method,
      @Nullable String uri,
      @Nullable String route,
      @Nullable String id,
      int behind) {
    String path = uri == null ? "" : cut(withoutQuery(uri), MAX_LENGTH);
    return new RequestWork(
        method.name(),
        path,
        route == null ? shortened(path) : route,
        id == null ? null : cut(id, MAX_ID_LENGTH),
        route != null,
        behind);
  }

  public static String withoutQuery(String uri) {
    for (int i = 0; i < uri.length(); i++) {
      if (uri.charAt(i) == '?' || uri.charAt(i) == '#') {
        return uri.substring(0, i);
      }
    }
    return uri;
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length - 1) + "…";
  }

  /** What stands for the route where no router names one. */
  static String shortened(String path) {
    StringBuilder pattern = new StringBuilder(path.length());
    int segments = 0;
    for (int from = path.startsWith("/") ? 1 : 0; from <= path.length(); segments++) {
      if (segments == MAX_SEGMENTS) {
        return pattern.append("/…").toString();
      }
      int end = path.indexOf('/', from);
      end = end < 0 ? path.length() : end;
      String segment = path.substring(from, end);
      pattern.append('/').append(segment.chars().anyMatch(Character::isDigit) ? "*" : segment);
      from = end + 1;
    }
    return pattern.toString();
  }

  /** Such as {@code GET /report}. */
  @Override
  public String toString() {
    return method + " " + path;
  }
}
