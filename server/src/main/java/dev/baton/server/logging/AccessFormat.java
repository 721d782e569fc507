package dev.baton.server.logging;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How each request that was answered is logged. */
public enum AccessFormat {
  /** Not at all. */
  OFF,
  /** Apache's combined format. */
  COMBINED,
  /** One JSON object a line. */
  JSON;

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static AccessFormat parse(String text) {
    for (AccessFormat format : values()) {
      if (format.toString().equals(text)) {
        return format;
      }
    }
    throw new IllegalArgumentException(
        "accessLog="
            + text
            + ": choose one of "
            + Arrays.stream(values())
                .map(AccessFormat::toString)
                .collect(Collectors.joining(", ")));
  }

  /** The text form. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
