package dev.baton.server.context;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests of one route, as operators write it: {@code GET /reports/*} or, for any method, {@code
 * /reports/*}. A {@code *}, or {@code :name}, stands for one segment; at the end {@code *} stands
 * for whatever follows, also for nothing.
 *
 * @param text as it was written
 */
record RoutePattern(String text, @Nullable String method, List<String> segments, boolean isOpen) {
  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if it is none; the message says what one looks like
   */
  static RoutePattern parse(String text) {
    int space = text.indexOf(' ');
    String path = text.substring(space + 1).strip();
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException(
          "route=" + text + ": write a path, such as /reports/*, or GET /reports/*");
    }
    boolean open = path.endsWith("/*");
    String closed = open ? path.substring(0, path.length() - 2) : path;
    return new RoutePattern(
        text, space < 0 ? null : text.substring(0, space), List.of(closed.split("/", -1)), open);
  }

  /** Whether a request is of this route. */
  boolean matches(String ofMethod, String path) {
    if (method != null && !method.equals(ofMethod)) {
      return false;
    }
    String[] parts = path.split("/", -1);
    if (isOpen ? parts.length < segments.size() : parts.length != segments.size()) {
      return false;
    }
    for (int i = 0; i < segments.size(); i++) {
      String segment = segments.get(i);
      boolean any = segment.equals("*") || segment.startsWith(":");
      if (!any && !segment.equals(parts[i])) {
        return false;
      }
    }
    return true;
  }
}
