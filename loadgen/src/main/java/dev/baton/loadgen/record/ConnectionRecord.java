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

  /** Adds what became of the connections of another generator. */
  void add(long otherOpened, Map<String, Long> otherFailures, Map<String, Long> otherResent) {
    opened += otherOpened;
    otherFailures.forEach((why, count) -> failures.merge(why, count, Long::sum));
    otherResent.forEach((why, count) -> resent.merge(why, count, Long::sum));
  }

  /** The sum of several. */
  public static ConnectionRecord sum(Iterable<ConnectionRecord> records) {
    var sum = new ConnectionRecord();
    records.forEach(record -> sum.add(record.opened, record.failures, record.resent));
    return sum;
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
