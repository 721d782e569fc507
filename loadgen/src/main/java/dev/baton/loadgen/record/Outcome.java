package dev.baton.loadgen.record;

/** How a request that was sent ended. Every sent request has exactly one. */
public enum Outcome {
  /** A response that satisfies the check. */
  OK,
  /** A response that does not: by default, a status of 400 or more. */
  HTTP_ERROR,
  /** No complete response within the timeout. */
  TIMEOUT,
  /** The connection could not be opened, or broke before the response was complete. */
  CONNECT_ERROR,
  /** Still open when the run ended. */
  UNFINISHED;

  /** Whether the latency is known only to be at least the time waited. */
  public boolean censored() {
    return this == TIMEOUT || this == UNFINISHED;
  }
}
