package dev.baton.server.management;

import dev.baton.scheduler.loop.Absence;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.context.RequestWork;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The takeovers of the last half minute, and for how long the old owners were away. Workers tell of
 * both by a queue, so nobody needs to look on for the times to be right; what a handler does while
 * it is away is looked up from time to time. One thread at a time.
 */
final class TakeoverLog {
  /** What the old owner does, as far as it is known. */
  enum Fate {
    /** It still runs what cost it the loop. */
    AWAY,
    /** It came back; {@link Entry#awayNanos} says after how long. */
    BACK
  }

  /** The loops of one scheduler: the event loops, or those of a stage. */
  record Part(Enclave enclave, @Nullable String stage) {}

  /** One takeover. Its changing parts belong to the thread of the log. */
  static final class Entry {
    final long number;
    final Takeover takeover;
    final Part part;
    private final long seenAliveNanos;

    /** Grows with every change of any entry: see {@link TakeoverLog#changedSince}. */
    private long revision;

    private Fate fate = Fate.AWAY;
    private long endNanos;
    private @Nullable Object work;
    private Doing doing;
    private long lookedNanos;
    private String route = "";

    Entry(long number, Part part, Takeover takeover, long aliveNanos) {
      this.number = number;
      this.part = part;
      this.takeover = takeover;
      this.seenAliveNanos = aliveNanos;
      this.work = takeover.work();
      this.doing = Doing.of(takeover.cause());
    }

    Fate fate() {
      return fate;
    }

    long revision() {
      return revision;
    }

    /** What it ran, with what became known later. */
    @Nullable Object work() {
      return work;
    }

    /** What it did when somebody looked. */
    Doing doing() {
      return doing;
    }

    /** How long the old owner has been away. */
    long awayNanos(long now) {
      return Math.max(0, (fate == Fate.AWAY ? now : endNanos) - takeover.atNanos());
    }

    /** The same by a clock that stands when this process does; of those that are away. */
    long aliveAwayNanos(long aliveNanos) {
      return aliveNanos - seenAliveNanos;
    }

    /** The route whose handler cost its worker the loop, with its method. */
    String route() {
      return route;
    }

    private boolean isHandler() {
      return takeover.cause() != TakeoverCause.WORKER_DIED;
    }

    /** Whether it was started away from its loop: nobody has taken that. */
    boolean isAhead() {
      return takeover.to() < 0;
    }
  }

  /**
   * What one route cost within a window.
   *
   * @param stage the stage it ran in, if that has loops of its own
   * @param takeovers that began in the window
   * @param perSecond the same for each second
   * @param awayNanos for how long its handlers kept their workers from the loops, together
   * @param medianNanos of the time that one was away; so far, if none has ended
   * @param awayNow how many are away now
   * @param oldestNanos for how long the first of these is, 0 without
   * @param behind callbacks that wait behind them, in contexts that run one at a time
   * @param delayNanos median of the time until the loop was served again
   * @param doing what most of that time went to
   * @param last the newest of them
   */
  record Blame(
      String route,
      @Nullable String stage,
      long takeovers,
      double perSecond,
      long awayNanos,
      long medianNanos,
      int awayNow,
      long oldestNanos,
      int behind,
      long delayNanos,
      Doing doing,
      Entry last) {}

  static final long WINDOW_NANOS = 30_000_000_000L;
  static final String NO_REQUEST = "Code of no request";
  private static final int FEW = 3;
  private static final int MAX_ENTRIES = 4096;
  private static final int QUEUE = 1 << 12;

  /** From when on work is told of that was started ahead, and took no loop. */
  private static final long AHEAD_TOLD_NANOS = 100_000_000L;

  private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;

  private record News(Part part, @Nullable Takeover takeover, @Nullable Absence absence) {}

  private record Key(Part part, int worker, long stint) {}

  private final StackSampler stacks;
  private final UnaryOperator<@Nullable String> routeOf;
  private final MpscVarHandleArrayQueue<News> news = new MpscVarHandleArrayQueue<>(QUEUE);
  private final Deque<Entry> entries = new ArrayDeque<>();
  private final Map<Key, Entry> away = new LinkedHashMap<>();

  // Written by any thread
  private final List<Part> parts = new CopyOnWriteArrayList<>();

  /** Of workers that came back before their takeover was told. */
  private final Map<Key, Absence> early = new HashMap<>();

  private long startNanos = System.nanoTime();
  private long numbers;
  private long revisions;

  /**
   * Knows of no loops yet.
   *
   * @param routeOf the route that a path was given before; null if none is known
   */
  TakeoverLog(StackSampler stacks, UnaryOperator<@Nullable String> routeOf) {
    this.stacks = stacks;
    this.routeOf = routeOf;
  }

  /** Hears of the takeovers of these loops from now on. Any thread. */
  void listen(Part part) {
    // What the queue does not take is told by the next poll: see hasVanished.
    part.enclave().onTakeover(takeover -> news.offer(new News(part, takeover, null)));
    part.enclave()
        .onAbsence(
            absence -> {
              if (!Enclave.isAhead(absence) || absence.nanos() >= AHEAD_TOLD_NANOS) {
                news.offer(new News(part, null, absence));
              }
            });
    parts.add(part);
  }

  /**
   * Takes in what has happened since the last time. Cheap if nothing has.
   *
   * @param aliveNanos a clock that stands when this process does
   * @param looks how many handlers may be looked at
   */
  void poll(long now, long aliveNanos, int looks) {
    News next;
    while ((next = news.poll()) != null) {
      if (next.takeover != null) {
        begin(next.part, next.takeover, aliveNanos);
      } else if (next.absence != null) {
        Key key = new Key(next.part, next.absence.worker(), next.absence.stint());
        Entry entry = away.remove(key);
        if (entry != null) {
          end(entry, next.absence);
        } else if (!Enclave.isAhead(next.absence)) {
          early.put(key, next.absence);
        }
      }
    }
    for (Part part : parts) {
      for (Takeover ahead : part.enclave().aheadSince(now - AHEAD_TOLD_NANOS)) {
        if (!away.containsKey(new Key(part, ahead.from(), ahead.fromStint()))) {
          begin(part, ahead, aliveNanos);
        }
      }
    }
    early.values().removeIf(absence -> now - absence.sinceNanos() > WINDOW_NANOS);
    away.values().removeIf(entry -> hasVanished(entry, now));
    int left = looks;
    for (Entry entry : away.values()) {
      nameOfLate(entry);
      if (left > 0 && look(entry, now)) {
        left--;
      }
    }
    while (entries.size() > MAX_ENTRIES || isOld(entries.peekFirst(), now)) {
      Entry oldest = entries.removeFirst();
      startNanos = Math.max(startNanos, oldest.takeover.atNanos());
    }
  }

  private void begin(Part part, Takeover takeover, long aliveNanos) {
    Entry entry = new Entry(++numbers, part, takeover, aliveNanos);
    name(entry);
    entries.addLast(entry);
    touch(entry);
    if (!entry.isHandler()) {
      entry.fate = Fate.BACK;
      entry.endNanos = takeover.atNanos();
      return;
    }
    Key key = new Key(part, takeover.from(), takeover.fromStint());
    Absence ended = early.remove(key);
    if (ended == null) {
      away.put(key, entry);
    } else {
      end(entry, ended);
    }
  }

  private void end(Entry entry, Absence absence) {
    entry.fate = Fate.BACK;
    entry.endNanos = absence.sinceNanos() + absence.nanos();
    if (absence.work() != null) {
      entry.work = absence.work();
    }
    name(entry);
    touch(entry);
  }

  /** Whether its end was not heard of: its scheduler has ended, or the queue was full. */
  private static boolean hasVanished(Entry entry, long now) {
    if (now - entry.takeover.atNanos() < LOOK_AGAIN_NANOS
        || entry.part.enclave().isAway(entry.takeover)) {
      return false;
    }
    entry.fate = Fate.BACK;
    entry.endNanos = now;
    return true;
  }

  private boolean look(Entry entry, long now) {
    boolean first = entry.doing.stack().isEmpty();
    if (!first && now - entry.lookedNanos < LOOK_AGAIN_NANOS) {
      return false;
    }
    boolean slept = entry.takeover.cause() == TakeoverCause.BLOCKED;
    Doing doing = stacks.look(entry.part.enclave(), entry.takeover.from(), slept, now);
    // It may have come back, and taken another loop, while it was looked at.
    if (doing == null || !entry.part.enclave().isAway(entry.takeover)) {
      return doing != null;
    }
    entry.doing = doing;
    entry.lookedNanos = now;
    know(entry, entry.part.enclave().workOf(entry.takeover.from()));
    if (first) {
      touch(entry);
    }
    return true;
  }

  /** One that was taken before it was routed may have been since. */
  private void nameOfLate(Entry entry) {
    if (entry.work instanceof RequestWork request && !request.routed()) {
      Object work = entry.part.enclave().workOf(entry.takeover.from());
      if (entry.part.enclave().isAway(entry.takeover)) { // so it was its own
        know(entry, work);
      }
    }
  }

  private void know(Entry entry, @Nullable Object work) {
    if (work != null) {
      entry.work = work;
      name(entry);
    }
  }

  private void name(Entry entry) {
    if (!(entry.work instanceof RequestWork request)) {
      entry.route = NO_REQUEST;
      return;
    }
    String known = request.routed() ? request.route() : routeOf.apply(request.path());
    entry.route = request.method() + " " + (known == null ? request.route() : known);
  }

  private void touch(Entry entry) {
    entry.revision = ++revisions;
  }

  private static boolean isOld(@Nullable Entry entry, long now) {
    return entry != null
        && entry.fate != Fate.AWAY
        && now - entry.takeover.atNanos() > WINDOW_NANOS;
  }

  long revision() {
    return revisions;
  }

  /** Those that are away, the longest first. */
  List<Entry> away() {
    return away.values().stream()
        .sorted(Comparator.comparingLong(entry -> entry.takeover.atNanos()))
        .toList();
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

  /** How much of the last {@code windowNanos} is known: less at first, or of very many. */
  private long knownNanos(long now, long windowNanos) {
    return Math.max(1, Math.min(windowNanos, now - startNanos));
  }

  /** What each route cost in the last {@code windowNanos}, the dearest first. */
  List<Blame> blame(long now, long windowNanos) {
    Map<String, List<Entry>> byRoute = new LinkedHashMap<>();
    for (Entry entry : entries) {
      long end = entry.fate == Fate.AWAY ? now : entry.endNanos;
      if (entry.isHandler() && now - end <= windowNanos) {
        byRoute.computeIfAbsent(entry.part.stage + entry.route, _ -> new ArrayList<>()).add(entry);
      }
    }
    double seconds = knownNanos(now, windowNanos) / 1e9;
    return byRoute.values().stream()
        .map(of -> blame(of, now, windowNanos, seconds))
        .sorted(Comparator.comparingLong(Blame::awayNanos).reversed())
        .toList();
  }

  private static Blame blame(List<Entry> of, long now, long windowNanos, double seconds) {
    long begun = of.stream().filter(e -> now - e.takeover.atNanos() <= windowNanos).count();
    List<Entry> still = of.stream().filter(e -> e.fate == Fate.AWAY).toList();
    List<Entry> each = still.size() == of.size() ? of : ended(of);
    // Of those that were looked at, if any were: the rest is a guess.
    List<Entry> seen = of.stream().filter(e -> !e.doing.stack().isEmpty()).toList();
    Map<Doing.Kind, Long> byKind = new HashMap<>();
    for (Entry e : seen.isEmpty() ? of : seen) {
      byKind.merge(e.doing.kind(), e.awayNanos(now), Long::sum);
    }
    Doing.Kind most = byKind.entrySet().stream().max(Map.Entry.comparingByValue()).get().getKey();
    Doing doing =
        of.stream()
            .map(e -> e.doing)
            .filter(d -> d.kind() == most)
            .reduce((a, b) -> b.stack().isEmpty() ? a : b)
            .get();
    return new Blame(
        of.getLast().route,
        of.getLast().part.stage,
        begun,
        begun / (begun < FEW ? seconds : Math.min(seconds, since(of, now, windowNanos))),
        of.stream().mapToLong(e -> within(e, now, windowNanos)).sum(),
        median(each.stream().mapToLong(e -> e.awayNanos(now)).toArray()),
        still.size(),
        still.stream().mapToLong(e -> e.awayNanos(now)).max().orElse(0),
        still.stream().mapToInt(TakeoverLog::behind).sum(),
        medianDelay(of.stream()),
        doing,
        of.getLast());
  }

  /** Seconds since the first of them in the window: what has just begun has its rate at once. */
  private static double since(List<Entry> of, long now, long windowNanos) {
    long nanos =
        of.stream()
            .mapToLong(e -> now - e.takeover.atNanos())
            .filter(n -> n <= windowNanos)
            .max()
            .orElse(windowNanos);
    return Math.max(1, nanos / 1e9);
  }

  private static List<Entry> ended(List<Entry> of) {
    return of.stream().filter(e -> e.fate == Fate.BACK).toList();
  }

  private static long within(Entry entry, long now, long windowNanos) {
    long end = entry.takeover.atNanos() + entry.awayNanos(now);
    return Math.max(0, end - Math.max(entry.takeover.atNanos(), now - windowNanos));
  }

  static int behind(Entry entry) {
    return entry.work instanceof RequestWork request ? request.behind() : 0;
  }

  private static long median(long[] values) {
    java.util.Arrays.sort(values);
    return values.length == 0 ? -1 : values[values.length / 2];
  }

  /** Workers that have died, the latest last. */
  List<Takeover> deaths() {
    return entries.stream().filter(e -> !e.isHandler()).map(e -> e.takeover).toList();
  }

  /** How many takeovers there were in the window. */
  long count(long now, long windowNanos) {
    return entries.stream()
        .filter(e -> !e.isAhead() && now - e.takeover.atNanos() <= windowNanos)
        .count();
  }

  /** Middle of the times that loops stood still at takeovers in the window; -1 without any. */
  long medianDelayNanos(long now, long windowNanos) {
    return medianDelay(entries.stream().filter(e -> now - e.takeover.atNanos() <= windowNanos));
  }

  private static long medianDelay(Stream<Entry> of) {
    return median(
        of.filter(e -> !e.isAhead()).mapToLong(e -> e.takeover.resumedAfterNanos()).toArray());
  }
}
