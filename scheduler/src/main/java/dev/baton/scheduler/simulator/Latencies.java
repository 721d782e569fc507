package dev.baton.scheduler.simulator;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** How long requests took from their arrival to their response, each kind by itself. */
public final class Latencies {
  private static final int DIGITS = 3;

  private final List<String> kinds;
  private final List<Histogram> byKind = new ArrayList<>();
  private final Histogram all = new Histogram(DIGITS);
  private double sumNanos;

  Latencies(List<String> kinds) {
    this.kinds = List.copyOf(kinds);
    for (int i = 0; i < kinds.size(); i++) {
      byKind.add(new Histogram(DIGITS));
    }
  }

  void record(int kind, long nanos) {
    all.recordValue(nanos);
    byKind.get(kind).recordValue(nanos);
    sumNanos += nanos;
  }

  /** Names of the kinds. */
  public List<String> kinds() {
    return kinds;
  }

  /** How many were answered. */
  public long count() {
    return all.getTotalCount();
  }

  /** How many of a kind were answered. */
  public long count(int kind) {
    return byKind.get(kind).getTotalCount();
  }

  /** The exact mean, nanoseconds. */
  public double meanNanos() {
    return sumNanos / count();
  }

  /** The latency that {@code percentile} percent of the requests did not exceed, nanoseconds. */
  public long nanosAt(double percentile) {
    return all.getValueAtPercentile(percentile);
  }

  /** The same, of a kind. */
  public long nanosAt(int kind, double percentile) {
    return byKind.get(kind).getValueAtPercentile(percentile);
  }
}
