package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.RequestWork;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The takeovers of the last half minute, with what can only be learned by looking on: when the old
 * owner came back, and where it slept. One thread: the management server's.
 *
 * <p>It learns only while it is {@link #poll}ed. A takeover that ended before anybody looked has no
 * stack, and its end is not known.
 */
final class TakeoverLog {
  /** What the old owner did, as far as it is known. */
  enum Fate {
    /** It still runs what cost it the loop. */
    AWAY,
    /** It came back; {@link Entry#awayNanos} says after how long. */
    BACK,
    /** It came back before anybody looked. */
    UNSEEN
  }

  /** One takeover. Its changing parts belong to the thread of the log. */
  static final class Entry {
    final long number;
    final Takeover takeover;

    /** Grows with every change of any entry: see {@link TakeoverLog#changedSince}. */
    private long revision;

    private Fate fate = Fate.AWAY;
    private long endNanos;
    private List<StackTraceElement> stack = List.of();

    private Entry(long number, Takeover takeover) {
      this.number = number;
      this.takeover = takeover;
    }

    Fate fate() {
      return fate;
    }

    long revision() {
      return revision;
    }

    /** Innermost frame first; empty if nobody looked in time. */
    List<StackTraceElement> stack() {
      return stack;
    }

    /** How long the old owner has been away; -1 if that was not seen. */
    long awayNanos(long now) {
      return switch (fate) {
        case AWAY -> now - takeover.atNanos();
        case BACK -> endNanos - takeover.atNanos();
        case UNSEEN -> -1;
      };
    }

    /** The route whose handler cost its worker the loop. */
    String route() {
      return takeover.work() instanceof RequestWork work
          ? work.method() + " " + work.route()
          : "no request";
    }
  }

  /**
   * What one route cost within a window.
   *
   * @param awayNanos for how long its handlers kept their workers from the loops, together
   */
  record Blame(String route, TakeoverCause cause, long takeovers, long awayNanos) {}

  static final long WINDOW_NANOS = 30_000_000_000L;
  private static final long MAX_BLUR_NANOS = 200_000_000L;
  private static final int MAX_ENTRIES = 4096;

  private final Enclave enclave;
  private final StackSampler stacks;
  private final Deque<Entry> entries = new ArrayDeque<>();
  private final List<Entry> away = new ArrayList<>();
  private @Nullable Takeover last;
  private long numbers;
  private long revisions;
  private long polledNanos;

  TakeoverLog(Enclave enclave, StackSampler stacks) {
    this.enclave = enclave;
    this.stacks = stacks;
  }

  /** Looks what has happened since the last time. Cheap if nothing has. */
  void poll(long now) {
    for (Takeover takeover : news()) {
      Entry entry = new Entry(++numbers, takeover);
      entries.addLast(entry);
      touch(entry);
      if (enclave.isAway(takeover)) {
        away.add(entry);
      } else {
        end(entry, now);
      }
    }
    away.removeIf(entry -> hasEnded(entry, now));
    while (entries.size() > MAX_ENTRIES || isOld(entries.peekFirst(), now)) {
      entries.removeFirst();
    }
    polledNanos = now;
  }

  private static boolean isOld(@Nullable Entry entry, long now) {
    return entry != null
        && entry.fate != Fate.AWAY
        && now - entry.takeover.atNanos() > WINDOW_NANOS;
  }

  private List<Takeover> news() {
    List<Takeover> recent = enclave.recentTakeovers();
    if (recent.isEmpty() || recent.getLast().equals(last)) {
      return List.of();
    }
    int from = recent.size();
    while (from > 0 && !recent.get(from - 1).equals(last)) {
      from--;
    }
    last = recent.getLast();
    return recent.subList(from, recent.size());
  }

  private boolean hasEnded(Entry entry, long now) {
    if (!enclave.isAway(entry.takeover)) {
      end(entry, now);
      return true;
    }
    if (entry.stack.isEmpty() && entry.takeover.cause() != TakeoverCause.WORKER_DIED) {
      List<StackTraceElement> stack = stacks.stackOf(enclave, entry.takeover.from(), now);
      // It may have come back, and taken another loop, while it was looked at.
      if (!stack.isEmpty() && enclave.isAway(entry.takeover)) {
        entry.stack = stack;
        touch(entry);
      }
    }
    return false;
  }

  private void end(Entry entry, long now) {
    // Somewhere since the last look: that is no time if nobody has looked for long.
    long since = Math.max(entry.takeover.atNanos(), polledNanos);
    boolean looked = polledNanos != 0 && now - polledNanos < MAX_BLUR_NANOS;
    entry.fate = looked ? Fate.BACK : Fate.UNSEEN;
    entry.endNanos = since + (now - since) / 2;
    touch(entry);
  }

  private void touch(Entry entry) {
    entry.revision = ++revisions;
  }

  long revision() {
    return revisions;
  }

  /** All that is remembered, oldest first. */
  List<Entry> entries() {
    return List.copyOf(entries);
  }

  /**
   * Entries that are new or have changed.
   *
   * @param revision 0 for all
   * @param limit how many at most, the newest of them
   */
  List<Entry> changedSince(long revision, int limit) {
    List<Entry> changed = new ArrayList<>();
    var newestFirst = entries.descendingIterator();
    while (newestFirst.hasNext() && changed.size() < limit) {
      Entry entry = newestFirst.next();
      if (entry.revision > revision) {
        changed.add(entry);
      }
    }
    return changed.reversed();
  }

  /** What each route cost in the last {@code windowNanos}, the dearest first. */
  List<Blame> blame(long now, long windowNanos) {
    Map<String, Blame> byRoute = new HashMap<>();
    for (Entry entry : entries) {
      long at = entry.takeover.atNanos();
      long end =
          switch (entry.fate) {
            case AWAY -> now;
            case BACK -> entry.endNanos;
            case UNSEEN -> at;
          };
      if (now - end > windowNanos || entry.takeover.cause() == TakeoverCause.WORKER_DIED) {
        continue;
      }
      long counted = now - at <= windowNanos ? 1 : 0;
      long nanos = end - Math.max(at, now - windowNanos);
      byRoute.merge(
          entry.route() + entry.takeover.cause(),
          new Blame(entry.route(), entry.takeover.cause(), counted, Math.max(0, nanos)),
          (a, b) ->
              new Blame(a.route, a.cause, a.takeovers + b.takeovers, a.awayNanos + b.awayNanos));
    }
    return byRoute.values().stream()
        .sorted((a, b) -> Long.compare(b.awayNanos, a.awayNanos))
        .toList();
  }

  /** Middle of the times that loops stood still at takeovers in the window; -1 without any. */
  long medianDelayNanos(long now, long windowNanos) {
    long[] delays =
        entries.stream()
            .filter(entry -> now - entry.takeover.atNanos() <= windowNanos)
            .mapToLong(entry -> entry.takeover.resumedAfterNanos())
            .sorted()
            .toArray();
    return delays.length == 0 ? -1 : delays[delays.length / 2];
  }
}
