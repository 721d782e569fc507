package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Searches the highest rate at which conditions hold: doubles until one breaks, bisects, then
 * confirms the best rate with a longer run and steps down until that holds too.
 *
 * <p>A rate counts only if the generator was undisturbed and at least {@value #DELIVERED_PERCENT} %
 * of it was answered. One that does not hold is tried once more, since a single disturbance of the
 * machine would lead the search astray.
 */
public final class RateSearch {
  /** What has to be answered of a rate, in percent. */
  public static final double DELIVERED_PERCENT = 99;

  private static final int ATTEMPTS = 2;

  private final LoadOptions options;
  private final List<Condition> conditions;
  private final double lowest;
  private final double highest;
  private final double tolerance;
  private final Duration confirmation;
  private final Consumer<Probe> listener;
  private final Function<LoadOptions, LoadReport> runner;

  // A server that cannot be reached any more is one that does not hold the rate.
  private boolean anyProbe;

  // Written by any thread
  private volatile boolean stopped;

  // Written by the thread that runs, read by the one that stops
  private volatile @Nullable LoadGenerator running;

  /**
   * One rate tried.
   *
   * @param rate asked for, requests per second
   * @param report what came of it
   * @param holds whether it counts
   * @param confirmation whether it was a long run
   * @param disturbed whether the generator is the reason why it does not count
   * @param why the first reason why it does not count; empty if it does
   */
  public record Probe(
      double rate,
      LoadReport report,
      boolean holds,
      boolean confirmation,
      boolean disturbed,
      String why) {}

  /**
   * The end of a search.
   *
   * @param rate the highest rate that holds; 0 if none does
   * @param confirmed the run that confirmed it, or null
   * @param probes all rates tried, in order
   * @param reachedLimit whether the highest rate allowed still held
   * @param generatorLimit whether it was the generator that did not get beyond the rate: the server
   *     may hold more
   * @param interrupted whether it was told to end before it was done
   */
  public record Result(
      double rate,
      @Nullable LoadReport confirmed,
      List<Probe> probes,
      boolean reachedLimit,
      boolean generatorLimit,
      boolean interrupted) {}

  /**
   * Creates a search over the rates between lowest and highest.
   *
   * @param tolerance the bracket is narrowed to this share, as in 0.03
   * @param confirmation length of the run that confirms the result
   */
  public RateSearch(
      LoadOptions options,
      List<Condition> conditions,
      double lowest,
      double highest,
      double tolerance,
      Duration confirmation,
      Consumer<Probe> listener) {
    this(options, conditions, lowest, highest, tolerance, confirmation, listener, null);
  }

  RateSearch(
      LoadOptions options,
      List<Condition> conditions,
      double lowest,
      double highest,
      double tolerance,
      Duration confirmation,
      Consumer<Probe> listener,
      @Nullable Function<LoadOptions, LoadReport> runner) {
    if (!(lowest > 0 && lowest <= highest)) {
      throw new IllegalArgumentException(
          "from=" + lowest + ", to=" + highest + ": need 0 < from <= to");
    }
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new IllegalArgumentException("tolerance=" + tolerance + ": must be between 0 and 1");
    }
    this.options = options;
    this.conditions = conditions;
    this.lowest = lowest;
    this.highest = highest;
    this.tolerance = tolerance;
    this.confirmation = confirmation;
    this.listener = listener;
    this.runner = runner == null ? this::generate : runner;
  }

  private LoadReport generate(LoadOptions load) {
    var generator = LoadGenerator.create(load);
    running = generator;
    if (stopped) {
      generator.stop();
    }
    return generator.run();
  }

  /** Asks a running search to end now; any thread. */
  public void stop() {
    stopped = true;
    var generator = running;
    if (generator != null) {
      generator.stop();
    }
  }

  /** Runs the search on the calling thread. */
  public Result run() {
    var probes = new ArrayList<Probe>();
    double good = 0;
    double bad = Double.POSITIVE_INFINITY;
    boolean disturbed = false;
    for (double rate = lowest; ; rate = Math.min(highest, rate * 2)) {
      if (!probe(rate, options.getDuration(), false, probes)) {
        bad = rate;
        disturbed = disturbed(probes);
        break;
      }
      good = rate;
      if (rate >= highest) {
        break;
      }
    }
    while (!stopped && good > 0 && bad / good > 1 + tolerance && Double.isFinite(bad)) {
      double middle = Math.sqrt(good * bad);
      if (probe(middle, options.getDuration(), false, probes)) {
        good = middle;
      } else {
        bad = middle;
        disturbed = disturbed(probes);
      }
    }
    while (good >= lowest && !stopped) {
      if (probe(good, confirmation, true, probes)) {
        return new Result(
            good, probes.getLast().report(), probes, good >= highest, disturbed, false);
      }
      disturbed = disturbed(probes);
      good /= 1 + tolerance;
    }
    return new Result(0, null, probes, false, disturbed, stopped);
  }

  private static boolean disturbed(List<Probe> probes) {
    return !probes.isEmpty() && probes.getLast().disturbed();
  }

  private boolean probe(double rate, Duration duration, boolean confirming, List<Probe> probes) {
    for (int attempt = 0; attempt < ATTEMPTS && !stopped; attempt++) {
      var report = runner.apply(atRate(rate).setDuration(duration));
      anyProbe = true;
      if (report.interrupted()) {
        return false;
      }
      String disturbance = disturbance(report);
      String why = disturbance.isEmpty() ? why(report) : "INVALID: " + disturbance;
      var probe = new Probe(rate, report, why.isEmpty(), confirming, !disturbance.isEmpty(), why);
      probes.add(probe);
      listener.accept(probe);
      if (probe.holds()) {
        return true;
      }
    }
    return false;
  }

  /** The options at another rate; own rates of the mix keep their share. */
  private LoadOptions atRate(double rate) {
    var scaled = new LoadOptions(options).setUnreachableAllowed(anyProbe);
    double factor = rate / options.getRate();
    scaled.setRequests(
        options.getRequests().stream().map(r -> r.withRate(r.rate() * factor)).toList());
    scaled.setScenarios(
        options.getScenarios().stream().map(s -> s.withRate(s.rate() * factor)).toList());
    return scaled.setRate(rate);
  }

  /** Why the generator forbids a judgement; empty if it does not. */
  private String disturbance(LoadReport report) {
    return report.valid()
        ? conditions.stream()
            .map(c -> c.disturbance(report))
            .filter(d -> !d.isEmpty())
            .findFirst()
            .orElse("")
        : report.invalidReasons().getFirst();
  }

  private String why(LoadReport report) {
    for (var condition : conditions) {
      if (!condition.holds(report)) {
        return condition.describe(report) + " breaks " + condition.text();
      }
    }
    double answered = 100 * report.answeredRate() / report.askedRate();
    if (!(answered >= DELIVERED_PERCENT)) {
      return String.format(Locale.ROOT, "only %.1f %% of it was answered", answered);
    }
    return "";
  }
}
