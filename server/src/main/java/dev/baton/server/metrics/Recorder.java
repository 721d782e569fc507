package dev.baton.server.metrics;

import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.TransferableEventLoopGroup;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * Who writes where. Numbers are kept in cells, each with one writer at a time, so that to record is
 * a few plain stores; who reads adds the cells up.
 *
 *   calling thread                                      its cell
 *   ─────────────────────────────────────────────────   ─────────────────────────────────────────
 *   a worker of Baton's that drives a loop in IO        the loop's
 *   any other thread of Netty's or Vert.x's (an event   the thread's own
 *   loop or worker of stock Vert.x; a worker of
 *   Baton's inside a continuation, whether or not it
 *   has lost its loop meanwhile)
 *   anything else (main, virtual threads)               one for all, with atomic adds
 *
 * Single writer. A loop is in IO on one thread at most, and what an owner wrote in IO is seen by
 * the next one: it passes with the loop's status word (TransferableEventLoop). A worker that was
 * left behind in its continuation is not in IO and thus writes to its own cell, also while the new
 * owner writes to the loop's. So there are as many histograms of requests as loops, however many
 * workers come by.
 *
 * A connection or request remembers its loop's cell as its home, and writes there while its caller
 * drives that loop in IO (cell(Cell)); else to the caller's own, as above.
 *
 * A thread that ends leaves its numbers to the shared cell; collect() and that move exclude each
 * other, so that nothing is counted twice or missed.
 *
 * Series are numbered once, when a label set is first seen; recording is by number.
 */
// google-java-format on
/** Counters, gauges and histograms that are cheap to write. */
final class Recorder {
  private final Cell shared = new Cell(true, null);
  private final List<Cell> cells = new CopyOnWriteArrayList<>(List.of(shared));
  private final List<Family> families = new CopyOnWriteArrayList<>();
  private final Set<String> names = ConcurrentHashMap.newKeySet();

  private final FastThreadLocal<Cell> own =
      new FastThreadLocal<>() {
        @Override
        protected Cell initialValue() {
          return newCell(null);
        }

        @Override
        protected void onRemoval(Cell cell) {
          retire(cell);
        }
      };

  // Written once, before the first loop is used
  private volatile @Nullable TransferableEventLoopGroup group;
  private volatile Cell[] loopCells = {};

  // Guarded by this
  private int nextSeries;

  private Cell newCell(@Nullable TransferableEventLoop loop) {
    Cell cell = new Cell(false, loop);
    cells.add(cell);
    return cell;
  }

  private synchronized void retire(Cell cell) {
    cells.remove(cell);
    shared.takeOver(cell);
  }

  /** Gives each loop of {@code group} a cell. Once. */
  void attach(TransferableEventLoopGroup group) {
    loopCells = group.loops().stream().map(this::newCell).toArray(Cell[]::new);
    this.group = group;
  }

  // ---------------------------------------------------------------- writing

  /** The cell that the calling thread may write to now: its loop's, if it drives one in IO. */
  Cell cell() {
    TransferableEventLoop loop = TransferableEventLoop.currentInIo();
    if (loop != null && loop.parent() == group) {
      return loopCells[loop.index()];
    }
    return Thread.currentThread() instanceof FastThreadLocalThread ? own.get() : shared;
  }

  /**
   * The cell that the calling thread may write to now, on behalf of something that stays with one
   * loop, such as a connection or a request: that loop never changes, only who drives it.
   *
   * @param home {@link #cell()} where it began
   */
  Cell cell(Cell home) {
    TransferableEventLoop loop = home.loop();
    return loop != null && loop.inEventLoop() ? home : cell();
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
