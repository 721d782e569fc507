package dev.baton.loadgen.scenario;

import dev.baton.loadgen.RequestSpec;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request of a scenario.
 *
 * @param request what is sent; placeholders stand for extracted values and columns of feeds
 * @param thinkAtLeast shortest pause before it
 * @param thinkAtMost longest pause before it; pauses in between are equally likely
 * @param extract values taken from its response, by the name later placeholders give them; a
 *     response without one of them is an error
 * @param until what the response must say before the session goes on, or null
 */
public record Step(
    RequestSpec request,
    Duration thinkAtLeast,
    Duration thinkAtMost,
    Map<String, Source> extract,
    @Nullable Until until) {

  /**
   * A condition that a request is repeated for.
   *
   * @param source what is looked at
   * @param is what it has to be
   * @param every pause between a response and the next try
   * @param atMost number of tries, after which the session has failed
   */
  public record Until(Source source, String is, Duration every, int atMost) {
    /** Checks the range. */
    public Until {
      if (atMost < 1) {
        throw new IllegalArgumentException("at-most=" + atMost + ": must be 1 or more");
      }
    }
  }

  /** Checks and copies the components. */
  public Step {
    if (thinkAtLeast.isNegative() || thinkAtMost.compareTo(thinkAtLeast) < 0) {
      throw new IllegalArgumentException(
          "think=%s..%s of step '%s': must not be negative, nor end before it begins"
              .formatted(thinkAtLeast, thinkAtMost, request.name()));
    }
    extract = Map.copyOf(extract);
  }

  /** A request without pause, extraction or condition. */
  public static Step of(RequestSpec request) {
    return new Step(request, Duration.ZERO, Duration.ZERO, Map.of(), null);
  }

  /** This step after a pause. */
  public Step withThink(Duration atLeast, Duration atMost) {
    return new Step(request, atLeast, atMost, extract, until);
  }

  /** This step with values taken from its response. */
  public Step withExtract(Map<String, Source> newExtract) {
    return new Step(request, thinkAtLeast, thinkAtMost, newExtract, until);
  }

  /** This step repeated until its response says so. */
  public Step withUntil(Until newUntil) {
    return new Step(request, thinkAtLeast, thinkAtMost, extract, newUntil);
  }

  /** Whether something is looked for in the body of its response. */
  public boolean readsBody() {
    return extract.values().stream().anyMatch(Source::readsBody)
        || (until != null && until.source().readsBody());
  }
}
