package dev.baton.server.management;

import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.ShedReason;
import dev.baton.stages.StageOutcome;
import dev.baton.stages.StageSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which requests were refused of late, and why; and stages that let nothing out. One thread at a
 * time.
 */
final class Refusals {
  private static final long WINDOW_NANOS = 10_000_000_000L;

  /** After so long without a refusal it is over. */
  private static final long OVER_NANOS = 5_000_000_000L;

  /** Those that no stage counts. */
  private static final List<ShedReason> OF_LOOPS =
      List.of(ShedReason.OVERLOAD, ShedReason.ROUTE_FULL, ShedReason.CONTEXT_HELD);

  private static final long STUCK_NANOS = 1_000_000_000L;

  /** Requests refused for one reason, where that is known. */
  record Refused(ShedReason reason, @Nullable String stage, long count) {
    String where() {
      return reason.words() + (stage == null ? "" : " at " + stage);
    }
  }

  /** A stage that is full and that nobody leaves. */
  record Stuck(StageSnapshot stage, long nanos) {}

  private record Key(ShedReason reason, @Nullable String stage) {}

  private record Reading(long nanos, Map<Key, Long> counts) {}

  private static final class Progress {
    private long left;
    private long sinceNanos;
  }

  private final @Nullable BatonMetrics metrics;
  private final Deque<Reading> readings = new ArrayDeque<>();
  private final Map<String, Progress> progress = new HashMap<>();
  private List<Stuck> stuck = List.of();

  // Of the episode that goes on; 0 without
  private long beganNanos;
  private long lastNanos;
  private @Nullable Reading before;

  Refusals(@Nullable BatonMetrics metrics) {
    this.metrics = metrics;
  }

  /**
   * Reads once more. Once a second.
   *
   * @param aliveNanos a clock that stands when this process does
   * @param log gets a line when refusing begins, and when it is over
   */
  void read(List<StageSnapshot> stages, long now, long aliveNanos, Consumer<String> log) {
    Reading reading = new Reading(now, counts(stages));
    Reading last = readings.peekLast();
    readings.addLast(reading);
    while (now - readings.getFirst().nanos > WINDOW_NANOS) {
      readings.removeFirst();
    }
    stuck = stuck(stages, aliveNanos);
    if (last != null) {
      tell(last, reading, log);
    }
  }

  private void tell(Reading last, Reading now, Consumer<String> log) {
    List<Refused> fresh = between(last, now);
    if (!fresh.isEmpty()) {
      lastNanos = now.nanos;
      if (beganNanos == 0) {
        beganNanos = last.nanos;
        before = last;
        log.accept("Requests are refused: " + words(fresh) + " so far.");
      }
    } else if (beganNanos != 0 && now.nanos - lastNanos > OVER_NANOS) {
      Reading from = before == null ? last : before;
      log.accept(
          "Requests are no longer refused. In "
              + Diagnosis.time(lastNanos - beganNanos)
              + " it were "
              + words(between(from, now))
              + ".");
      beganNanos = 0;
    }
  }

  private static String words(List<Refused> refused) {
    return String.join(", ", refused.stream().map(r -> r.count() + " " + r.where()).toList());
  }

  private Map<Key, Long> counts(List<StageSnapshot> stages) {
    Map<Key, Long> counts = new LinkedHashMap<>();
    Map<ShedReason, Long> atStages = new EnumMap<>(ShedReason.class);
    for (StageSnapshot stage : stages) {
      stage
          .outcomes()
          .forEach(
              (outcome, count) -> {
                ShedReason reason = reason(outcome);
                if (reason != null) {
                  counts.merge(
                      new Key(reason, stage.pipeline() + "/" + stage.stage()), count, Long::sum);
                  atStages.merge(reason, count, Long::sum);
                }
              });
    }
    if (metrics != null) {
      for (ShedReason reason : OF_LOOPS) {
        counts.put(new Key(reason, null), metrics.sheds(reason));
      }
    }
    return counts;
  }

  private static @Nullable ShedReason reason(StageOutcome outcome) {
    return switch (outcome) {
      case REJECTED -> ShedReason.QUEUE_FULL;
      case SHED -> ShedReason.ADMISSION;
      case EXPIRED -> ShedReason.DEADLINE;
      case OK, FAILED, CANCELLED -> null;
    };
  }

  private static List<Refused> between(Reading from, Reading to) {
    List<Refused> refused = new ArrayList<>();
    to.counts.forEach(
        (key, count) -> {
          long more = count - from.counts.getOrDefault(key, 0L);
          if (more > 0) {
            refused.add(new Refused(key.reason, key.stage, more));
          }
        });
    refused.sort((a, b) -> Long.compare(b.count, a.count));
    return refused;
  }

  /** What was refused within the window, the most first. */
  List<Refused> ofLate() {
    return readings.size() < 2 ? List.of() : between(readings.getFirst(), readings.getLast());
  }

  /** How long the window is by now. */
  double seconds() {
    return readings.size() < 2 ? 1 : (readings.getLast().nanos - readings.getFirst().nanos) / 1e9;
  }

  /** Stages that are full and that nobody has left for a while. */
  List<Stuck> stuck() {
    return stuck;
  }

  private List<Stuck> stuck(List<StageSnapshot> stages, long aliveNanos) {
    List<Stuck> found = new ArrayList<>();
    for (StageSnapshot stage : stages) {
      long left =
          stage.outcomes().getOrDefault(StageOutcome.OK, 0L)
              + stage.outcomes().getOrDefault(StageOutcome.FAILED, 0L);
      Progress p =
          progress.computeIfAbsent(stage.pipeline() + "/" + stage.stage(), _ -> new Progress());
      boolean full = stage.capacity() > 0 && stage.inside() >= stage.capacity();
      if (!full || left != p.left || p.sinceNanos == 0) {
        p.left = left;
        p.sinceNanos = aliveNanos;
      } else if (aliveNanos - p.sinceNanos >= STUCK_NANOS) {
        found.add(new Stuck(stage, aliveNanos - p.sinceNanos));
      }
    }
    return found;
  }
}
