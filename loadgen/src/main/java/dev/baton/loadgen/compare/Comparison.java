package dev.baton.loadgen.compare;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.Latencies;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The result of interleaved blocks of two loads on identical schedules. Immutable.
 *
 * @param nameA name of A
 * @param nameB name of B
 * @param blocksA reports of A; element i is paired with element i of B
 * @param blocksB reports of B
 * @param differences one per metric
 * @param shown names of the metrics whose difference is shown
 * @param verdict the sum of it
 * @param interrupted whether more pairs were asked for
 * @param costA what A's server cost, if it was started by the comparison
 * @param costB what B's server cost
 */
public record Comparison(
    String nameA,
    String nameB,
    List<LoadReport> blocksA,
    List<LoadReport> blocksB,
    List<PairedDifference> differences,
    Set<String> shown,
    Verdict verdict,
    boolean interrupted,
    @Nullable ServerCost costA,
    @Nullable ServerCost costB) {

  /** The level of the whole family of metrics, kept by Holm's method. */
  public static final double LEVEL = 0.05;

  private static final String DELIVERED = Change.DELIVERED;
  private static final String ERRORS = Change.ERRORS;

  /** Compares the blocks. */
  public static Comparison of(
      String nameA,
      String nameB,
      List<LoadReport> blocksA,
      List<LoadReport> blocksB,
      boolean interrupted,
      @Nullable ServerCost costA,
      @Nullable ServerCost costB,
      long seed) {
    var differences = new ArrayList<PairedDifference>();
    differences.add(difference("p50", "ms", blocksA, blocksB, r -> millis(r, 50), seed));
    differences.add(difference("p99", "ms", blocksA, blocksB, r -> millis(r, 99), seed));
    differences.add(difference("p99.9", "ms", blocksA, blocksB, r -> millis(r, 99.9), seed));
    differences.add(difference(DELIVERED, "/s", blocksA, blocksB, LoadReport::deliveredRate, seed));
    var errors =
        difference(ERRORS, PairedDifference.SHARE, blocksA, blocksB, Comparison::errors, seed);
    if (!noErrors(blocksA) || !noErrors(blocksB)) {
      differences.add(errors);
    }
    var shown = shown(differences);
    return new Comparison(
        nameA,
        nameB,
        List.copyOf(blocksA),
        List.copyOf(blocksB),
        List.copyOf(differences),
        shown,
        verdict(differences, shown),
        interrupted,
        costA,
        costB);
  }

  private static double errors(LoadReport report) {
    return 100 * report.total().errorShare();
  }

  /** Where no block had one there is nothing to test, and the level is left to the others. */
  private static boolean noErrors(List<LoadReport> blocks) {
    return blocks.stream().allMatch(r -> r.total().errorShare() == 0);
  }

  private static double millis(LoadReport report, double percentile) {
    return focus(report).millisAt(percentile);
  }

  /** What is compared of a mix: its first request. */
  public static Latencies focus(LoadReport report) {
    return report.requests().getFirst().response();
  }

  private static PairedDifference difference(
      String metric,
      String unit,
      List<LoadReport> a,
      List<LoadReport> b,
      ToDoubleFunction<LoadReport> value,
      long seed) {
    return PairedDifference.of(
        metric,
        unit,
        a.stream().mapToDouble(value).toArray(),
        b.stream().mapToDouble(value).toArray(),
        seed);
  }

  /** Holm: the smallest p-value against level/m, the next against level/(m-1), and so on. */
  static Set<String> shown(List<PairedDifference> differences) {
    var ordered = new ArrayList<>(differences);
    ordered.sort(Comparator.comparingDouble(PairedDifference::pValue));
    var shown = new HashSet<String>();
    int left = ordered.size();
    for (var difference : ordered) {
      if (difference.pValue() >= LEVEL / left) {
        break;
      }
      if (difference.shown(LEVEL / left)) {
        shown.add(difference.metric());
      }
      left--;
    }
    return Set.copyOf(shown);
  }

  static Verdict verdict(List<PairedDifference> differences, Set<String> shown) {
    boolean better = false;
    boolean worse = false;
    for (var difference : differences) {
      if (difference.metric().equals(ERRORS) && shown.contains(ERRORS)) {
        return difference.percent() > 0 ? Verdict.MORE_ERRORS : Verdict.FEWER_ERRORS;
      }
      if (shown.contains(difference.metric())) {
        boolean moreIsBetter = difference.metric().equals(DELIVERED);
        if (difference.percent() > 0 == moreIsBetter) {
          better = true;
        } else {
          worse = true;
        }
      }
    }
    if (better && worse) {
      return Verdict.MIXED;
    }
    return better ? Verdict.FASTER : worse ? Verdict.SLOWER : Verdict.NO_DIFFERENCE;
  }

  /**
   * Whether at most half of the blocks were disturbed by the generator: one here and there is what
   * the interleaving is for.
   */
  public boolean valid() {
    return invalidBlocks() <= blocksA.size();
  }

  /** Number of blocks that the generator disturbed. */
  public long invalidBlocks() {
    return blocksA.stream().filter(r -> !r.valid()).count()
        + blocksB.stream().filter(r -> !r.valid()).count();
  }

  /** The differences as changes that conditions are about. */
  public List<Change.Observed> observed() {
    return differences.stream()
        .map(
            d ->
                new Change.Observed(
                    d.metric(), d.percent(), shown.contains(d.metric()), d.medianB()))
        .toList();
  }

  /** All response times of some blocks together. */
  public static Latencies responses(List<LoadReport> blocks) {
    return Latencies.sum(blocks.stream().map(Comparison::focus).toList());
  }
}
