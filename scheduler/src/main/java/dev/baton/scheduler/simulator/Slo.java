package dev.baton.scheduler.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is asked of latencies.
 *
 * @param goals all of them are to hold; not empty
 */
public record Slo(List<Goal> goals) {
  private static final Pattern GOAL =
      Pattern.compile("(?:(?<kind>\\S+)\\s+)?p(?<percentile>[\\d.]+)\\s*[<=]*\\s*(?<time>\\S+)");

  /**
   * One goal.
   *
   * @param kind of the requests; empty: all of them
   * @param percentile above 0 and below 100
   * @param nanos what that may be at most
   */
  public record Goal(String kind, double percentile, long nanos) {
    /** What it is. */
    long found(SimulationResult result) {
      int index = result.latencies().kinds().indexOf(kind);
      if (index < 0 && !kind.isEmpty()) {
        throw new IllegalArgumentException(
            "slo: there are no requests " + kind + ", but " + result.latencies().kinds());
      }
      return index < 0
          ? result.latencies().nanosAt(percentile)
          : result.latencies().nanosAt(index, percentile);
    }

    @Override
    public String toString() {
      return (kind.isEmpty() ? "" : kind + " ")
          + String.format(Locale.ROOT, "p%s", percentile).replaceAll("\\.0$", "")
          + " "
          + Durations.text(nanos);
    }
  }

  /**
   * Reads what is asked.
   *
   * @param text goals separated by commas: perhaps the kind of requests, the percentile, the time,
   *     such as {@code p99 2ms} or {@code fast p99.9 1ms, p99 50ms}
   * @throws IllegalArgumentException if it is none
   */
  public static Slo parse(String text) {
    var goals = new ArrayList<Goal>();
    for (String part : text.split(",", -1)) {
      Matcher matcher = GOAL.matcher(part.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "slo=" + text + ": give goals such as 'p99 2ms' or 'fast p99.9 1ms, p99 50ms'");
      }
      String kind = matcher.group("kind");
      double percentile = Durations.number(matcher.group("percentile"));
      if (percentile <= 0 || percentile >= 100) {
        throw new IllegalArgumentException("slo=" + text + ": a percentile is above 0, below 100");
      }
      goals.add(
          new Goal(kind == null ? "" : kind, percentile, Durations.nanos(matcher.group("time"))));
    }
    return new Slo(List.copyOf(goals));
  }

  /** Whether it holds; never of a server that does not keep up. */
  public boolean holds(SimulationResult result) {
    return result.keepsUp() && goals.stream().allMatch(goal -> goal.found(result) <= goal.nanos());
  }

  @Override
  public String toString() {
    return String.join(", ", goals.stream().map(Goal::toString).toList());
  }
}
