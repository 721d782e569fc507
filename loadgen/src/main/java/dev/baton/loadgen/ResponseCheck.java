package dev.baton.loadgen;

import java.util.Set;

/**
 * What a response must satisfy to count as ok rather than as an HTTP error.
 *
 * @param statuses the statuses accepted; empty for any below 400
 * @param bodyContains text the body must contain, read as UTF-8; empty for no check
 */
public record ResponseCheck(Set<Integer> statuses, String bodyContains) {
  /** Any status below 400, any body. */
  public static final ResponseCheck DEFAULT = new ResponseCheck(Set.of(), "");

  /** Copies the statuses. */
  public ResponseCheck {
    statuses = Set.copyOf(statuses);
  }

  /** Whether the status is accepted. */
  public boolean accepts(int status) {
    return statuses.isEmpty() ? status < 400 : statuses.contains(status);
  }

  /** Whether the body has to be kept until the response ends. */
  public boolean needsBody() {
    return !bodyContains.isEmpty();
  }
}
