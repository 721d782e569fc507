package dev.baton.loadgen.export;

import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.Latencies;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Percentile distributions as {@code .hgrm} text, in milliseconds, for HdrHistogram's plotters. */
public final class HdrExporter {
  private HdrExporter() {}

  /**
   * Writes {@code PREFIX.response.hgrm}, {@code .service.hgrm} and {@code .lateness.hgrm}.
   *
   * @throws IOException if a file cannot be written
   */
  public static void write(LoadReport report, String prefix) throws IOException {
    var files = files(prefix);
    write(report.total().response(), files.get(0));
    write(report.total().service(), files.get(1));
    write(report.lateness(), files.get(2));
  }

  /** The files that {@link #write} writes. */
  public static List<Path> files(String prefix) {
    return Stream.of("response", "service", "lateness")
        .map(name -> Path.of(prefix + "." + name + ".hgrm"))
        .toList();
  }

  private static void write(Latencies latencies, Path file) throws IOException {
    try (var out = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8)) {
      latencies.histogram().outputPercentileDistribution(out, 5, 1e6);
    }
  }
}
