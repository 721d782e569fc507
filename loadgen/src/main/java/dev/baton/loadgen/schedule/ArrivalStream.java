package dev.baton.loadgen.schedule;

import java.util.SplittableRandom;

/**
 * One seeded stream of arrivals over the phases; not thread-safe.
 *
 * <p>The arrivals are those of a unit-rate process (every 1, or exponential with mean 1) mapped
 * through the inverse of the cumulative rate, so that any rate profile has the right law. {@link
 * StrictMath} keeps it identical on every machine.
 */
final class ArrivalStream {
  private final Phase[] phases;
  private final double share;
  private final Arrivals arrivals;
  private final SplittableRandom random;
  private final int[] requests;
  private final double[] cumulativeWeights;

  // The position in the unit-rate process, and the phase it falls into.
  private double position;
  private int phase;
  private double phaseStart;
  private double phaseStartSeconds;

  /** Of the arrival that {@link #advance} moved to: nanoseconds after the start of the schedule. */
  long offsetNanos;

  /** Index of the request it sends. */
  int request;

  ArrivalStream(
      Phase[] phases,
      double share,
      Arrivals arrivals,
      long seed,
      int[] requests,
      double[] weights) {
    this.phases = phases;
    this.share = share;
    this.arrivals = arrivals;
    this.random = new SplittableRandom(seed);
    this.requests = requests;
    this.cumulativeWeights = cumulate(weights);
    this.position = arrivals == Arrivals.UNIFORM ? random.nextDouble() - 1 : 0;
  }

  private static double[] cumulate(double[] weights) {
    double[] sums = new double[weights.length];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i];
      sums[i] = sum;
    }
    return sums;
  }

  int phase() {
    return phase;
  }

  /** Moves to the next arrival; {@code false} at the end of the phases. */
  boolean advance() {
    position +=
        arrivals == Arrivals.UNIFORM ? 1 : -StrictMath.log(1 - random.nextDouble()); // (0, 1]
    while (phase < phases.length) {
      double requestsOfPhase = phases[phase].requests() * share;
      if (position < phaseStart + requestsOfPhase) {
        double seconds =
            phaseStartSeconds + secondsInto(phases[phase], (position - phaseStart) / share);
        offsetNanos = (long) (seconds * 1e9);
        request = pick();
        return true;
      }
      phaseStart += requestsOfPhase;
      phaseStartSeconds += phases[phase].seconds();
      phase++;
    }
    return false;
  }

  /** Solves {@code startRate·t + (endRate − startRate)/(2·duration)·t² = requests} for t. */
  private static double secondsInto(Phase phase, double requests) {
    double slope = (phase.endRate() - phase.startRate()) / phase.seconds();
    double start = phase.startRate();
    if (slope == 0) {
      return requests / start;
    }
    double root = StrictMath.sqrt(Math.max(0, start * start + 2 * slope * requests));
    return 2 * requests / (start + root);
  }

  private int pick() {
    if (requests.length == 1) {
      return requests[0];
    }
    double point = random.nextDouble() * cumulativeWeights[cumulativeWeights.length - 1];
    int i = 0;
    while (i < requests.length - 1 && point >= cumulativeWeights[i]) {
      i++;
    }
    return requests[i];
  }
}
