package dev.baton.stages;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One stage of a bound pipeline at one moment.
 *
 * @param waiting requests in the stage's queue; 0 if it has none
 * @param inside waiting, running and suspended ones, of stages with a capacity; else 0
 * @param capacity the most that may be inside; 0 means no bound
 * @param overloaded whether its queue sheds
 * @param wakeUps how often a sleeping loop of the stage was woken, since the start
 * @param outcomes how many have left in which way, since the start
 * @param enclave the enclave whose loops it runs on; null if it has loops of its own, or is fused
 */
public record StageSnapshot(
    String pipeline,
    String stage,
    Stage.Kind kind,
    Placement placement,
    int waiting,
    int inside,
    int capacity,
    boolean overloaded,
    long wakeUps,
    Map<StageOutcome, Long> outcomes,
    @Nullable String enclave) {
  /** The sum of this and the same stage, bound once more. */
  public StageSnapshot plus(StageSnapshot twin) {
    Map<StageOutcome, Long> sums = new EnumMap<>(outcomes);
    twin.outcomes.forEach((outcome, count) -> sums.merge(outcome, count, Long::sum));
    return new StageSnapshot(
        pipeline,
        stage,
        kind,
        placement,
        waiting + twin.waiting,
        inside + twin.inside,
        capacity + twin.capacity,
        overloaded || twin.overloaded,
        wakeUps + twin.wakeUps,
        sums,
        enclave);
  }
}
