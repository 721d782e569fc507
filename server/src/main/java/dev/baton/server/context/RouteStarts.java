package dev.baton.server.context;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import io.vertx.core.http.HttpMethod;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which routes are started ahead. Learns from takeovers, and costs a service whose handlers never
 * block one look at a field per request. Any thread.
 *
 * <p>Only what the JVM sees waits on a virtual thread without one of the machine's: sleeps, locks,
 * sockets. In foreign code a handler is better off with a worker, so such a route stays inline.
 */
public final class RouteStarts {
  /** How many routes are told apart; those beyond stay inline. */
  private static final int MAX_ROUTES = 1000;

  /** How many paths are remembered, so that their routes need not be derived again. */
  private static final int MAX_PATHS = 4096;

  /** Where the JVM waits in a way that a virtual thread waits in, too, as stacks tell it. */
  private static final List<String> WAITS =
      List.of("sun.nio.ch.", "java.lang.Thread", "java.lang.Object", "jdk.internal.misc.Unsafe");

  private static final RouteStart NONE =
      new RouteStart(new RequestWork("", "", "", null, false, 0));

  private final Enclave enclave;
  private final Map<String, RouteStart> routes = new ConcurrentHashMap<>();
  private final Map<HttpMethod, Map<String, RouteStart>> paths = new ConcurrentHashMap<>();

  // Written by the first takeover
  private volatile boolean any;

  /**
   * @param enabled false to start everything inline
   * @param enclave whose workers run the requests
   */
  public RouteStarts(boolean enabled, Enclave enclave) {
    this.enclave = enclave;
    if (enabled) {
      enclave.onTakeover(this::taken);
    }
  }

  /**
   * How a request that begins is to be started.
   *
   * @return null to start it inline
   */
  public @Nullable RouteStart of(HttpMethod method, @Nullable String path) {
    if (!any || path == null) {
      return null;
    }
    RouteStart start = find(method, path);
    return start != NONE && start.begin() ? start : null;
  }

  private RouteStart find(HttpMethod method, String path) {
    Map<String, RouteStart> known = paths.get(method);
    if (known == null) {
      known = paths.computeIfAbsent(method, _ -> new ConcurrentHashMap<>());
    }
    RouteStart start = known.get(path);
    if (start == null) {
      start = routes.getOrDefault(key(method.name(), path), NONE);
      if (known.size() < MAX_PATHS) {
        known.put(path, start);
      }
    }
    return start;
  }

  private static String key(String method, String path) {
    return method + " " + RequestWork.shortened(path);
  }

  /** The new owner of a loop. */
  private void taken(Takeover takeover) {
    if (takeover.cause() != TakeoverCause.BLOCKED
        || !(takeover.work() instanceof RequestWork work)) {
      return;
    }
    String key = key(work.method(), work.path());
    RouteStart start = routes.get(key);
    if (start == null) {
      if (routes.size() >= MAX_ROUTES) {
        return;
      }
      start = routes.computeIfAbsent(key, _ -> new RouteStart(work));
      any = true;
      paths.clear(); // some of them may be of this route
    }
    if (start.wantsLook()) {
      if (isSeen(takeover)) {
        start.waits(work);
      } else {
        start.unseen();
      }
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
