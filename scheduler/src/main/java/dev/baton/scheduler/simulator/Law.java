package dev.baton.scheduler.simulator;

import java.util.Locale;
import java.util.random.RandomGenerator;

/** How a time is distributed. */
public sealed interface Law {
  /** A time, nanoseconds, not negative. */
  long sample(RandomGenerator random);

  /** The mean, nanoseconds. */
  double meanNanos();

  /** Always the same. */
  record Constant(long nanos) implements Law {
    @Override
    public long sample(RandomGenerator random) {
      return nanos;
    }

    @Override
    public double meanNanos() {
      return (double) nanos;
    }

    @Override
    public String toString() {
      return Durations.text(nanos);
    }
  }

  /** Without memory. */
  record Exponential(long meanOf) implements Law {
    @Override
    public long sample(RandomGenerator random) {
      return Math.round(random.nextExponential() * meanOf);
    }

    @Override
    public double meanNanos() {
      return (double) meanOf;
    }

    @Override
    public String toString() {
      return "exp(" + Durations.text(meanOf) + ")";
    }
  }

  /** Anything between two times. */
  record Uniform(long least, long most) implements Law {
    /** Checks the order. */
    public Uniform {
      if (most < least) {
        throw new IllegalArgumentException(
            "uniform(" + least + "," + most + "): give the shorter time first");
      }
    }

    @Override
    public long sample(RandomGenerator random) {
      return random.nextLong(least, most + 1);
    }

    @Override
    public double meanNanos() {
      return (least + most) / 2.0;
    }

    @Override
    public String toString() {
      return "uniform(" + Durations.text(least) + "," + Durations.text(most) + ")";
    }
  }

  /** Its logarithm is normal: times of real services, with {@code sigma} of 0.5 … 2. */
  record Lognormal(long median, double sigma) implements Law {
    @Override
    public long sample(RandomGenerator random) {
      return Math.round(median * StrictMath.exp(sigma * random.nextGaussian()));
    }

    @Override
    public double meanNanos() {
      return median * StrictMath.exp(sigma * sigma / 2);
    }

    @Override
    public String toString() {
      return "lognormal("
          + Durations.text(median)
          + ","
          + String.format(Locale.ROOT, "%s", sigma)
          + ")";
    }
  }

  /**
   * Reads a law.
   *
   * @param text such as {@code 10us}, {@code exp(1ms)}, {@code uniform(1ms,2ms)} or {@code
   *     lognormal(1ms,0.8)}
   * @throws IllegalArgumentException if it is none
   */
  static Law parse(String text) {
    String law = text.strip().toLowerCase(Locale.ROOT);
    int open = law.indexOf('(');
    if (open < 0) {
      return new Constant(Durations.nanos(law));
    }
    if (!law.endsWith(")")) {
      throw new IllegalArgumentException("law=" + text + ": the closing parenthesis is missing");
    }
    String name = law.substring(0, open);
    String[] of = law.substring(open + 1, law.length() - 1).split(",", -1);
    if (of.length == 1 && name.equals("exp")) {
      return new Exponential(Durations.nanos(of[0]));
    }
    if (of.length == 2 && name.equals("uniform")) {
      return new Uniform(Durations.nanos(of[0]), Durations.nanos(of[1]));
    }
    if (of.length == 2 && name.equals("lognormal")) {
      return new Lognormal(Durations.nanos(of[0]), Durations.number(of[1]));
    }
    throw new IllegalArgumentException(
        "law="
            + text
            + " is unknown: give a time such as 10us, exp(10us), uniform(10us,20us)"
            + " or lognormal(10us,0.8)");
  }
}
