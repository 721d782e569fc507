package dev.baton.scheduler.simulator;

import java.util.random.RandomGenerator;

/** When requests come: the time from each to the next. */
public sealed interface Arrivals {
  /** Nanoseconds until the next one. */
  double nextNanos(RandomGenerator random);

  /** Each comes without regard to those before it. */
  final class Poisson implements Arrivals {
    private final double meanNanos;

    /**
     * Fixes the rate.
     *
     * @param perSecond above 0
     */
    public Poisson(double perSecond) {
      meanNanos = 1e9 / perSecond;
    }

    @Override
    public double nextNanos(RandomGenerator random) {
      return random.nextExponential() * meanNanos;
    }
  }

  /**
   * Poisson, at a rate that changes between a high and a low one, each for an exponentially
   * distributed time (a Markov-modulated Poisson process of two states). A tenth of the time it is
   * {@link #PEAK} times the mean; the rest makes up for that.
   */
  final class Bursty implements Arrivals {
    private static final double PEAK = 4;
    private static final double SHARE = 0.1;
    private static final double BURST_NANOS = 10e6;

    private final double highNanos;
    private final double lowNanos;
    private boolean high;
    private double leftNanos; // of this state

    /**
     * Fixes the mean rate.
     *
     * @param perSecond above 0
     */
    public Bursty(double perSecond) {
      highNanos = 1e9 / (perSecond * PEAK);
      lowNanos = 1e9 / (perSecond * (1 - SHARE * PEAK) / (1 - SHARE));
      high = true; // the first draw begins with a low one
    }

    @Override
    public double nextNanos(RandomGenerator random) {
      double waited = 0;
      double events = random.nextExponential(); // of the process at rate 1, until the next one
      while (true) {
        double mean = high ? highNanos : lowNanos;
        if (events * mean <= leftNanos) {
          leftNanos -= events * mean;
          return waited + events * mean;
        }
        waited += leftNanos;
        events -= leftNanos / mean;
        high = !high;
        leftNanos =
            random.nextExponential() * (high ? BURST_NANOS : BURST_NANOS * (1 - SHARE) / SHARE);
      }
    }
  }
}
