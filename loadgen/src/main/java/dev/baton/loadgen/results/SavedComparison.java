package dev.baton.loadgen.results;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Change;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.record.Latencies;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Two results of different times side by side. They were not interleaved, so all it can say is
 * whether more differs than the sampling of requests explains; what else changed in between, it
 * cannot know. Immutable.
 *
 * @param before the older one
 * @param after the newer one
 * @param rows one per metric
 * @param otherLoad what was asked for differently; empty if both were the same load
 */
public record SavedComparison(
    LoadReport before, LoadReport after, List<Row> rows, List<String> otherLoad) {

  /** What a comparison of results of different times cannot know. */
  public static final String CAVEAT =
      "The two were not interleaved: whatever else changed in between (machine, network,"
          + " neighbours, temperature) is in the difference. The intervals hold what sampling alone"
          + " explains; compare A B in interleaved blocks, or look at history for how much days"
          + " differ.";

  private static final double Z = 1.96;

  /**
   * One metric.
   *
   * @param metric its name
   * @param unit its unit
   * @param before its value
   * @param beforeLow lower end of its 95 % sampling interval
   * @param beforeHigh upper end
   * @param after its value
   * @param afterLow lower end
   * @param afterHigh upper end
   */
  public record Row(
      String metric,
      String unit,
      double before,
      double beforeLow,
      double beforeHigh,
      double after,
      double afterLow,
      double afterHigh) {

    /** The change in percent; of errors in percentage points. NaN if one was not measured. */
    public double percent() {
      return metric.equals(Change.ERRORS) ? after - before : 100 * (after - before) / before;
    }

    /** Whether the intervals do not meet. */
    public boolean apart() {
      return afterLow > beforeHigh || afterHigh < beforeLow;
    }

    /** Whether the change is for the worse. */
    public boolean worse() {
      return metric.equals(Change.DELIVERED) ? after < before : after > before;
    }
  }

  /** Compares two results. */
  public static SavedComparison of(LoadReport before, LoadReport after) {
    var rows = new ArrayList<Row>();
    for (double percentile : new double[] {50, 99, 99.9}) {
      String name = percentile == 99.9 ? "p99.9" : "p" + (int) percentile;
      var a = Comparison.focus(before);
      var b = Comparison.focus(after);
      rows.add(
          new Row(
              name,
              "ms",
              a.millisAt(percentile),
              bound(a, percentile, -1),
              bound(a, percentile, 1),
              b.millisAt(percentile),
              bound(b, percentile, -1),
              bound(b, percentile, 1)));
    }
    rows.add(delivered(before, after));
    rows.add(errors(before, after));
    return new SavedComparison(before, after, List.copyOf(rows), otherLoad(before, after));
  }

  /** The order statistic at the end of the binomial 95 % interval of a percentile's rank. */
  private static double bound(Latencies latencies, double percentile, int side) {
    double p = percentile / 100;
    double width = Z * Math.sqrt(p * (1 - p) / Math.max(1, latencies.count()));
    return latencies.millisAt(100 * Math.clamp(p + side * width, 0, 1));
  }

  private static Row delivered(LoadReport before, LoadReport after) {
    double a = before.deliveredRate();
    double b = after.deliveredRate();
    double widthA =
        Z * Math.sqrt(Math.max(1, (double) before.total().okInWindow())) / before.windowSeconds();
    double widthB =
        Z * Math.sqrt(Math.max(1, (double) after.total().okInWindow())) / after.windowSeconds();
    return new Row(Change.DELIVERED, "/s", a, a - widthA, a + widthA, b, b - widthB, b + widthB);
  }

  private static Row errors(LoadReport before, LoadReport after) {
    double[] a = wilson(before);
    double[] b = wilson(after);
    return new Row(
        Change.ERRORS,
        "%",
        100 * before.total().errorShare(),
        a[0],
        a[1],
        100 * after.total().errorShare(),
        b[0],
        b[1]);
  }

  /** The 95 % interval of the share of errors, in percent; Wilson, JASA 1927. */
  private static double[] wilson(LoadReport report) {
    double n = Math.max(1, report.total().scheduled());
    double p = report.total().errorShare();
    double middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
    double width = Z / (1 + Z * Z / n) * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    return new double[] {100 * Math.max(0, middle - width), 100 * (middle + width)};
  }

  private static List<String> otherLoad(LoadReport before, LoadReport after) {
    var a = load(before);
    var b = load(after);
    var changed = new ArrayList<String>();
    a.forEach(
        (name, value) -> {
          if (!Objects.equals(value, b.get(name))) {
            changed.add(name + " " + value + " → " + b.get(name));
          }
        });
    return List.copyOf(changed);
  }

  /** What makes two results ones of the same load. */
  static Map<String, Object> load(LoadReport report) {
    LoadOptions options = report.options();
    var load = new LinkedHashMap<String, Object>();
    load.put("requests", report.requests().stream().map(r -> r.name()).toList());
    load.put("loop", options.isClosedLoop() ? "closed" : "open");
    load.put("protocol", options.getProtocol());
    load.put("connections", options.getConnections());
    load.put("depth", options.getDepth());
    load.put("new connections", options.isNewConnections());
    if (!options.isClosedLoop()) {
      load.put("schedule", report.scheduleHash());
    }
    return load;
  }

  /** The rows as changes that conditions are about. */
  public List<Change.Observed> observed() {
    return rows.stream()
        .map(r -> new Change.Observed(r.metric(), r.percent(), r.apart(), r.after()))
        .toList();
  }

  /** Whether something is worse by more than sampling explains. */
  public boolean worse() {
    return rows.stream().anyMatch(r -> r.apart() && r.worse());
  }
}
