package dev.baton.stages;

import java.util.Locale;

/** Where a stage runs. */
public enum Placement {
  /** Where the stage before it ran: one function call away. The default. */
  FUSED,
  /** On event loops of its own, which pull from the stage's bounded queue. */
  PARTITIONED;

  static Placement parse(String text) {
    for (Placement placement : values()) {
      if (placement.toString().equals(text)) {
        return placement;
      }
    }
    throw new IllegalArgumentException("placement=" + text + ": choose one of fused, partitioned");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
