package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs two loads in interleaved blocks: ABBA ABBA …, so that drift hits both alike. The two blocks
 * of a pair have the same schedule; every pair has another one.
 */
public final class Comparer {
  /** Fewer pairs could not show anything at the level of {@link Comparison}. */
  public static final int MIN_PAIRS = 8;

  private final int pairs;
  private final BiConsumer<String, LoadReport> listener;

  // Written by any thread
  private volatile boolean stopped;

  // Written by the thread that runs, read by the one that stops
  private volatile @Nullable LoadGenerator running;

  /**
   * Creates a comparer.
   *
   * @param pairs pairs of blocks, {@link #MIN_PAIRS} or more
   * @param listener told the name ("A" or "B") and report of each block
   */
  public Comparer(int pairs, BiConsumer<String, LoadReport> listener) {
    if (pairs < MIN_PAIRS) {
      throw new IllegalArgumentException(
          "blocks=" + pairs + ": at least " + MIN_PAIRS + " pairs are needed to show anything");
    }
    this.pairs = pairs;
    this.listener = listener;
  }

  /** Asks a running comparison to end now, with the pairs it has; any thread. */
  public void stop() {
    stopped = true;
    var generator = running;
    if (generator != null) {
      generator.stop();
    }
  }

  /** Runs all blocks on the calling thread. Servers are those to be measured, or null. */
  public Comparison run(Side a, Side b) {
    var blocksA = new ArrayList<LoadReport>();
    var blocksB = new ArrayList<LoadReport>();
    var costs = new ServerCost[] {ServerCost.NONE, ServerCost.NONE};
    // One unrecorded block each: both servers warm before the first pair.
    block("A", a, -1, new ArrayList<>());
    block("B", b, -1, new ArrayList<>());
    for (int pair = 0; pair < pairs && !stopped; pair++) {
      if (pair % 2 == 0) {
        costs[0] = costs[0].plus(block("A", a, pair, blocksA));
        costs[1] = costs[1].plus(block("B", b, pair, blocksB));
      } else {
        costs[1] = costs[1].plus(block("B", b, pair, blocksB));
        costs[0] = costs[0].plus(block("A", a, pair, blocksA));
      }
    }
    int complete = Math.min(blocksA.size(), blocksB.size());
    blocksA.subList(complete, blocksA.size()).clear();
    blocksB.subList(complete, blocksB.size()).clear();
    return Comparison.of(
        a.name(),
        b.name(),
        blocksA,
        blocksB,
        stopped,
        a.server() == null ? null : costs[0],
        b.server() == null ? null : costs[1],
        a.options().getSeed());
  }

  private ServerCost block(String label, Side side, int pair, List<LoadReport> reports) {
    var options = new LoadOptions(side.options()).setSeed(side.options().getSeed() + pair);
    options.setUnreachableAllowed(pair >= 0);
    var server = side.server();
    var before = server == null ? ServerCost.NONE : server.cost();
    var generator = LoadGenerator.create(options);
    running = generator;
    if (stopped) {
      generator.stop();
    }
    var report = generator.run();
    var after = server == null ? ServerCost.NONE : server.cost();
    if (report.interrupted()) {
      return ServerCost.NONE;
    }
    reports.add(report);
    if (pair >= 0) {
      listener.accept(label, report);
    }
    return after.since(before, report.responses());
  }

  /**
   * One of the two.
   *
   * @param name shown in reports
   * @param options its load
   * @param server its server, if that is to be measured
   */
  public record Side(String name, LoadOptions options, @Nullable ServerProcess server) {}
}
