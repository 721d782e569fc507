package dev.baton.loadgen.record;

import java.util.List;

/**
 * Counts of response times over the time the requests were meant to start: columns of equal time,
 * rows of four per octave from 1 µs. Written by the client thread, read after the run.
 */
public final class Heatmap {
  /** Number of rows; the last one holds all that is longer. */
  public static final int ROWS = 128;

  private static final int COLUMNS = 200;
  private final long columnNanos;
  private final int[][] counts = new int[COLUMNS][ROWS];

  Heatmap(long durationNanos) {
    this.columnNanos = Math.max(1, (durationNanos + COLUMNS - 1) / COLUMNS);
  }

  /** An empty one whose columns are that long. */
  static Heatmap ofColumns(long columnNanos) {
    return new Heatmap(columnNanos * COLUMNS);
  }

  void add(int column, int row, int count) {
    counts[column][row] += count;
  }

  /** The sum of several whose columns are equally long. */
  public static Heatmap sum(List<Heatmap> heatmaps) {
    var sum = ofColumns(heatmaps.getFirst().columnNanos);
    for (var heatmap : heatmaps) {
      for (int column = 0; column < COLUMNS; column++) {
        for (int row = 0; row < ROWS; row++) {
          sum.add(column, row, heatmap.counts[column][row]);
        }
      }
    }
    return sum;
  }

  void record(long offsetNanos, long latencyNanos) {
    int column = Math.clamp(offsetNanos / columnNanos, 0, COLUMNS - 1);
    counts[column][row(latencyNanos)]++;
  }

  /** The row a latency falls into: two bits below the highest one, above 1 µs. */
  static int row(long nanos) {
    long micros4 = Math.max(4, nanos * 4 / 1_000);
    int octave = 63 - Long.numberOfLeadingZeros(micros4) - 2;
    int quarter = (int) (micros4 >> octave) & 3;
    return Math.min(ROWS - 1, octave * 4 + quarter);
  }

  /** The lower bound of a row in nanoseconds. */
  public static double rowNanos(int row) {
    return Math.scalb(1_000.0 * (4 + (row & 3)) / 4, row >> 2);
  }

  /** Length of a column in nanoseconds. */
  public long columnNanos() {
    return columnNanos;
  }

  /** Number of columns. */
  public int columns() {
    return COLUMNS;
  }

  /** Requests in a cell. */
  public int count(int column, int row) {
    return counts[column][row];
  }
}
