package dev.baton.loadgen.compare;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The difference of a metric between B and A over pairs of blocks, relative to A.
 *
 * <p>The blocks are the statistical unit. The interval is a 95 % bootstrap interval of the mean log
 * ratio; the p-value that of the exact sign-flip test: how often random exchanges of A and B within
 * the pairs would give a mean at least as far from 0.
 *
 * @param metric its name
 * @param unit its unit
 * @param medianA median over the blocks of A
 * @param medianB median over the blocks of B
 * @param percent B against A, in percent
 * @param lowPercent lower end of the interval
 * @param highPercent upper end of the interval
 * @param pValue of the sign-flip test
 */
public record PairedDifference(
    String metric,
    String unit,
    double medianA,
    double medianB,
    double percent,
    double lowPercent,
    double highPercent,
    double pValue) {

  private static final int RESAMPLES = 10_000;
  private static final int EXACT_UP_TO = 16;

  /** Computes the difference from the blocks' values; pair i is (a[i], b[i]), all above 0. */
  public static PairedDifference of(String metric, String unit, double[] a, double[] b, long seed) {
    int n = a.length;
    double[] logs = new double[n];
    for (int i = 0; i < n; i++) {
      logs[i] = a[i] > 0 && b[i] > 0 ? Math.log(b[i] / a[i]) : 0;
    }
    double mean = mean(logs);
    var random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += logs[random.nextInt(n)];
      }
      means[r] = sum / n;
    }
    Arrays.sort(means);
    return new PairedDifference(
        metric,
        unit,
        median(a),
        median(b),
        percent(mean),
        percent(means[(int) (RESAMPLES * 0.025)]),
        percent(means[(int) (RESAMPLES * 0.975)]),
        signFlip(logs, random));
  }

  private static double signFlip(double[] logs, SplittableRandom random) {
    int n = logs.length;
    double observed = Math.abs(mean(logs)) * (1 - 1e-12);
    long flips = n <= EXACT_UP_TO ? 1L << n : 1L << EXACT_UP_TO;
    long extreme = 0;
    for (long flip = 0; flip < flips; flip++) {
      long signs = n <= EXACT_UP_TO ? flip : random.nextLong();
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += (signs >>> i & 1) == 0 ? logs[i] : -logs[i];
      }
      if (Math.abs(sum / n) >= observed) {
        extreme++;
      }
    }
    return (double) extreme / flips;
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(0);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private static double percent(double log) {
    return 100 * Math.expm1(log);
  }

  /** Whether the interval excludes 0 and the p-value is below the given level. */
  public boolean shown(double level) {
    return pValue < level && (lowPercent > 0 || highPercent < 0);
  }
}
