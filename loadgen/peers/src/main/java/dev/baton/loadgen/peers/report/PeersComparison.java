package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.peers.Peer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Measures peers in rounds: in every round each peer once, in a JVM of its own, in another order. A
 * cell that was measured is kept as a file and not measured again, so that a comparison can be
 * stopped and continued at any time. One that something speaks against is measured again, but not
 * for ever: the last try counts, whatever it is, and the others are kept beside it.
 */
public final class PeersComparison {
  private final Path directory;
  private final List<Peer> peers;
  private final int forks;
  private final int tries;
  private final Measurement measurement;
  private final PrintWriter out;

  /** Measures a peer in a JVM of its own, as {@link Cell} says. */
  @FunctionalInterface
  interface Measurement {
    JsonObject measure(Peer peer, int fork) throws IOException, InterruptedException;
  }

  /**
   * Creates a comparison.
   *
   * @param directory where the cells are kept, as {@code raw/JVM-PEER.json}
   * @param forks JVMs of each peer, 1 or more
   * @param tries how often a cell is measured at most, 1 or more
   * @param out told of every cell
   */
  public PeersComparison(
      Path directory,
      List<Peer> peers,
      int forks,
      int tries,
      CellOptions options,
      PrintWriter out) {
    this(directory, peers, forks, tries, (peer, fork) -> new Cell(peer, options).run(fork), out);
  }

  PeersComparison(
      Path directory,
      List<Peer> peers,
      int forks,
      int tries,
      Measurement measurement,
      PrintWriter out) {
    if (forks < 1) {
      throw new IllegalArgumentException("--forks " + forks + ": must be 1 or more");
    }
    if (tries < 1) {
      throw new IllegalArgumentException("--tries " + tries + ": must be 1 or more");
    }
    this.directory = directory;
    this.peers = List.copyOf(peers);
    this.forks = forks;
    this.tries = tries;
    this.measurement = measurement;
    this.out = out;
  }

  /** The file of a cell. */
  private Path file(int fork, Peer peer) {
    return directory.resolve("raw").resolve(fork + "-" + peer.id() + ".json");
  }

  /** The file of a try that does not count. */
  private Path file(int fork, Peer peer, int tried) {
    return directory.resolve("raw").resolve(fork + "-" + peer.id() + ".try" + tried + ".json");
  }

  private int tried(int fork, Peer peer) {
    int tried = 0;
    while (Files.exists(file(fork, peer, tried + 1))) {
      tried++;
    }
    return tried;
  }

  /** Number of cells that are still to be measured. */
  public int missing() {
    int missing = 0;
    for (int fork = 1; fork <= forks; fork++) {
      for (var peer : peers) {
        missing += Files.exists(file(fork, peer)) ? 0 : 1;
      }
    }
    return missing;
  }

  /**
   * Measures what is missing, as far as the time allows.
   *
   * @param budget no cell is begun that would not end within it, going by the longest so far; the
   *     first one always is
   */
  public void run(Duration budget) throws IOException, InterruptedException {
    long start = System.nanoTime();
    long longest = 0;
    Files.createDirectories(directory.resolve("raw"));
    while (missing() > 0) {
      for (int fork = 1; fork <= forks; fork++) {
        for (var peer : order(fork)) {
          if (Files.exists(file(fork, peer))) {
            continue;
          }
          long before = System.nanoTime();
          if (longest > 0 && before - start + longest > budget.toNanos()) {
            return;
          }
          measure(fork, peer);
          longest = Math.max(longest, System.nanoTime() - before);
        }
      }
    }
  }

  private void measure(int fork, Peer peer) throws IOException, InterruptedException {
    int tried = tried(fork, peer) + 1;
    var cell = measurement.measure(peer, fork).put("try", tried);
    var why = cell.getJsonArray("why");
    boolean counts = why.isEmpty() || tried >= tries;
    write(counts ? file(fork, peer) : file(fork, peer, tried), cell.encodePrettily() + "\n");
    String note = why.isEmpty() ? "" : "  " + why.getString(0);
    out.println("JVM " + fork + "  " + line(peer, cell) + note + (counts ? "" : ": again"));
  }

  /** Whole or not at all, whenever this process ends. */
  private static void write(Path file, String text) throws IOException {
    var part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, text);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Every round begins with another peer, every second one runs backwards. */
  private List<Peer> order(int fork) {
    var order = new ArrayList<>(peers);
    Collections.rotate(order, -(fork - 1) * 3);
    return fork % 2 == 0 ? order.reversed() : order;
  }

  private static String line(Peer peer, JsonObject cell) {
    var text = new StringBuilder(String.format("%-14s", peer.id()));
    text.append(String.format("%,9.0f/s", cell.getJsonObject("peak").getDouble("rate")));
    for (var scenario : Scenario.OPEN) {
      var one = cell.getJsonObject(scenario.id());
      text.append(
          String.format(
              "  %s p99 %.2f%s",
              scenario.id(), one.getDouble("p99"), one.getBoolean("valid") ? "" : " (late)"));
    }
    text.append(String.format("  others %.2f CPU", cell.getDouble("others_cpu")));
    return text.toString();
  }

  /** The cells that count, in the order of peers and forks. */
  public List<JsonObject> cells() throws IOException {
    var cells = new ArrayList<JsonObject>();
    for (var peer : peers) {
      for (int fork = 1; fork <= forks; fork++) {
        if (Files.exists(file(fork, peer))) {
          cells.add(new JsonObject(Files.readString(file(fork, peer))));
        }
      }
    }
    return cells;
  }

  /** The cells that were measured again. */
  public List<JsonObject> discarded() throws IOException {
    var cells = new ArrayList<JsonObject>();
    for (var peer : peers) {
      for (int fork = 1; fork <= forks; fork++) {
        for (int n = 1; n <= tried(fork, peer); n++) {
          cells.add(new JsonObject(Files.readString(file(fork, peer, n))));
        }
      }
    }
    return cells;
  }
}
