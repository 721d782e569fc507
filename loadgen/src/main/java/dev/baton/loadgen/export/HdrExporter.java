package dev.baton.loadgen.export;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.Latencies;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Percentile distributions as {@code .hgrm} text, in milliseconds, for HdrHistogram's plotters. */
public final class HdrExporter {
  private HdrExporter() {}

  /**
   * Writes {@code PREFIX.response.hgrm}, {@code .service.hgrm} and {@code .lateness.hgrm}.
   *
   * @throws IOException if a file cannot be written
   */
  public static void write(LoadReport report, String prefix) throws IOException {
    write(report.total().response(), Path.of(prefix + ".response.hgrm"));
    write(report.total().service(), Path.of(prefix + ".service.hgrm"));
    write(report.lateness(), Path.of(prefix + ".lateness.hgrm"));
  }

  private static void write(Latencies latencies, Path file) throws IOException {
    try (var out = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8)) {
      latencies.histogram().outputPercentileDistribution(out, 5, 1e6);
    }
  }
}
