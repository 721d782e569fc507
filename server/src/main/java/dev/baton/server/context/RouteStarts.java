package dev.baton.server.context;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import io.vertx.core.http.HttpServerRequest;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which routes are started ahead. Learns from takeovers, and costs a service whose handlers never
 * block one look into an empty map per request. Any thread.
 *
 * <p>Only what the JVM sees waits on a virtual thread without one of the machine's: sleeps, locks,
 * sockets. In foreign code a handler is better off with a worker, so such a route stays inline.
 */
public final class RouteStarts {
  /** How many routes are told apart; those beyond stay inline. */
  private static final int MAX_ROUTES = 1000;

  /** How many paths are remembered, so that their routes need not be derived again. */
  private static final int MAX_PATHS = 4096;

  private static final int MAX_PATH_LENGTH = 256;

  /** Where the JVM waits in a way that a virtual thread waits in, too, as stacks tell it. */
  private static final List<String> WAITS =
      List.of("sun.nio.ch.", "java.lang.Thread", "java.lang.Object", "jdk.internal.misc.Unsafe");

  private static final RouteStart NONE =
      new RouteStart(new RequestWork("", "", "", null, false, 0));

  private final boolean enabled;
  private final Enclave enclave;
  private final Map<String, RouteStart> routes = new ConcurrentHashMap<>();

  /** By method of a route that has blocked, and path. */
  private final Map<String, Map<String, RouteStart>> paths = new ConcurrentHashMap<>();

  /**
   * @param enabled false to start everything inline
   * @param enclave whose workers run the requests
   */
  public RouteStarts(boolean enabled, Enclave enclave) {
    this.enabled = enabled;
    this.enclave = enclave;
  }

  /**
   * What decides how a request that begins is to be started.
   *
   * @return null if nothing of its route has blocked yet: inline
   */
  public @Nullable RouteStart of(HttpServerRequest request) {
    String method = request.method().name();
    Map<String, RouteStart> known = paths.get(method);
    String path = known == null ? null : request.path();
    if (known == null || path == null) {
      return null;
    }
    RouteStart start = known.get(path);
    if (start == null) {
      start = routes.getOrDefault(key(method, path), NONE);
      if (path.length() <= MAX_PATH_LENGTH) {
        if (known.size() >= MAX_PATHS) {
          known.clear();
        }
        known.put(path, start);
      }
    }
    return start == NONE ? null : start;
  }

  private static String key(String method, String path) {
    return method + " " + RequestWork.shortened(path);
  }

  /**
   * The loop of a request's first callback was taken over. The new owner.
   *
   * @param work that request
   * @param counted what has counted it when it began, if anything has
   */
  public void taken(Takeover takeover, RequestWork work, @Nullable RouteStart counted) {
    if (!enabled || takeover.cause() != TakeoverCause.BLOCKED) {
      return;
    }
    if (counted == null) {
      learn(work);
    } else if (counted.wantsLook()) {
      if (isSeen(takeover)) {
        counted.waits(work);
      } else {
        counted.unseen();
      }
    }
  }

  private void learn(RequestWork work) {
    String key = key(work.method(), work.path());
    if (routes.size() < MAX_ROUTES && routes.putIfAbsent(key, new RouteStart(work)) == null) {
      paths.computeIfAbsent(work.method(), _ -> new ConcurrentHashMap<>()).clear();
    }
  }

  /** Whether the JVM sees that the handler waits. */
  private boolean isSeen(Takeover takeover) {
    Thread thread = enclave.threadOf(takeover.from());
    if (thread == null || thread.getState() != Thread.State.RUNNABLE) {
      return thread != null;
    }
    StackTraceElement[] stack = thread.getStackTrace(); // in native code: nobody is held up
    String top = stack.length == 0 ? "" : stack[0].getClassName();
    return WAITS.stream().anyMatch(top::startsWith);
  }

  /** The routes whose requests have blocked where the JVM sees it. */
  public Collection<RouteStart> learned() {
    return Collections.unmodifiableCollection(routes.values());
  }
}
