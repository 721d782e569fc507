package dev.baton.server.context;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What may run at the same time, and what a blocked callback holds up. */
public enum ContextMode {
  /**
   * One callback of the context at a time, in order, each seeing what the one before it wrote; not
   * always on the same thread. A blocked callback holds up its context. For code with state.
   */
  SERIAL("serial"),

  /**
   * One callback of a request, or of a message of the event bus, at a time; those of one verticle
   * may overlap when one blocks. A blocked callback holds up its request. For code without shared
   * state, or with safe state.
   */
  PER_REQUEST("per-request"),

  /**
   * The stock Vert.x event loop context, always on the loop itself and never taken over. A blocked
   * callback holds up its loop.
   */
  PINNED("pinned");

  private final String text;

  ContextMode(String text) {
    this.text = text;
  }

  /**
   * Reads the text form.
   *
   * @param text {@code serial}, {@code per-request} or {@code pinned}
   * @throws IllegalArgumentException for any other text
   */
  public static ContextMode parse(String text) {
    for (ContextMode mode : values()) {
      if (mode.text.equals(text)) {
        return mode;
      }
    }
    throw new IllegalArgumentException(
        "contextMode="
            + text
            + ": choose one of "
            + Arrays.stream(values()).map(ContextMode::toString).collect(Collectors.joining(", ")));
  }

  /** The text form. */
  @Override
  public String toString() {
    return text;
  }
}
