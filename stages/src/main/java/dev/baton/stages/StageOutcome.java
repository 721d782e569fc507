package dev.baton.stages;

import java.util.Locale;

/** How a continuation left a stage. Every one that entered leaves in exactly one of these ways. */
public enum StageOutcome {
  /** With a result. */
  OK,
  /** With an exception. */
  FAILED,
  /** Not run: the stage was full (503). */
  REJECTED,
  /** Not run: work has waited too long for a while (503). */
  SHED,
  /** Not run, or given up while suspended: its deadline has passed (504). */
  EXPIRED,
  /** Not run: the client is gone. */
  CANCELLED;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The name in metrics and JSON. */
  public String label() {
    return label;
  }
}
