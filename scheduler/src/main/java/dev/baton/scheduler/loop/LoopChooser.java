package dev.baton.scheduler.loop;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where the connections that a server accepts go: to the loop whose turn it is, unless that is much
 * busier than another one of that server; then to the next one that is not. How busy a loop is, is
 * measured: the share of the time that it has not slept, of a moment ago. So idle loops take turns
 * as in stock. The thread that accepts.
 *
 * @param <L> loops
 */
public final class LoopChooser<L> {
  /** Names who chooses the loop of a channel that is about to be registered. */
  public static final AttributeKey<LoopChooser<TransferableEventLoop>> KEY =
      AttributeKey.valueOf(LoopChooser.class, "chooser");

  /** How much busier, as a share of the time, is much. */
  private static final double MUCH = 0.25;

  private static final long WINDOW_NANOS = 50_000_000;

  /** What was seen of a loop. */
  private static final class Seen {
    private long busyNanos;
    private double share;
  }

  private final Supplier<List<L>> loops;
  private final ToLongFunction<L> busyNanos;
  private final LongSupplier clock;
  private final Map<L, Seen> seen = new HashMap<>();
  private long seenNanos;
  private int next;

  /**
   * @param loops of the server; may change
   * @param busyNanos for how long a loop has not slept
   * @param clock nanoseconds
   */
  LoopChooser(Supplier<List<L>> loops, ToLongFunction<L> busyNanos, LongSupplier clock) {
    this.loops = loops;
    this.busyNanos = busyNanos;
    this.clock = clock;
    this.seenNanos = clock.getAsLong() - WINDOW_NANOS;
  }

  /** Among event loops. */
  public static LoopChooser<TransferableEventLoop> among(
      Supplier<List<TransferableEventLoop>> loops) {
    return new LoopChooser<>(loops, TransferableEventLoop::busyNanos, System::nanoTime);
  }

  /** Who chooses the loop of a channel, to be asked once; null if nobody does. */
  static @Nullable LoopChooser<TransferableEventLoop> take(Channel channel) {
    return channel.hasAttr(KEY) ? channel.attr(KEY).getAndSet(null) : null;
  }

  /**
   * Where the next connection goes.
   *
   * @param inTurn the loop whose turn it is
   */
  L choose(L inTurn) {
    List<L> all = loops.get();
    if (all.size() < 2) {
      return inTurn;
    }
    look(all);
    double least = 1;
    for (L loop : all) {
      least = Math.min(least, share(loop));
    }
    double most = least + MUCH;
    if (share(inTurn) <= most) {
      return inTurn;
    }
    List<L> others = new ArrayList<>(all);
    others.removeIf(loop -> share(loop) > most);
    return others.get(Math.floorMod(next++, others.size()));
  }

  private double share(L loop) {
    Seen s = seen.get(loop);
    return s == null ? 0 : s.share;
  }

  private void look(List<L> all) {
    long now = clock.getAsLong();
    long nanos = now - seenNanos;
    if (nanos < WINDOW_NANOS) {
      return;
    }
    seenNanos = now;
    seen.keySet().retainAll(all);
    for (L loop : all) {
      long busy = busyNanos.applyAsLong(loop);
      Seen before = seen.get(loop);
      Seen s = before == null ? new Seen() : before;
      s.share = before == null ? 0 : (double) (busy - s.busyNanos) / nanos;
      s.busyNanos = busy;
      seen.put(loop, s);
    }
  }
}
