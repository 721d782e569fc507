package dev.baton.server.management;

import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.server.context.RequestWork;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The lines of the log about what a service suffers: one when it is noticed, fewer while it lasts,
 * one when it is over. One thread at a time.
 */
final class WatchLog {
  private static final System.Logger LOGGER = System.getLogger(Watch.class.getName());

  /** Lines about single handlers within a minute; what is more is summed up. */
  private static final int MAX_LINES = 20;

  private static final long MINUTE_NANOS = 60_000_000_000L;

  private volatile long tellAfterNanos;

  // Written by who looks: when to tell again, by the number of the takeover or by name
  private final Map<Long, Long> handlers = new HashMap<>();
  private final Map<String, Long> still = new HashMap<>();
  private long exhaustedNanos;
  private long minuteNanos;
  private int told;
  private int untold;

  /** A stack that is shown, not thrown. */
  private static final class Stack extends Throwable {
    Stack(Doing doing) {
      super(doing.kind().words(), null, false, true);
      setStackTrace(doing.stack().toArray(StackTraceElement[]::new));
    }
  }

  WatchLog(long tellAfterNanos) {
    this.tellAfterNanos = tellAfterNanos;
  }

  void tellAfter(long nanos) {
    tellAfterNanos = nanos;
  }

  void warn(String line) {
    LOGGER.log(Level.WARNING, line);
  }

  void failed(RuntimeException failure) {
    LOGGER.log(Level.ERROR, "The watch has failed, and goes on", failure);
  }

  /** Tells what is new. Holds the watch. */
  void tell(Watch watch, long now, long aliveNanos) {
    tellOfWorkers(watch, aliveNanos);
    if (tellAfterNanos > 0) {
      tellOfLoops(watch);
      tellOfPools(watch);
      tellOfHandlers(watch, now, aliveNanos);
    }
  }

  private void tellOfHandlers(Watch watch, long now, long aliveNanos) {
    List<TakeoverLog.Entry> away = watch.log().away();
    handlers.keySet().retainAll(away.stream().map(entry -> entry.number).toList());
    if (now - minuteNanos > MINUTE_NANOS) {
      sumUp(away, now);
      minuteNanos = now;
      told = 0;
    }
    for (TakeoverLog.Entry entry : away) {
      long nanos = entry.aliveAwayNanos(aliveNanos);
      long due = handlers.getOrDefault(entry.number, tellAfterNanos);
      if (nanos < due) {
        continue;
      }
      handlers.put(entry.number, 2 * nanos); // half as often each time
      if (told == MAX_LINES) {
        untold++;
        continue;
      }
      told++;
      LOGGER.log(
          Level.WARNING,
          line(entry, nanos, watch.pausesSince(now - nanos, now)),
          new Stack(entry.doing()));
    }
  }

  private static String line(TakeoverLog.Entry entry, long nanos, double pauses) {
    String stage = entry.part.stage();
    int behind = TakeoverLog.behind(entry);
    return entry.route()
        + (entry.work() instanceof RequestWork work && work.requestId() != null
            ? ", request " + work.requestId() + ","
            : "")
        + " has been away for "
        + Diagnosis.time(nanos)
        + ", "
        + entry.doing().inWords()
        + (pauses > Diagnosis.MUCH_PAUSED
            ? ", while the collector stops everything for "
                + Diagnosis.percent(pauses)
                + " of the time"
            : "")
        + "; loop "
        + entry.takeover.loop()
        + (stage == null ? "" : " of stage " + stage)
        + (entry.isAhead() ? " has not waited for it" : " was taken over and goes on")
        + (behind < Diagnosis.MANY_BEHIND
            ? ""
            : ", but " + behind + " callbacks of its context wait behind it");
  }

  private void sumUp(List<TakeoverLog.Entry> away, long now) {
    if (untold > 0) {
      String byRoute =
          away.stream()
              .collect(Collectors.groupingBy(TakeoverLog.Entry::route, Collectors.counting()))
              .entrySet()
              .stream()
              .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
              .limit(5)
              .map(e -> e.getKey() + " (" + e.getValue() + ")")
              .collect(Collectors.joining(", "));
      LOGGER.log(
          Level.WARNING,
          "More handlers are away than are told one by one: {0} now, the oldest for {1}: {2}",
          away.size(),
          away.isEmpty() ? "0" : Diagnosis.time(away.getFirst().awayNanos(now)),
          byRoute);
      untold = 0;
    }
  }

  private void tellOfLoops(Watch watch) {
    LoopWatch watched = watch.loops();
    if (watched == null) {
      return;
    }
    for (LoopWatch.Loop loop : watched.loops()) {
      tellOfStill(
          loop.inWords(),
          loop.stillNanos(),
          loop.doing(),
          time -> {
            String runs = loop.runs();
            return loop.inWords()
                + " has stood still for "
                + time
                + ", not taken over; its "
                + (loop.owner() < 0 ? "thread is " : "worker is ")
                + (loop.doing() == null ? "not to be seen" : loop.doing().inWords())
                + (runs == null ? "" : ", for " + runs)
                + Diagnosis.newest(watch.underWay());
          });
    }
  }

  private void tellOfPools(Watch watch) {
    PoolWatch watched = watch.pools();
    if (watched == null) {
      return;
    }
    for (PoolWatch.Pool pool : watched.pools()) {
      tellOfStill(
          "Pool " + pool.name(),
          pool.stillNanos(),
          pool.doing(),
          time ->
              pool.inWords()
                  + " for "
                  + time
                  + (pool.doing() == null ? "" : "; one is " + pool.doing().inWords()));
    }
  }

  /**
   * Tells of what stands still, half as often each time, and when it goes on.
   *
   * @param line makes the line, of the time in words
   */
  private void tellOfStill(
      String name, long nanos, @Nullable Doing doing, UnaryOperator<String> line) {
    Long due = still.get(name);
    if (nanos == 0 && due != null) {
      still.remove(name);
      LOGGER.log(Level.WARNING, "{0} goes on again.", name);
    } else if (nanos >= (due == null ? tellAfterNanos : due)) {
      still.put(name, 2 * nanos);
      String told = line.apply(Diagnosis.time(nanos));
      if (doing == null) {
        LOGGER.log(Level.WARNING, told);
      } else {
        LOGGER.log(Level.WARNING, told, new Stack(doing));
      }
    }
  }

  private void tellOfWorkers(Watch watch, long aliveNanos) {
    List<PoolSnapshot> exhausted = watch.exhausted();
    if (exhausted.isEmpty() && exhaustedNanos != 0) {
      LOGGER.log(
          Level.WARNING,
          "There are standbys again, after {0} without.",
          Diagnosis.time(aliveNanos - exhaustedNanos));
      exhaustedNanos = 0;
    } else if (!exhausted.isEmpty() && exhaustedNanos == 0) {
      exhaustedNanos = aliveNanos;
      PoolSnapshot pool =
          exhausted.stream().max(Comparator.comparingInt(PoolSnapshot::total)).get();
      LOGGER.log(
          Level.WARNING,
          "No standby is left{0}: all {1} are in handlers (maxStandbys={2}). Loops hold callbacks"
              + " back until one returns, then refuse requests. {3}",
          pool.cpu() < 0 ? "" : " on CPU " + pool.cpu(),
          pool.total(),
          pool.max(),
          Diagnosis.mostAway(watch.log().away(), System.nanoTime()));
    }
  }
}
