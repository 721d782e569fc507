package dev.baton.server.metrics;

import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

// google-java-format off
/*
 * Who writes where. Numbers are kept in cells, each with one writer at a time, so that to record is
 * a few plain stores; who reads adds the cells up.
 *
 *   calling thread                                      its cell
 *   ─────────────────────────────────────────────────   ─────────────────────────────────────────
 *   a thread of Netty's or Vert.x's: a worker of        the thread's own
 *   Baton's, an event loop or worker of stock Vert.x
 *   anything else (main, virtual threads)               one for all, with atomic adds
 *
 * Single writer. Requests begin and end in units of a loop, and who runs a unit may have lost the
 * loop: what belongs to the loop would have two writers. A thread's own cell never has. There are as
 * many as threads that have ever served a request; those that were left behind come back.
 *
 * A thread that ends leaves its numbers to the shared cell; collect() and that move exclude each
 * other, so that nothing is counted twice or missed.
 *
 * Series are numbered once, when a label set is first seen; recording is by number.
 */
// google-java-format on
/** Counters, gauges and histograms that are cheap to write. */
final class Recorder {
  private final Cell shared = new Cell(true);
  private final List<Cell> cells = new CopyOnWriteArrayList<>(List.of(shared));
  private final List<UnderWay> leftBehind = new CopyOnWriteArrayList<>();
  private final List<Family> families = new CopyOnWriteArrayList<>();
  private final Set<String> names = ConcurrentHashMap.newKeySet();

  private final FastThreadLocal<Cell> own =
      new FastThreadLocal<>() {
        @Override
        protected Cell initialValue() {
          return newCell();
        }

        @Override
        protected void onRemoval(Cell cell) {
          retire(cell);
        }
      };

  // Guarded by this
  private int nextSeries;

  private Cell newCell() {
    Cell cell = new Cell(false);
    cells.add(cell);
    return cell;
  }

  private synchronized void retire(Cell cell) {
    UnderWay underWay = cell.underWayOrNull();
    if (underWay != null) {
      leftBehind.add(underWay); // its requests may go on elsewhere
    }
    cells.remove(cell);
    shared.takeOver(cell);
  }

  // ---------------------------------------------------------------- writing

  /** The cell that the calling thread may write to now. */
  Cell cell() {
    return Thread.currentThread() instanceof FastThreadLocalThread ? own.get() : shared;
  }

  // ---------------------------------------------------------------- series

  /** A new family of series; its name must be free. */
  Family family(FamilySpec builder) {
    if (!names.add(builder.name())) {
      throw new IllegalArgumentException("name=" + builder.name() + ": there is such a metric");
    }
    Family family = new Family(this, builder);
    families.add(family);
    return family;
  }

  /**
   * The number of one more series.
   *
   * @return -1 if there are too many
   */
  synchronized int newSeries() {
    return nextSeries == Cell.MAX_SERIES ? -1 : nextSeries++;
  }

  List<Family> families() {
    return families;
  }

  // ---------------------------------------------------------------- reading

  /** The value of a counter or gauge. Any thread. */
  synchronized long value(int series) {
    long sum = 0;
    for (Cell cell : cells) {
      sum += cell.value(series);
    }
    return sum;
  }

  /** Requests under way, wherever they began. Any thread. */
  void readUnderWay(UnderWay.Reader reader) {
    for (Cell cell : cells) {
      UnderWay underWay = cell.underWayOrNull();
      if (underWay != null) {
        underWay.read(reader);
      }
    }
    leftBehind.removeIf(UnderWay::isEmpty);
    leftBehind.forEach(underWay -> underWay.read(reader));
  }

  /** A histogram. Any thread. */
  synchronized LatencySnapshot latency(int series) {
    long[] counts = new long[Buckets.COUNT];
    long sumNanos = 0;
    for (Cell cell : cells) {
      sumNanos += cell.addTo(series, counts);
    }
    return new LatencySnapshot(counts, sumNanos);
  }
}
