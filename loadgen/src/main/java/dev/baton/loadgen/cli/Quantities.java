package dev.baton.loadgen.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/** Reads rates and durations as people write them. */
final class Quantities {
  private static final Pattern RATE = Pattern.compile("([0-9]*\\.?[0-9]+)\\s*([kKmM]?)(?:/s)?");
  private static final Pattern DURATION = Pattern.compile("([0-9]*\\.?[0-9]+)\\s*(us|ms|s|m|h)");

  private Quantities() {}

  /** Requests per second: {@code 500}, {@code 20k}, {@code 1.5M}, {@code 40/s}. */
  static double rate(String text) {
    var matcher = RATE.matcher(text.trim());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a rate: write requests per second, as in 500, 20k or 40/s");
    }
    double factor =
        switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
          case "k" -> 1e3;
          case "m" -> 1e6;
          default -> 1;
        };
    return Double.parseDouble(matcher.group(1)) * factor;
  }

  /** A duration with its unit: {@code 500ms}, {@code 30s}, {@code 2m}. */
  static Duration duration(String text) {
    var matcher = DURATION.matcher(text.trim());
    if (text.trim().equals("0")) {
      return Duration.ZERO;
    }
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a duration: write a number with us, ms, s, m or h, as in 30s");
    }
    double nanos =
        switch (matcher.group(2)) {
          case "us" -> 1e3;
          case "ms" -> 1e6;
          case "s" -> 1e9;
          case "m" -> 60e9;
          default -> 3600e9;
        };
    return Duration.ofNanos(Math.round(Double.parseDouble(matcher.group(1)) * nanos));
  }

  /** A rate as short text: {@code 20k}, {@code 1.5k}, {@code 40}. */
  static String rateText(double rate) {
    if (rate >= 10_000) {
      return String.format(Locale.ROOT, "%.1fk", rate / 1000).replace(".0k", "k");
    }
    return String.format(Locale.ROOT, rate >= 100 ? "%.0f" : "%.1f", rate).replace(".0", "");
  }
}
