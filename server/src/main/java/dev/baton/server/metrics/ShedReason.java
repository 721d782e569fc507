package dev.baton.server.metrics;

import java.util.Locale;

/** Why a request was refused or dropped before its work was done. */
public enum ShedReason {
  /** No worker is left and the loop holds back as much as it may: 503. */
  OVERLOAD,
  /** A stage's queue delay was too long: 503. */
  ADMISSION,
  /** A stage's queue was full: 503. */
  QUEUE_FULL,
  /** The deadline had passed: 504. */
  DEADLINE;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
