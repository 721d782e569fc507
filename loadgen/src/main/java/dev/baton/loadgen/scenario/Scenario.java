package dev.baton.loadgen.scenario;

import java.util.List;

/**
 * What one kind of session does. Sessions arrive on the schedule, whether or not those before have
 * ended; the requests of one follow each other.
 *
 * @param name shown in reports
 * @param weight its weight among the arrivals without a rate of their own, more than 0
 * @param rate sessions per second of its own, or 0 to share the rest of the rate by weight
 * @param cookies whether a session keeps the cookies it is given
 * @param steps its requests in order, at least one
 */
public record Scenario(String name, double weight, double rate, boolean cookies, List<Step> steps) {

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException naming the component, its value and the remedy
   */
  public Scenario {
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("scenario '" + name + "': has no steps");
    }
    if (!(weight > 0 && Double.isFinite(weight))) {
      throw new IllegalArgumentException(
          "weight=" + weight + " of scenario '" + name + "': must be above 0");
    }
    if (!(rate >= 0 && Double.isFinite(rate))) {
      throw new IllegalArgumentException(
          "rate=" + rate + " of scenario '" + name + "': must be 0 or more");
    }
    steps = List.copyOf(steps);
  }

  /** This scenario at a rate of its own, in sessions per second. */
  public Scenario withRate(double newRate) {
    return new Scenario(name, weight, newRate, cookies, steps);
  }
}
