package dev.baton.server.events;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The table of what happens at the edges: what was, what is right, what each host does now, and
 * stock beside it, also where that hangs.
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
      if (chosen.isEmpty() || chosen.contains(row.name()) || chosen.contains(row.number)) {
        System.out.println(line(row));
      }
    }
    System.exit(0);
  }

  /** Plays all of it. */
  static String markdown() {
    return "| | what was done | before | right | "
        + Arrays.stream(Host.values()).map(Host::toString).collect(Collectors.joining(" | "))
        + " |\n"
        + "|---|---|---|---|"
        + "---|".repeat(Host.values().length)
        + "\n"
        + Arrays.stream(EdgeRow.values()).map(EdgeTable::line).collect(Collectors.joining("\n"))
        + "\n\n| | what was done | before | now as is right, held by |\n|---|---|---|---|\n"
        + Arrays.stream(TestedEdge.values())
            .map(e -> "| %s | %s | %s | `%s` |".formatted(e.number, e.what, e.before, e.test))
            .collect(Collectors.joining("\n"))
        + "\n";
  }

  private static String line(EdgeRow row) {
    return Arrays.stream(Host.values())
        .map(host -> cell(row, host))
        .collect(
            Collectors.joining(
                " | ",
                "| %s | %s | %s | %s | ".formatted(row.number, row.what, row.before, row.right()),
                " |"));
  }

  private static String cell(EdgeRow row, Host host) {
    if (host != Host.STOCK && !row.hosts.contains(host)) {
      return "";
    }
    String seen;
    try {
      seen = row.play(host);
    } catch (Exception | Error failure) {
      seen = failure.toString();
    }
    return seen.equals(row.right()) ? "right" : seen.replace('|', '/').replace('\n', ' ');
  }
}
