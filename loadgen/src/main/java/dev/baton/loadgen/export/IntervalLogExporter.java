package dev.baton.loadgen.export;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** Response times per interval as an HdrHistogram log, in nanoseconds. */
public final class IntervalLogExporter implements AutoCloseable {
  private final PrintStream stream;
  private final HistogramLogWriter writer;
  private final long startMillis = System.currentTimeMillis();

  /**
   * Starts a log.
   *
   * @throws IOException if the file cannot be written
   */
  public IntervalLogExporter(Path file) throws IOException {
    stream = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8);
    writer = new HistogramLogWriter(stream);
    writer.outputLogFormatVersion();
    writer.outputStartTime(startMillis);
    writer.setBaseTime(startMillis);
    writer.outputLegend();
  }

  /** Appends an interval, whose time stamps it carries. */
  public void append(Histogram interval) {
    writer.outputIntervalHistogram(interval);
  }

  @Override
  public void close() {
    stream.close();
  }
}
