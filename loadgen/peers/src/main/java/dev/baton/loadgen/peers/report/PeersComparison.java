package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.peers.Peer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Measures peers in rounds: in every round each peer once, in a JVM of its own, in another order. A
 * cell that was measured is kept as a file and not measured again, so that a comparison can be
 * stopped and continued.
 */
public final class PeersComparison {
  private final Path directory;
  private final List<Peer> peers;
  private final int forks;
  private final Cell.ComparisonOptions options;
  private final double maxOthers;
  private final PrintWriter out;

  /**
   * Creates a comparison.
   *
   * @param directory where the cells are kept, as {@code raw/FORK-PEER.json}
   * @param forks JVMs of each peer, 1 or more
   * @param cpusServer a CPU list for the servers, or null
   * @param warmup length of a closed loop on a fresh JVM; there are two, and two before the peak
   * @param measured length of each open loop
   * @param realtime whether the generator's thread is put into the real-time class
   * @param jvmOptions options of the servers' JVMs
   * @param maxOthers a cell during which others had more CPUs than this is not kept, nor one in
   *     which the generator was late at p99
   * @param out told of every cell
   */
  public PeersComparison(
      Path directory,
      List<Peer> peers,
      int forks,
      @Nullable String cpusServer,
      Duration warmup,
      Duration measured,
      boolean realtime,
      String jvmOptions,
      double maxOthers,
      PrintWriter out) {
    if (forks < 1) {
      throw new IllegalArgumentException("--forks " + forks + ": must be 1 or more");
    }
    this.directory = directory;
    this.peers = List.copyOf(peers);
    this.forks = forks;
    this.options = new Cell.ComparisonOptions(cpusServer, warmup, measured, realtime, jvmOptions);
    this.maxOthers = maxOthers;
    this.out = out;
  }

  /** The file of a cell. */
  private Path file(int fork, Peer peer) {
    return directory.resolve("raw").resolve(fork + "-" + peer.id() + ".json");
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
    for (int fork = 1; fork <= forks; fork++) {
      for (var peer : order(fork)) {
        if (Files.exists(file(fork, peer))) {
          continue;
        }
        long before = System.nanoTime();
        if (longest > 0 && before - start + longest > budget.toNanos()) {
          return;
        }
        var cell = new Cell(peer, options).run(fork);
        longest = Math.max(longest, System.nanoTime() - before);
        boolean kept = cell.getDouble("others_cpu") <= maxOthers && !Cell.disturbed(cell);
        if (kept) {
          Files.writeString(file(fork, peer), cell.encodePrettily() + "\n");
        }
        out.println("fork " + fork + "  " + line(peer, cell) + (kept ? "" : "  NOT KEPT"));
      }
    }
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

  /** The cells there are, in the order of peers and forks. */
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
}
