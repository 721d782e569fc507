package dev.baton.loadgen.schedule;

import java.util.regex.Pattern;

/**
 * Which of several generators this one is. Part n of m sends every m-th request of the schedule, so
 * that the parts together send it exactly.
 *
 * @param number from 1 on
 * @param of how many there are, 1 or more
 */
public record Part(int number, int of) {
  /** All of it. */
  public static final Part WHOLE = new Part(1, 1);

  private static final Pattern SYNTAX = Pattern.compile("([0-9]{1,5})/([0-9]{1,5})");

  /** Checks the range. */
  public Part {
    if (number < 1 || number > of) {
      throw new IllegalArgumentException(
          "part=" + number + "/" + of + ": parts are counted from 1, as in 1/4 to 4/4");
    }
  }

  /**
   * Reads {@code 2/4}.
   *
   * @throws IllegalArgumentException saying what to write instead
   */
  public static Part parse(String text) {
    var matcher = SYNTAX.matcher(text.strip());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "part '" + text + "': write which one of how many, as in 2/4");
    }
    return new Part(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** Whether the request with this number in the whole schedule is of this part. */
  boolean has(long index) {
    return index % of == number - 1;
  }

  @Override
  public String toString() {
    return number + "/" + of;
  }
}
