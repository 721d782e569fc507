package dev.baton.loadgen.compare;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * The difference of a metric between B and A over pairs of blocks, relative to A.
 *
 * <p>The blocks are the statistical unit. The interval is a 95 % bootstrap-t interval of the mean
 * log ratio: the plain percentile bootstrap is too narrow for ten pairs. The p-value is that of the
 * exact sign-flip test: how often random exchanges of A and B within the pairs would give a mean at
 * least as far from 0. Shares are compared by their differences instead, in percentage points.
 *
 * <p>A metric that one block did not measure has no difference: its numbers are NaN, its p-value 1.
 * Nor have less than two pairs.
 *
 * @param metric its name
 * @param unit its unit, {@value #SHARE} for shares
 * @param medianA median over the blocks of A
 * @param medianB median over the blocks of B
 * @param percent B against A, in percent; of shares in percentage points
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

  /** The unit of shares. */
  public static final String SHARE = "%";

  private static final int RESAMPLES = 4_000;
  private static final int EXACT_UP_TO = 16;
  private static final double LEAST_ERROR = 0.25;

  /** Computes the difference from the blocks' values; pair i is (a[i], b[i]). */
  public static PairedDifference of(String metric, String unit, double[] a, double[] b, long seed) {
    int n = a.length;
    boolean shares = unit.equals(SHARE);
    double[] steps = new double[n];
    for (int i = 0; i < n; i++) {
      steps[i] = shares ? b[i] - a[i] : Math.log(b[i] / a[i]);
    }
    if (n < 2 || !Arrays.stream(steps).allMatch(Double::isFinite)) {
      return new PairedDifference(
          metric, unit, median(a), median(b), Double.NaN, Double.NaN, Double.NaN, 1);
    }
    double mean = mean(steps);
    double error = standardError(steps, mean);
    var random = new SplittableRandom(seed);
    double[] t = studentized(steps, mean, error, random);
    DoubleUnaryOperator scale = shares ? points -> points : PairedDifference::percent;
    return new PairedDifference(
        metric,
        unit,
        median(a),
        median(b),
        scale.applyAsDouble(mean),
        scale.applyAsDouble(mean - error * t[(int) (t.length * 0.975)]),
        scale.applyAsDouble(mean - error * t[(int) (t.length * 0.025)]),
        signFlip(steps, random));
  }

  /** Whether every block measured it. */
  public boolean measured() {
    return !Double.isNaN(percent);
  }

  /** What the difference is in: percent, or points of a percentage. */
  public String differenceUnit() {
    return unit.equals(SHARE) ? " pp" : "%";
  }

  /**
   * How many standard errors of their own resampled means lie from the mean, sorted. A resample
   * without the one pair that differs has no error of its own: none is taken for less than a part
   * of the sample's, or the interval would have no end.
   *
   * @see <a href="https://doi.org/10.1007/978-1-4899-4541-9">Efron and Tibshirani, An Introduction
   *     to the Bootstrap, chapter 12</a>
   */
  private static double[] studentized(
      double[] logs, double mean, double sampleError, SplittableRandom random) {
    double[] t = new double[RESAMPLES];
    double[] sample = new double[logs.length];
    for (int r = 0; r < RESAMPLES; r++) {
      for (int i = 0; i < sample.length; i++) {
        sample[i] = logs[random.nextInt(logs.length)];
      }
      double resampled = mean(sample);
      double error = Math.max(standardError(sample, resampled), sampleError * LEAST_ERROR);
      t[r] = error > 0 ? (resampled - mean) / error : 0;
    }
    Arrays.sort(t);
    return t;
  }

  private static double standardError(double[] values, double mean) {
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / (values.length - 1) / values.length);
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
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    if (sorted.length == 0) {
      return Double.NaN;
    }
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
