package dev.baton.loadgen.record;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Decides whether the generator disturbed what it measured: by looking late at requests that were
 * due, by being away from its sockets when answers came, or by not getting on at all.
 *
 * <p>A percentile is disturbed if the generator's own lateness at the same percentile is more than
 * a tenth of it and more than {@value #FLOOR_MICROS} µs. One with few values beyond it makes the
 * whole run invalid only if the lateness is more than the hiccup of a busy machine.
 *
 * @param lateness how late it looked at requests that were due
 * @param pauses how long it was away from its sockets at a time
 * @param seconds length of the measured time
 */
public record Validity(Latencies lateness, Latencies pauses, double seconds) {
  /** Lateness below this many microseconds never matters: it is the timer of the machine. */
  public static final int FLOOR_MICROS = 200;

  /** Lateness above this share of the reported percentile is material. */
  public static final double MATERIAL_SHARE = 0.1;

  /** A percentile with fewer values beyond it hangs on single ones. */
  public static final int MIN_BEYOND = 5;

  /** Lateness of single requests above this many milliseconds is no hiccup. */
  public static final double HICCUP_MILLIS = 10;

  /** A closed loop whose generator is idle for less than this share shows the generator. */
  public static final double LEAST_IDLE_SHARE = 0.05;

  /** A closed loop whose generator waits for its core for more than this share is held up. */
  public static final double MOST_WAITED_SHARE = 0.1;

  private static final double[] PERCENTILES = {50, 90, 99, 99.9};

  /**
   * The generator's lateness at the given percentile (0 to 100) in milliseconds: what a request
   * that was due, or an answer that came at any time, had to wait for it.
   */
  public double lateMillis(double percentile) {
    double sending = lateness.count() == 0 ? 0 : lateness.millisAt(percentile);
    return Math.max(sending, pauseMillis(percentile));
  }

  /**
   * What a share of (100 − percentile) % of all instants waits at least for the end of a pause: the
   * t at which the sum of (pause − t) over the longer pauses makes up that share of the time.
   */
  private double pauseMillis(double percentile) {
    double allowed = (1 - percentile / 100) * seconds * 1e9;
    var values = new ArrayList<double[]>();
    for (var step : pauses.histogram().recordedValues()) {
      values.add(new double[] {step.getValueIteratedTo(), step.getCountAtValueIteratedTo()});
    }
    double longer = 0;
    double sum = 0;
    double rest = 0;
    for (var value : values.reversed()) {
      if (longer > 0 && (sum - allowed) / longer >= value[0]) {
        break;
      }
      longer += value[1];
      sum += value[0] * value[1];
      rest = Math.max(0, (sum - allowed) / longer);
    }
    return rest / 1e6;
  }

  /** Whether the given percentile of what is reported is in good part the generator's doing. */
  public boolean disturbed(Latencies reported, double percentile) {
    double late = lateMillis(percentile);
    return reported.count() > 0
        && late > FLOOR_MICROS / 1e3
        && late > MATERIAL_SHARE * reported.millisAt(percentile);
  }

  /** The reasons why the response times are not to be trusted; empty if they are. */
  public List<String> reasons(String prefix, Latencies response) {
    return invalidAt(response).stream().map(p -> prefix + reason(response, p)).toList();
  }

  /** The percentiles (0 to 100) because of which the response times are not to be trusted. */
  public List<Double> invalidAt(Latencies response) {
    var invalid = new ArrayList<Double>();
    for (double percentile : PERCENTILES) {
      boolean few = response.count() * (1 - percentile / 100) < MIN_BEYOND;
      if (disturbed(response, percentile) && !(few && lateMillis(percentile) <= HICCUP_MILLIS)) {
        invalid.add(percentile);
      }
    }
    return invalid;
  }

  /** Says of a percentile that is disturbed why it is. */
  public String reason(Latencies response, double percentile) {
    return String.format(
        Locale.ROOT,
        "the generator was late by %.3f ms at p%s, where the response time is %.3f ms:"
            + " lower the rate or give it a core of its own",
        lateMillis(percentile),
        percentile == Math.rint(percentile) ? "" + (int) percentile : "" + percentile,
        response.millisAt(percentile));
  }

  /** The reasons why the throughput of a closed loop is not the server's; empty if it is. */
  public static List<String> closedLoopReasons(CoreUse core) {
    if (core.waitedShare() > MOST_WAITED_SHARE) {
      return List.of(
          String.format(
              Locale.ROOT,
              "the generator waited for its core for %.0f %% of the time: give it a core of its"
                  + " own",
              100 * core.waitedShare()));
    }
    if (core.busyShare() > 1 - LEAST_IDLE_SHARE) {
      return List.of(
          String.format(
              Locale.ROOT,
              "the generator used %.0f %% of its core: the throughput is its own limit, not the"
                  + " server's; run several generators",
              100 * core.busyShare()));
    }
    return List.of();
  }
}
