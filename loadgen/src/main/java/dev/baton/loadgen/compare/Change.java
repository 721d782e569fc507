package dev.baton.loadgen.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A statement about how B differs from A: {@code worse}, {@code p99>10%} (of A, and more than
 * chance explains), {@code delivered<-5%}, {@code errors>0.1%} (of B's requests).
 *
 * @param text as written
 * @param metric what is looked at; {@code worse} for the verdict
 * @param above whether it is true above the bound, else below
 * @param bound in percent
 */
public record Change(String text, String metric, boolean above, double bound) {
  /** The metric of requests that were not ok. */
  public static final String ERRORS = "errors";

  /** The metric of requests per second that were ok. */
  public static final String DELIVERED = "delivered";

  private static final String WORSE = "worse";
  private static final Set<String> METRICS = Set.of("p50", "p99", "p99.9", DELIVERED, ERRORS);
  private static final Pattern SYNTAX =
      Pattern.compile("([a-z0-9.]+)\\s*([<>])\\s*([+-]?[0-9]*\\.?[0-9]+)\\s*%");

  /**
   * A metric as observed.
   *
   * @param metric its name
   * @param percent how B differs from A; NaN if one of them was not measured
   * @param shown whether the difference is more than chance explains
   * @param ofB its value of B
   */
  public record Observed(String metric, double percent, boolean shown, double ofB) {}

  /**
   * Reads statements, separated by commas.
   *
   * @throws IllegalArgumentException saying what to write instead
   */
  public static List<Change> parseAll(List<String> texts) {
    var changes = new ArrayList<Change>();
    for (String text : texts) {
      for (String part : text.split(",", -1)) {
        changes.add(parse(part.strip()));
      }
    }
    return changes;
  }

  private static Change parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.equals(WORSE)) {
      return new Change(text, WORSE, true, 0);
    }
    var matcher = SYNTAX.matcher(lower);
    if (!matcher.matches() || !METRICS.contains(matcher.group(1))) {
      throw new IllegalArgumentException(
          "--fail-if '"
              + text
              + "': write 'worse', or p50, p99, p99.9, delivered or errors with a change in"
              + " percent, as in 'p99>10%', 'delivered<-5%'");
    }
    return new Change(
        text, matcher.group(1), matcher.group(2).equals(">"), Double.parseDouble(matcher.group(3)));
  }

  /**
   * Whether it is true; of what was not measured it is.
   *
   * @param worse whether the comparison as a whole says that B is worse
   */
  public boolean holds(List<Observed> observed, boolean worse) {
    if (metric.equals(WORSE)) {
      return worse;
    }
    for (var one : observed) {
      if (one.metric().equals(metric)) {
        double value = metric.equals(ERRORS) ? one.ofB() : one.percent();
        boolean beyond = above ? value > bound : value < bound;
        return Double.isNaN(value) || (beyond && (metric.equals(ERRORS) || one.shown()));
      }
    }
    return false; // no block had an error
  }

  /** What it is about as observed. */
  public String describe(List<Observed> observed) {
    for (var one : observed) {
      if (one.metric().equals(metric)) {
        return metric.equals(ERRORS)
            ? String.format(Locale.ROOT, "errors %.3f %%", one.ofB())
            : Double.isNaN(one.percent())
                ? metric + " was not measured"
                : String.format(Locale.ROOT, "%s %+.2f %%", metric, one.percent());
      }
    }
    return metric.equals(WORSE) ? "B is worse" : metric;
  }
}
