package dev.baton.server.context;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.TransferableEventLoop;
import java.util.Arrays;
import java.util.Collection;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A route a handler of which has lost its loop. Any thread. */
public final class BlockingRoute {
  private final RouteStart start;
  private final Supplier<AwayBound> newBound;

  /** By the CPU whose workers it uses, from -1 on. Copied when one is added. */
  private volatile @Nullable AwayBound[] bounds = {};

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
    return bound(loop.cpu());
  }

  AwayBound bound(int cpu) {
    @Nullable AwayBound[] known = bounds;
    int place = cpu + 1;
    AwayBound bound = place < known.length ? known[place] : null;
    return bound == null ? add(place) : bound;
  }

  private synchronized AwayBound add(int place) {
    @Nullable AwayBound[] all = Arrays.copyOf(bounds, Math.max(bounds.length, place + 1));
    AwayBound bound = all[place];
    if (bound == null) {
      bound = newBound.get();
      all[place] = bound;
      bounds = all;
    }
    return bound;
  }

  /** All that were asked for. */
  public Collection<AwayBound> bounds() {
    return Arrays.stream(bounds).filter(Objects::nonNull).toList();
  }
}
