package dev.baton.server.events;

import java.util.List;
import java.util.Locale;

/**
 * Prints the table of what happens at the edges: each row, what was, what is right, and what each
 * host does now.
 */
public final class EdgeTable {
  private EdgeTable() {}

  /**
   * Plays and prints.
   *
   * @param args numbers or names of rows to leave the others out
   */
  public static void main(String[] args) {
    List<String> chosen = List.of(args);
    for (EdgeRow row : EdgeRow.values()) {
      if (!chosen.isEmpty() && !chosen.contains(row.name()) && !chosen.contains(row.number)) {
        continue;
      }
      System.out.printf(Locale.ROOT, "%s %s%n", row.number, row.what);
      System.out.printf(Locale.ROOT, "    before       %s%n", row.before);
      System.out.printf(Locale.ROOT, "    right        %s%n", row.right());
      for (Host host : row.hosts) {
        long start = System.nanoTime();
        String seen = play(row, host);
        double seconds = (System.nanoTime() - start) / 1e9;
        String verdict = seen.equals(row.right()) ? "" : "   <<<";
        System.out.printf(Locale.ROOT, "    %-12s %s (%.1f s)%s%n", host, seen, seconds, verdict);
      }
    }
    System.exit(0);
  }

  private static String play(EdgeRow row, Host host) {
    try {
      return row.play(host);
    } catch (Exception | Error failure) {
      return failure.toString();
    }
  }
}
