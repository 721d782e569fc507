package dev.baton.stages;

import org.jspecify.annotations.Nullable;

/**
 * Text from outside, made fit for a log: nothing in it begins a line, moves a cursor or turns the
 * direction of writing around.
 */
final class Printable {
  private static final int MAX_DEPTH = 32;

  private Printable() {}

  /** {@code text} with such characters written as in Java, {@code \}{@code u001b}. */
  static String of(String text) {
    if (text.chars().noneMatch(Printable::isControl)) {
      return text;
    }
    StringBuilder printable = new StringBuilder();
    text.chars()
        .forEach(
            c -> {
              if (isControl(c)) {
                printable.append("\\u%04x".formatted(c));
              } else {
                printable.append((char) c);
              }
            });
    return printable.toString();
  }

  /** {@code failure}, or one that prints the same but for such characters in its messages. */
  static Throwable of(Throwable failure) {
    return isPrintable(failure, 0) ? failure : new Escaped(failure, 0);
  }

  private static boolean isControl(int c) {
    return Character.isISOControl(c)
        || c == 0x2028 // line separator
        || c == 0x2029 // paragraph separator
        || Character.getType(c) == Character.FORMAT;
  }

  private static boolean isPrintable(Throwable failure, int depth) {
    if (depth == MAX_DEPTH) {
      return true;
    }
    Throwable cause = failure.getCause();
    if (!of(failure.toString()).equals(failure.toString())
        || (cause != null && !isPrintable(cause, depth + 1))) {
      return false;
    }
    for (Throwable suppressed : failure.getSuppressed()) {
      if (!isPrintable(suppressed, depth + 1)) {
        return false;
      }
    }
    return true;
  }

  private static final class Escaped extends Throwable {
    private static final long serialVersionUID = 1L;

    private final String name;

    Escaped(Throwable original, int depth) {
      super(
          of(String.valueOf(original.getMessage())),
          depth == MAX_DEPTH ? null : escaped(original.getCause(), depth),
          true,
          true);
      name = original.getClass().getName();
      setStackTrace(original.getStackTrace());
      if (depth < MAX_DEPTH) {
        for (Throwable suppressed : original.getSuppressed()) {
          addSuppressed(new Escaped(suppressed, depth + 1));
        }
      }
    }

    private static @Nullable Escaped escaped(@Nullable Throwable cause, int depth) {
      return cause == null ? null : new Escaped(cause, depth + 1);
    }

    @Override
    @SuppressWarnings("OverrideThrowableToString") // the name that is printed is the original's
    public String toString() {
      return name + ": " + getMessage();
    }
  }
}
