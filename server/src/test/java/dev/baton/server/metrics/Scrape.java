package dev.baton.server.metrics;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What a scrape in Prometheus' text format says. */
record Scrape(String text, Map<String, Double> samples) {
  static Scrape of(@Nullable BatonMetrics metrics) {
    if (metrics == null) {
      throw new AssertionError("no metrics");
    }
    return parse(metrics.scrape(null).body().toString());
  }

  static Scrape parse(String text) {
    Map<String, Double> samples = new LinkedHashMap<>();
    text.lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(
            line -> {
              int space = line.lastIndexOf(' ');
              samples.put(
                  line.substring(0, space),
                  Double.valueOf(line.substring(space + 1).replace("Inf", "Infinity")));
            });
    return new Scrape(text, samples);
  }

  /** The value of a series, written as in the format, labels sorted. */
  double value(String series) {
    Double value = samples.get(series);
    if (value == null) {
      throw new AssertionError(
          "no "
              + series
              + " among "
              + samples.keySet().stream()
                  .filter(s -> s.startsWith(series.replaceAll("\\{.*", "")))
                  .sorted()
                  .toList());
    }
    return value;
  }

  /** Series whose name and labels begin so. */
  long count(String prefix) {
    return samples.keySet().stream().filter(series -> series.startsWith(prefix)).count();
  }

  static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain until " + what);
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
