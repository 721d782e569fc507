package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.Latencies;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A statement about a report, as in {@code p99<5ms}, {@code errors>0.1%}, {@code delivered<99%}.
 *
 * <p>Metrics: {@code p50}, {@code p99.9} and any other percentile, {@code mean}, {@code max} of the
 * response time, the same after {@code service.} for the service time; {@code errors}, the share of
 * the scheduled requests that did not end ok; {@code delivered}, the share of the asked rate that
 * was answered ok.
 *
 * <p>A request that failed took longer than any bound, unless one of the conditions judges {@code
 * errors}: then the times are those of the others.
 *
 * @param text as written
 * @param metric what is compared
 * @param below whether the metric has to be below the bound, else above
 * @param bound in milliseconds or percent
 * @param errorsApart whether another condition judges the requests that failed
 */
public record Condition(
    String text, String metric, boolean below, double bound, boolean errorsApart) {
  private static final Pattern SYNTAX =
      Pattern.compile("([a-z0-9.]+)\\s*([<>])=?\\s*([0-9]*\\.?[0-9]+)\\s*(us|ms|s|%)");
  private static final Pattern PERCENTILE = Pattern.compile("p([0-9]+(\\.[0-9]+)?)");

  /**
   * Reads one condition.
   *
   * @throws IllegalArgumentException saying what to write instead
   */
  public static Condition parse(String text) {
    var matcher = SYNTAX.matcher(text.trim().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "condition '"
              + text
              + "': write metric, < or >, number and unit, as in 'p99>5ms' or"
              + " 'errors>0%'");
    }
    String metric = matcher.group(1);
    String unit = matcher.group(4);
    boolean share = metric.equals("errors") || metric.equals("delivered");
    if (share != unit.equals("%")) {
      throw new IllegalArgumentException(
          "condition '" + text + "': " + metric + " takes " + (share ? "%" : "us, ms or s"));
    }
    if (!share) {
      String latency = metric.startsWith("service.") ? metric.substring(8) : metric;
      if (!latency.equals("mean")
          && !latency.equals("max")
          && !PERCENTILE.matcher(latency).matches()) {
        throw new IllegalArgumentException(
            "condition '"
                + text
                + "': the metric is one of p50, p99.9 and other percentiles, mean, max,"
                + " service.p99 and the like, errors, delivered");
      }
    }
    double factor =
        switch (unit) {
          case "us" -> 1e-3;
          case "s" -> 1e3;
          default -> 1;
        };
    double bound = Double.parseDouble(matcher.group(3)) * factor;
    return new Condition(text.trim(), metric, matcher.group(2).equals("<"), bound, false);
  }

  /** Reads conditions that belong together, each separated from the next by a comma. */
  public static List<Condition> parseAll(List<String> texts) {
    var conditions = new ArrayList<Condition>();
    for (String text : texts) {
      for (String part : text.split(",", -1)) {
        conditions.add(parse(part));
      }
    }
    boolean apart = conditions.stream().anyMatch(c -> c.metric.equals("errors"));
    return conditions.stream()
        .map(c -> new Condition(c.text, c.metric, c.below, c.bound, apart))
        .toList();
  }

  private boolean share() {
    return metric.equals("errors") || metric.equals("delivered");
  }

  private Latencies latencies(LoadReport report) {
    return metric.startsWith("service.") ? report.total().service() : report.total().response();
  }

  private String statistic() {
    return metric.startsWith("service.") ? metric.substring(8) : metric;
  }

  /**
   * The metric of the report, in milliseconds or percent; infinite if requests that failed decide
   * it, NaN if nothing was measured.
   */
  public double value(LoadReport report) {
    if (metric.equals("errors")) {
      return 100 * report.total().errorShare();
    }
    if (metric.equals("delivered")) {
      return report.askedRate() == 0
          ? Double.NaN
          : 100 * report.deliveredRate() / report.askedRate();
    }
    var latencies = latencies(report);
    long failed = errorsApart ? 0 : report.total().failed();
    if (failed > 0) {
      double all = (double) latencies.count() + failed;
      double percentile = statistic().startsWith("p") ? percentile() : 100;
      double among = percentile * all / Math.max(1, latencies.count());
      return among > 100 ? Double.POSITIVE_INFINITY : latencies.millisAt(among);
    }
    return switch (statistic()) {
      case "mean" -> latencies.meanMillis();
      case "max" -> latencies.maxMillis();
      default -> latencies.millisAt(percentile());
    };
  }

  /** The percentile that lateness of the generator is looked at for. */
  private double percentile() {
    return switch (statistic()) {
      case "mean" -> 50;
      case "max" -> 100;
      default -> Double.parseDouble(statistic().substring(1));
    };
  }

  /** Whether the statement is true of the report; of what was not measured none is. */
  public boolean holds(LoadReport report) {
    double value = value(report);
    return below ? value < bound : value > bound;
  }

  /** Whether the report has what the statement is about. */
  public boolean measured(LoadReport report) {
    return !Double.isNaN(value(report));
  }

  /** Why the generator's own lateness forbids a judgement; empty if it does not. */
  public String disturbance(LoadReport report) {
    return !share() && report.validity().disturbed(latencies(report), percentile())
        ? report.validity().reason(latencies(report), percentile())
        : "";
  }

  /** The metric and its value. */
  public String describe(LoadReport report) {
    double value = value(report);
    if (Double.isNaN(value)) {
      return metric + " was not measured";
    }
    if (Double.isInfinite(value)) {
      return String.format(
          Locale.ROOT,
          "%s has no bound, since %,d of %,d requests failed",
          metric,
          report.total().failed(),
          report.total().scheduled());
    }
    return String.format(Locale.ROOT, "%s = %.3f %s", metric, value, share() ? "%" : "ms");
  }
}
