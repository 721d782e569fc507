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
 * of it was delivered. One that does not hold is tried once more, since a single disturbance of the
 * machine would lead the search astray.
 */
public final class RateSearch {
  /** What has to be delivered of a rate, in percent. */
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

  /**
   * One rate tried.
   *
   * @param rate asked for, requests per second
   * @param report what came of it
   * @param holds whether it counts
   * @param confirmation whether it was a long run
   * @param why the first reason why it does not count; empty if it does
   */
  public record Probe(
      double rate, LoadReport report, boolean holds, boolean confirmation, String why) {}

  /**
   * The end of a search.
   *
   * @param rate the highest rate that holds; 0 if none does
   * @param confirmed the run that confirmed it, or null
   * @param probes all rates tried, in order
   * @param reachedLimit whether the highest rate allowed still held
   */
  public record Result(
      double rate, @Nullable LoadReport confirmed, List<Probe> probes, boolean reachedLimit) {}

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
    this(
        options,
        conditions,
        lowest,
        highest,
        tolerance,
        confirmation,
        listener,
        o -> LoadGenerator.create(o).run());
  }

  RateSearch(
      LoadOptions options,
      List<Condition> conditions,
      double lowest,
      double highest,
      double tolerance,
      Duration confirmation,
      Consumer<Probe> listener,
      Function<LoadOptions, LoadReport> runner) {
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
    this.runner = runner;
  }

  /** Runs the search on the calling thread. */
  public Result run() {
    var probes = new ArrayList<Probe>();
    double good = 0;
    double bad = Double.POSITIVE_INFINITY;
    for (double rate = lowest; ; rate = Math.min(highest, rate * 2)) {
      if (!probe(rate, options.getDuration(), false, probes)) {
        bad = rate;
        break;
      }
      good = rate;
      if (rate >= highest) {
        break;
      }
    }
    while (good > 0 && bad / good > 1 + tolerance && Double.isFinite(bad)) {
      double middle = Math.sqrt(good * bad);
      if (probe(middle, options.getDuration(), false, probes)) {
        good = middle;
      } else {
        bad = middle;
      }
    }
    while (good >= lowest) {
      if (probe(good, confirmation, true, probes)) {
        return new Result(good, probes.getLast().report(), probes, good >= highest);
      }
      good /= 1 + tolerance;
    }
    return new Result(0, null, probes, false);
  }

  private boolean probe(double rate, Duration duration, boolean confirming, List<Probe> probes) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      var report = runner.apply(atRate(rate).setDuration(duration));
      String why = why(report);
      var probe = new Probe(rate, report, why.isEmpty(), confirming, why);
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
    var scaled = new LoadOptions(options);
    double factor = rate / options.getRate();
    scaled.setRequests(
        options.getRequests().stream().map(r -> r.withRate(r.rate() * factor)).toList());
    return scaled.setRate(rate);
  }

  private String why(LoadReport report) {
    for (var condition : conditions) {
      if (!condition.holds(report)) {
        return condition.describe(report) + " breaks " + condition.text();
      }
    }
    if (!report.valid()) {
      return "INVALID: " + report.invalidReasons().getFirst();
    }
    double delivered = 100 * report.deliveredRate() / report.askedRate();
    if (delivered < DELIVERED_PERCENT) {
      return String.format(Locale.ROOT, "only %.1f %% of it was delivered", delivered);
    }
    return "";
  }
}
