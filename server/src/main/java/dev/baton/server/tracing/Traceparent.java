package dev.baton.server.tracing;

import org.jspecify.annotations.Nullable;

/**
 * The header by which services tell each other which trace a request belongs to.
 *
 * @see <a href="https://www.w3.org/TR/trace-context/#traceparent-header">W3C Trace Context</a>
 */
public final class Traceparent {
  /** The header's name. */
  public static final String NAME = "traceparent";

  private static final int TRACE_ID = 3;
  private static final int PARENT_ID = 36;
  private static final int FLAGS = 53;
  private static final int LENGTH = 55;

  private Traceparent() {}

  /** The trace's id, 32 hexadecimal digits; null if {@code header} is none that can be used. */
  public static @Nullable String traceId(@Nullable String header) {
    if (header == null
        || header.length() < LENGTH
        || !isHex(header, 0, TRACE_ID - 1)
        || header.startsWith("ff")
        || (header.startsWith("00") && header.length() > LENGTH)
        || header.charAt(TRACE_ID - 1) != '-'
        || !isId(header, TRACE_ID, PARENT_ID - 1)
        || header.charAt(PARENT_ID - 1) != '-'
        || !isId(header, PARENT_ID, FLAGS - 1)
        || header.charAt(FLAGS - 1) != '-'
        || !isHex(header, FLAGS, LENGTH)
        || (header.length() > LENGTH && header.charAt(LENGTH) != '-')) {
      return null;
    }
    return header.substring(TRACE_ID, PARENT_ID - 1);
  }

  /** Zeros alone are no id. */
  private static boolean isId(String text, int from, int to) {
    return isHex(text, from, to)
        && text.chars().skip(from).limit(to - from).anyMatch(c -> c != '0');
  }

  private static boolean isHex(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }
}
