package dev.baton.server.events;

import java.util.Locale;

/** Prints the table of events: each row, what is right, and what each host does. */
public final class EventTable {
  private EventTable() {}

  /**
   * Plays and prints.
   *
   * @param args names of rows or of hosts to leave the others out
   */
  public static void main(String[] args) {
    for (EventRow row : EventRow.values()) {
      if (!chosen(args, row.name(), row.number)) {
        continue;
      }
      System.out.printf(Locale.ROOT, "%s %s: %s%n", row.number, row.what, row.right());
      for (Host host : Host.values()) {
        if (chosenHost(args, host)) {
          String seen = play(row, host);
          String verdict = seen.equals(row.right()) ? "" : "   <<<";
          System.out.printf(Locale.ROOT, "    %-12s %s%s%n", host, seen, verdict);
        }
      }
    }
    System.exit(0);
  }

  private static String play(EventRow row, Host host) {
    long start = System.nanoTime();
    try (Stage stage = new Stage(host, 3)) {
      String seen = row.play(stage);
      System.out.printf(Locale.ROOT, "%6.1f s", (System.nanoTime() - start) / 1e9);
      return seen;
    } catch (Exception | Error failure) {
      return failure.toString();
    }
  }

  private static boolean chosen(String[] args, String name, String number) {
    boolean any = false;
    for (String arg : args) {
      if (!isHost(arg)) {
        any = true;
        if (arg.equals(name) || arg.equals(number)) {
          return true;
        }
      }
    }
    return !any;
  }

  private static boolean chosenHost(String[] args, Host host) {
    boolean any = false;
    for (String arg : args) {
      if (isHost(arg)) {
        any = true;
        if (arg.equals(host.toString())) {
          return true;
        }
      }
    }
    return !any;
  }

  private static boolean isHost(String arg) {
    for (Host host : Host.values()) {
      if (arg.equals(host.toString())) {
        return true;
      }
    }
    return false;
  }
}
