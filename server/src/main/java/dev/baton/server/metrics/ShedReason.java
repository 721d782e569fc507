package dev.baton.server.metrics;

import java.util.Locale;

/** Why a request was refused or dropped before its work was done. */
public enum ShedReason {
  /** No worker was left, and too many waited, or it for too long: 503. */
  OVERLOAD("with no worker left"),
  /** As many handlers of its route as may had lost their loop, and too many waited: 503. */
  ROUTE_FULL("of routes with too many handlers blocked"),
  /** A handler blocked in its context, and too many waited, or it for too long: 503. */
  CONTEXT_HELD("behind a handler that blocks in their context"),
  /** Its client has left while it waited for a worker: dropped. */
  CLIENT_GONE("whose clients had left"),
  /** A stage's queue delay was too long: 503. */
  ADMISSION("after too long a wait"),
  /** A stage's queue was full: 503. */
  QUEUE_FULL("with the queue full"),
  /** The deadline had passed: 504. */
  DEADLINE("past their deadline");

  private final String words;

  ShedReason(String words) {
    this.words = words;
  }

  /** Follows a number of requests. */
  public String words() {
    return words;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
