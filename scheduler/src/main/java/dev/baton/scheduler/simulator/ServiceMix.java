package dev.baton.scheduler.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What requests ask of the service: kinds of them, each with its share.
 *
 * @param kinds at least one; their shares add up to 1
 */
public record ServiceMix(List<Kind> kinds) {
  private static final double TOLERANCE = 1e-6;

  private static final Pattern KIND =
      Pattern.compile(
          "(?:(?<name>(?:[A-Z]+"
              + " )?[\\w/.:*-]+)\\s+)?(?<share>[\\d.]+)%\\s+(?<cpu>\\S+)(?:\\s+block\\s+(?<block>\\S+))?"
              + "(?:\\s+deadline\\s+(?<deadline>\\S+))?");

  /** Mixes that have a name. */
  public static final Map<String, String> NAMED =
      new TreeMap<>(
          Map.of(
              "dispersive", "short 99.5% 4us; long 0.5% 10ms",
              "bimodal", "short 90% 20us; long 10% 500us",
              "exponential", "all 100% exp(50us)",
              "constant", "all 100% 50us",
              "blocking", "fast 99% 10us; query 1% 20us block exp(20ms)"));

  /**
   * One kind of requests: a route.
   *
   * @param name of the route
   * @param share of all requests, above 0 and at most 1
   * @param cpu how long its handler computes
   * @param block how long it sleeps on the way, null if it never does
   * @param deadlineNanos how long after its arrival it must have been answered, 0 if nobody says
   */
  public record Kind(String name, double share, Law cpu, @Nullable Law block, long deadlineNanos) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s %s%% %s%s%s",
          name,
          String.format(Locale.ROOT, "%.4f", 100 * share).replaceAll("\\.?0+$", ""),
          cpu,
          block == null ? "" : " block " + block,
          deadlineNanos == 0 ? "" : " deadline " + Durations.text(deadlineNanos));
    }
  }

  /** Checks the shares. */
  public ServiceMix {
    kinds = List.copyOf(kinds);
    double sum = kinds.stream().mapToDouble(Kind::share).sum();
    if (Math.abs(sum - 1) > TOLERANCE || kinds.stream().anyMatch(kind -> kind.share() <= 0)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "shares add up to %.4f %%: give 100 in all", 100 * sum));
    }
  }

  /**
   * Reads a mix.
   *
   * @param text a name, or kinds separated by semicolons: a name, which may be absent, the share,
   *     the law of its CPU time, and perhaps {@code block} with the law of its sleep and {@code
   *     deadline} with a time; such as {@code fast 99% 10us; query 1% 20us block exp(20ms)}
   * @throws IllegalArgumentException if it is none
   */
  public static ServiceMix parse(String text) {
    String known = NAMED.get(text.strip().toLowerCase(Locale.ROOT));
    String[] parts = (known == null ? text : known).split(";", -1);
    var kinds = new ArrayList<Kind>();
    for (String part : parts) {
      Matcher matcher = KIND.matcher(part.strip());
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "mix="
                + text
                + ": give one of "
                + String.join(", ", NAMED.keySet())
                + ", or kinds such as 'fast 99% 10us; query 1% 20us block exp(20ms)'");
      }
      String name = matcher.group("name");
      String block = matcher.group("block");
      String deadline = matcher.group("deadline");
      kinds.add(
          new Kind(
              name == null ? "kind" + (kinds.size() + 1) : name,
              Durations.number(matcher.group("share")) / 100,
              Law.parse(matcher.group("cpu")),
              block == null ? null : Law.parse(block),
              deadline == null ? 0 : Durations.nanos(deadline)));
    }
    return new ServiceMix(kinds);
  }

  /** CPU time of a request in the mean, nanoseconds. */
  public double meanCpuNanos() {
    return kinds.stream().mapToDouble(kind -> kind.share() * kind.cpu().meanNanos()).sum();
  }

  /** The index of the next request's kind. */
  int draw(RandomGenerator random) {
    double left = random.nextDouble();
    for (int i = 0; i < kinds.size() - 1; i++) {
      left -= kinds.get(i).share();
      if (left < 0) {
        return i;
      }
    }
    return kinds.size() - 1;
  }

  @Override
  public String toString() {
    return String.join("; ", kinds.stream().map(Kind::toString).toList());
  }
}
