package dev.baton.server.management;

import java.util.List;
import java.util.Map;

/** Where the state of stages comes from. Asked by the management server's thread only. */
@FunctionalInterface
public interface StageSource {
  /**
   * One stage of a pipeline, now.
   *
   * @param queued continuations that wait
   * @param capacity the most that may wait, 0 if it has no queue
   * @param outcomes how its continuations ended since the start, by {@code ok}, {@code failed},
   *     {@code rejected}, {@code shed}, {@code expired}, {@code cancelled}
   */
  record StageState(
      String pipeline, String stage, long queued, long capacity, Map<String, Long> outcomes) {}

  /** Every stage, in the order of its pipeline. */
  List<StageState> read();
}
