package dev.baton.scheduler;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** Finds the name that was probably meant. */
public final class DidYouMean {
  private DidYouMean() {}

  /**
   * The candidate with the fewest edits from {@code name}, ignoring case; of several the one that
   * begins as it does for longest, then the first in order.
   *
   * @param candidates not empty
   */
  public static String nearest(String name, Collection<String> candidates) {
    return candidates.stream()
        .sorted()
        .min(
            Comparator.comparingInt((String candidate) -> distance(candidate, name))
                .thenComparingInt(candidate -> -commonStart(candidate, name)))
        .orElseThrow();
  }

  private static int commonStart(String a, String b) {
    int length = 0;
    while (length < Math.min(a.length(), b.length())
        && Character.toLowerCase(a.charAt(length)) == Character.toLowerCase(b.charAt(length))) {
      length++;
    }
    return length;
  }

  /** Levenshtein's edit distance, ignoring case. */
  private static int distance(String a, String b) {
    String x = a.toLowerCase(Locale.ROOT);
    String y = b.toLowerCase(Locale.ROOT);
    int[] row = new int[y.length() + 1];
    for (int j = 0; j <= y.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= x.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= y.length(); j++) {
        int change = diagonal + (x.charAt(i - 1) == y.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[y.length()];
  }
}
