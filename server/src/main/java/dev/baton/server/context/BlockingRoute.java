package dev.baton.server.context;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.TransferableEventLoop;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** A route a handler of which has lost its loop. Any thread. */
public final class BlockingRoute {
  private final RouteStart start;
  private final Supplier<AwayBound> newBound;

  /** By the CPU whose workers it uses. */
  private final Map<Integer, AwayBound> bounds = new ConcurrentHashMap<>();

  BlockingRoute(RouteStart start, Supplier<AwayBound> newBound) {
    this.start = start;
    this.newBound = newBound;
  }

  /** How its requests are started. */
  public RouteStart start() {
    return start;
  }

  /** How many of its handlers may have begun on {@code loop} and those that share its standbys. */
  public AwayBound bound(TransferableEventLoop loop) {
    return bounds.computeIfAbsent(loop.cpu(), _ -> newBound.get());
  }

  /** All that were asked for. */
  public Collection<AwayBound> bounds() {
    return Collections.unmodifiableCollection(bounds.values());
  }
}
