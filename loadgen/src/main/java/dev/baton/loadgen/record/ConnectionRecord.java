package dev.baton.loadgen.record;

import java.util.Map;
import java.util.TreeMap;

/**
 * What became of the connections of a run, warm-up included. Written by the client thread, read by
 * others after the run.
 */
public final class ConnectionRecord {
  private final Map<String, Long> failures = new TreeMap<>();
  private final Map<String, Long> resent = new TreeMap<>();
  private long opened;

  /** A connection can be used. */
  public void addOpened() {
    opened++;
  }

  /** A connection could not be opened. */
  public void addFailure(String why) {
    failures.merge(why, 1L, Long::sum);
  }

  /** A request is sent once more, since the server cannot have taken it. */
  public void addResent(String why) {
    resent.merge(why, 1L, Long::sum);
  }

  /** Connections that could be used. */
  public long opened() {
    return opened;
  }

  /** Connections that could not be opened, by reason. */
  public Map<String, Long> failures() {
    return Map.copyOf(failures);
  }

  /** Requests sent once more, by reason. They count as one, from their first start. */
  public Map<String, Long> resent() {
    return Map.copyOf(resent);
  }
}
