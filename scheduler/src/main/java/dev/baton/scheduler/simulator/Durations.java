package dev.baton.scheduler.simulator;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Times as people write them: a number with ns, us, ms or s. */
public final class Durations {
  private Durations() {}

  /**
   * Reads a time.
   *
   * @param text such as {@code 1.5ms}
   * @return nanoseconds, not negative
   * @throws IllegalArgumentException if it is none
   */
  public static long nanos(String text) {
    String time = text.strip().toLowerCase(Locale.ROOT).replace("µs", "us");
    int unit = time.length();
    while (unit > 0 && Character.isLetter(time.charAt(unit - 1))) {
      unit--;
    }
    double factor =
        switch (time.substring(unit).strip()) {
          case "ns" -> 1;
          case "us" -> 1e3;
          case "ms" -> 1e6;
          case "s" -> 1e9;
          default -> throw wrong(text, null);
        };
    try {
      double nanos = Double.parseDouble(time.substring(0, unit)) * factor;
      if (nanos >= 0 && nanos <= Long.MAX_VALUE / 4.0) {
        return Math.round(nanos);
      }
    } catch (NumberFormatException e) {
      throw wrong(text, e);
    }
    throw wrong(text, null);
  }

  /** Reads a plain number. */
  static double number(String text) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(text + " is no number", e);
    }
  }

  private static IllegalArgumentException wrong(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "time=" + text + ": give a number with its unit, such as 10us, 1.5ms or 2s", cause);
  }

  /** Writes a time with three digits at most, such as {@code 1.25ms}. */
  public static String text(long nanos) {
    if (nanos < 1_000) {
      return nanos + "ns";
    }
    if (nanos < 1e6) {
      return digits(nanos / 1e3) + "us";
    }
    return nanos < 1e9 ? digits(nanos / 1e6) + "ms" : digits(nanos / 1e9) + "s";
  }

  private static String digits(double value) {
    String text =
        String.format(Locale.ROOT, value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
    return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
  }
}
