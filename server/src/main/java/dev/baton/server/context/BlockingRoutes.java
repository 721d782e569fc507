package dev.baton.server.context;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.headers.HttpRequestHeaders;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of routes whose handlers lose their loops: how their requests are started, and how
 * many may be away. Learns from takeovers, and costs a service whose handlers never block one look
 * into an empty map per request. Any thread.
 *
 * <p>Only what the JVM sees waits on a virtual thread without one of the machine's: sleeps, locks,
 * sockets. In foreign code and in files a handler is better off with a thread that may block.
 */
public final class BlockingRoutes {
  /** How many routes are told apart; those beyond stay inline, without a bound. */
  private static final int MAX_ROUTES = 1000;

  /** Where the JVM waits in a way that a virtual thread waits in, too, as stacks tell it. */
  private static final List<String> WAITS =
      List.of("sun.nio.ch.", "java.lang.Thread", "java.lang.Object", "jdk.internal.misc.Unsafe");

  private static final BlockingRoute NONE =
      new BlockingRoute(
          new RouteStart(new RequestWork("", "", "", null, false, 0)), () -> new AwayBound(1, 0));

  private final boolean startAhead;
  private final int maxAway;
  private final int maxVirtual;
  private final int maxWaiting;
  private final Enclave enclave;
  private final Map<String, BlockingRoute> routes = new ConcurrentHashMap<>();

  /** By method of a route that has blocked. */
  private final Map<String, PathCache<BlockingRoute>> paths = new ConcurrentHashMap<>();

  /**
   * @param startAhead false to start everything inline
   * @param maxAway how many handlers of a route may be away from the loops of one CPU
   * @param maxVirtual the same while the route starts on virtual threads, which take no worker from
   *     others
   * @param maxWaiting how many requests of a route may wait there until fewer are
   * @param enclave whose workers run the requests
   */
  public BlockingRoutes(
      boolean startAhead, int maxAway, int maxVirtual, int maxWaiting, Enclave enclave) {
    this.startAhead = startAhead;
    this.maxAway = maxAway;
    this.maxVirtual = maxVirtual;
    this.maxWaiting = maxWaiting;
    this.enclave = enclave;
    if (startAhead) {
      enclave.prepareAhead();
    }
  }

  /**
   * What is known of the route of a request.
   *
   * @return null if nothing: none of its handlers has lost its loop yet
   */
  public @Nullable BlockingRoute of(HttpServerRequest request) {
    PathCache<BlockingRoute> known = paths.get(request.method().name());
    String path = known == null ? null : request.path();
    return known == null || path == null ? null : of(request.method().name(), path, known);
  }

  /** As above, for the head of a request of HTTP/2. */
  public @Nullable BlockingRoute of(HttpRequestHeaders head) {
    PathCache<BlockingRoute> known = paths.get(head.method().name());
    return known == null
        ? null
        : of(head.method().name(), RequestWork.withoutQuery(head.path()), known);
  }

  private @Nullable BlockingRoute of(String method, String path, PathCache<BlockingRoute> known) {
    BlockingRoute route = known.get(path);
    if (route == null) {
      route = known.keep(path, routes.getOrDefault(key(method, path), NONE));
    }
    return route == NONE ? null : route;
  }

  /** Whether the next request of {@code route} is to be started ahead; it begins. */
  public boolean startsAhead(BlockingRoute route) {
    return route.start().begin() && startAhead;
  }

  private static String key(String method, String path) {
    return method + " " + RequestWork.shortened(path);
  }

  /**
   * A handler has lost its loop.
   *
   * @param work the request that it is of
   * @return its route; null if too many are known
   */
  public @Nullable BlockingRoute learn(RequestWork work) {
    String key = key(work.method(), work.path());
    BlockingRoute known = routes.get(key);
    if (known != null || routes.size() >= MAX_ROUTES) {
      return known;
    }
    var start = new RouteStart(work);
    var route =
        new BlockingRoute(start, () -> new AwayBound(() -> maxAway(start.kind()), maxWaiting));
    BlockingRoute other = routes.putIfAbsent(key, route);
    if (other != null) {
      return other;
    }
    paths.computeIfAbsent(work.method(), _ -> new PathCache<>()).clear();
    return route;
  }

  /**
   * The loop of a request's first callback was taken over. The new owner.
   *
   * @param work that request
   * @param counted what has counted it when it began
   */
  public void taken(Takeover takeover, RequestWork work, RouteStart counted) {
    if (startAhead && takeover.cause() == TakeoverCause.BLOCKED) {
      counted.waits(work, counted.wantsLook() && isSeen(takeover));
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

  private int maxAway(RouteStart.Kind kind) {
    return kind == RouteStart.Kind.VIRTUAL ? maxVirtual : maxAway;
  }

  /** All routes that are known. */
  public Collection<BlockingRoute> known() {
    return Collections.unmodifiableCollection(routes.values());
  }
}
