package dev.baton.loadgen.results;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Change;
import dev.baton.loadgen.compare.Comparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Results of one load over time. Immutable.
 *
 * @param runs oldest first
 * @param metrics their metrics
 * @param others results in the directory that are of another load than the newest
 */
public record History(List<Run> runs, List<Metric> metrics, int others) {
  /** With fewer results before the newest there is no band. */
  public static final int LEAST_FOR_A_BAND = 5;

  // Normal values lie within it in 99.7 % of cases; 1.4826 makes the MAD a standard deviation.
  private static final double BAND = 3 * 1.4826;

  /**
   * One result.
   *
   * @param file its file's name
   * @param report the result
   */
  public record Run(String file, LoadReport report) {
    /** When it began. */
    public Instant startedAt() {
      return report.startedAt();
    }
  }

  /**
   * One metric over all runs.
   *
   * @param name its name
   * @param unit its unit
   * @param values one per run; NaN where it was not measured
   * @param low lower end of the noise band, from all runs but the newest; NaN if they are too few
   * @param middle their median
   * @param high upper end of the band
   */
  public record Metric(
      String name, String unit, List<Double> values, double low, double middle, double high) {
    /** Whether the newest value is beyond the band on the bad side. */
    public boolean worse() {
      double newest = values.getLast();
      return name.equals(Change.DELIVERED) ? newest < low : newest > high;
    }
  }

  /**
   * Reads the results in a directory; other JSON files are passed over.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static History read(Path directory) {
    var all = new ArrayList<Run>();
    try (var files = Files.newDirectoryStream(directory, "*.json")) {
      for (var file : files) {
        if (ReportFile.holdsReport(file)) {
          all.add(new Run(String.valueOf(file.getFileName()), ReportFile.read(file)));
        }
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(directory + ": is no directory that can be read", e);
    }
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          directory + ": holds no results; write them with run --json " + directory + "/NAME.json");
    }
    all.sort(Comparator.comparing(Run::startedAt));
    return of(all);
  }

  static History of(List<Run> all) {
    var load = SavedComparison.load(all.getLast().report());
    var runs = all.stream().filter(r -> SavedComparison.load(r.report()).equals(load)).toList();
    var metrics =
        List.of(
            metric("p50", "ms", runs, r -> Comparison.focus(r).millisAt(50)),
            metric("p99", "ms", runs, r -> Comparison.focus(r).millisAt(99)),
            metric("p99.9", "ms", runs, r -> Comparison.focus(r).millisAt(99.9)),
            metric(Change.DELIVERED, "/s", runs, LoadReport::deliveredRate),
            metric(Change.ERRORS, "%", runs, r -> 100 * r.total().errorShare()));
    return new History(runs, metrics, all.size() - runs.size());
  }

  private static Metric metric(
      String name, String unit, List<Run> runs, ToDoubleFunction<LoadReport> value) {
    var values = runs.stream().map(r -> value.applyAsDouble(r.report())).toList();
    double[] before =
        values.subList(0, values.size() - 1).stream()
            .mapToDouble(Double::doubleValue)
            .filter(v -> !Double.isNaN(v))
            .toArray();
    if (before.length < LEAST_FOR_A_BAND) {
      return new Metric(name, unit, values, Double.NaN, Double.NaN, Double.NaN);
    }
    double middle = median(before);
    double deviation = median(Arrays.stream(before).map(v -> Math.abs(v - middle)).toArray());
    return new Metric(
        name, unit, values, middle - BAND * deviation, middle, middle + BAND * deviation);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /** The metrics whose newest value is beyond the band on the bad side. */
  public List<Metric> worse() {
    return metrics.stream().filter(Metric::worse).toList();
  }
}
