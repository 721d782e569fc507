package dev.baton.loadgen.record;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Decides whether the generator disturbed what it measured.
 *
 * <p>A percentile is not to be trusted if the generator's own lateness at the same percentile is
 * more than a tenth of it and more than {@value #FLOOR_MICROS} µs.
 */
public final class Validity {
  /** Lateness below this many microseconds never matters: it is the timer of the machine. */
  public static final int FLOOR_MICROS = 200;

  /** Lateness above this share of the reported percentile is material. */
  public static final double MATERIAL_SHARE = 0.1;

  /** A percentile with fewer values beyond it says nothing and is not judged. */
  public static final int MIN_BEYOND = 5;

  private static final double[] PERCENTILES = {50, 90, 99, 99.9};

  private Validity() {}

  /** The reasons why the response times are not to be trusted; empty if they are. */
  public static List<String> reasons(String prefix, Latencies response, Latencies lateness) {
    var reasons = new ArrayList<String>();
    for (double percentile : PERCENTILES) {
      double late = lateness.millisAt(percentile);
      double reported = response.millisAt(percentile);
      if (response.count() * (1 - percentile / 100) >= MIN_BEYOND
          && late > FLOOR_MICROS / 1e3
          && late > MATERIAL_SHARE * reported) {
        reasons.add(
            String.format(
                Locale.ROOT,
                "%sthe generator was late by %.3f ms at p%s, where the response time is %.3f ms:"
                    + " lower the rate or give it a core of its own",
                prefix,
                late,
                percentile == Math.rint(percentile) ? "" + (int) percentile : "" + percentile,
                reported));
      }
    }
    return reasons;
  }
}
