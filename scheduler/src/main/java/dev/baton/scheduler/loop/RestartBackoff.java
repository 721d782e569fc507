package dev.baton.scheduler.loop;

import java.util.concurrent.TimeUnit;

/**
 * How long a loop rests between owners that die one after the other: whatever killed one may kill
 * the next. The thread of the last one that died, before the new one starts.
 */
final class RestartBackoff {
  private static final long FIRST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long MAX_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private int deaths;
  private long diedNanos;

  /**
   * Notes that an owner has died.
   *
   * @return how long the loop rests before the next one: not at all after the first in a while
   */
  long ownerDied(long nowNanos) {
    deaths = deaths > 0 && nowNanos - diedNanos < FORGOTTEN_NANOS ? deaths + 1 : 1;
    diedNanos = nowNanos;
    return deaths == 1 ? 0 : Math.min(MAX_REST_NANOS, FIRST_REST_NANOS << Math.min(deaths - 2, 10));
  }

  /** How many owners have died in a row. */
  int deaths() {
    return deaths;
  }
}
