package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A statement about a report, as in {@code p99<5ms}, {@code errors>0.1%}, {@code delivered<99%}.
 *
 * <p>Metrics: {@code p50}, {@code p99.9} and any other percentile, {@code mean}, {@code max} of the
 * response time, the same after {@code service.} for the service time; {@code errors}, the share of
 * the scheduled requests that did not end ok; {@code delivered}, the share of the asked rate.
 *
 * @param text as written
 * @param metric what is compared
 * @param below whether the metric has to be below the bound, else above
 * @param bound in milliseconds or percent
 */
public record Condition(String text, String metric, boolean below, double bound) {
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
          "condition '" + text + "': write metric, < or >, number and unit, as in 'p99>5ms'");
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
    return new Condition(text.trim(), metric, matcher.group(2).equals("<"), bound);
  }

  /** Reads conditions separated by commas. */
  public static List<Condition> parseAll(String text) {
    var conditions = new ArrayList<Condition>();
    for (String part : text.split(",", -1)) {
      conditions.add(parse(part));
    }
    return conditions;
  }

  /** The metric of the report, in milliseconds or percent. */
  public double value(LoadReport report) {
    if (metric.equals("errors")) {
      return 100 * report.total().errorShare();
    }
    if (metric.equals("delivered")) {
      return report.askedRate() == 0 ? 100 : 100 * report.deliveredRate() / report.askedRate();
    }
    boolean service = metric.startsWith("service.");
    var latencies = service ? report.total().service() : report.total().response();
    String latency = service ? metric.substring(8) : metric;
    return switch (latency) {
      case "mean" -> latencies.meanMillis();
      case "max" -> latencies.maxMillis();
      default -> latencies.millisAt(Double.parseDouble(latency.substring(1)));
    };
  }

  /** Whether the statement is true of the report. */
  public boolean holds(LoadReport report) {
    double value = value(report);
    return below ? value < bound : value > bound;
  }

  /** The metric and its value. */
  public String describe(LoadReport report) {
    boolean share = metric.equals("errors") || metric.equals("delivered");
    return String.format(Locale.ROOT, "%s = %.3f %s", metric, value(report), share ? "%" : "ms");
  }
}
