package dev.baton.loadgen.cli;

import dev.baton.loadgen.schedule.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads phases: {@code steady=20k:30s}, {@code ramp=0..20k:10s}, {@code steps=1k..5k/5:50s} (five
 * steps of 10 s).
 */
final class PhaseArgument {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "([^=]+)=([^.:/]+(?:\\.[0-9]+[kKmM]?)?)(?:\\.\\.([^:/]+))?(?:/([0-9]+))?:(.+)");

  private PhaseArgument() {}

  static List<Phase> parse(String text) {
    var matcher = SYNTAX.matcher(text.trim());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "--phase '"
              + text
              + "': write NAME=RATE:TIME, NAME=FROM..TO:TIME or NAME=FROM..TO/STEPS:TIME, as in"
              + " 'ramp=0..20k:10s'");
    }
    double from = Quantities.rate(matcher.group(2));
    double to = matcher.group(3) == null ? from : Quantities.rate(matcher.group(3));
    int steps = matcher.group(4) == null ? 0 : Integer.parseInt(matcher.group(4));
    return phases(matcher.group(1).trim(), from, to, steps, Quantities.duration(matcher.group(5)));
  }

  /** One linear phase, or as many constant ones as there are steps. */
  static List<Phase> phases(String name, double from, double to, int steps, Duration duration) {
    if (steps < 2) {
      return List.of(new Phase(name, from, to, duration, true));
    }
    var phases = new ArrayList<Phase>();
    for (int i = 0; i < steps; i++) {
      double rate = from + (to - from) * i / (steps - 1);
      phases.add(
          Phase.hold(
              name + " " + Quantities.rateText(rate) + "/s", rate, duration.dividedBy(steps)));
    }
    return phases;
  }
}
