package dev.baton.loadgen.cli;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.export.Interval;
import dev.baton.loadgen.export.IntervalLogExporter;
import dev.baton.loadgen.record.Progress;
import dev.baton.loadgen.schedule.Phase;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Watches a running load from a thread of its own, once a second: one line on the terminal,
 * overwritten where that is possible, and one interval in the log.
 */
final class Monitor implements AutoCloseable {
  private static final long PERIOD_MILLIS = 1_000;

  private final LoadGenerator generator;
  private final LoadOptions options;
  private final List<Phase> phases;
  private final @Nullable PrintWriter out;
  private final boolean terminal;
  private final @Nullable IntervalLogExporter log;
  private final Thread thread;

  // Written by the monitor thread, read by whoever asks
  private volatile Interval interval = Interval.NONE;

  // Written by the closing thread
  private volatile boolean closed;

  // Monitor thread only
  private Progress last = Progress.NONE;

  Monitor(
      LoadGenerator generator,
      LoadOptions options,
      @Nullable PrintWriter out,
      boolean terminal,
      @Nullable IntervalLogExporter log) {
    this.generator = generator;
    this.options = options;
    this.phases = generator.schedule().phases();
    this.out = out;
    this.terminal = terminal;
    this.log = log;
    this.thread = Thread.ofPlatform().daemon().name("loadgen-monitor").unstarted(this::watch);
  }

  Monitor start() {
    thread.start();
    return this;
  }

  Interval interval() {
    return interval;
  }

  private void watch() {
    while (!closed) {
      try {
        Thread.sleep(PERIOD_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
      if (!closed) {
        look();
      }
    }
  }

  private void look() {
    var recorder = generator.recorder();
    var progress = recorder.progress();
    var response = recorder.intervalResponses();
    interval = interval.next(response, recorder.intervalLateness());
    if (log != null && response.getTotalCount() > 0) {
      log.append(response);
    }
    if (out != null && progress.elapsedNanos() > last.elapsedNanos()) {
      String line = line(progress);
      // Without wrapping: of a line that was wrapped, the next would overwrite only the rest.
      out.print(
          terminal ? "\r\u001b[K\u001b[?7l" + line + "\u001b[?7h" : line + System.lineSeparator());
      out.flush();
      last = progress;
    }
  }

  private String line(Progress progress) {
    double seconds = (progress.elapsedNanos() - last.elapsedNanos()) / 1e9;
    double ok = progress.ok() - (double) last.ok();
    double asked = progress.scheduled() - (double) last.scheduled();
    var phase = phases.get(progress.phase());
    String rate =
        options.isClosedLoop()
            ? String.format(Locale.ROOT, "%,7.0f ok/s", ok / seconds)
            : String.format(Locale.ROOT, "%,7.0f ok of %,.0f/s", ok / seconds, asked / seconds);
    String latency =
        phase.recorded() && !Double.isNaN(interval.response().p50Millis())
            ? String.format(
                Locale.ROOT,
                "  p50 %.2f  p99 %.2f  late %.2f ms",
                interval.response().p50Millis(),
                interval.response().p99Millis(),
                interval.lateness().p99Millis())
            : "";
    String trouble =
        (progress.errors() > 0 ? String.format(Locale.ROOT, "  errors %,d", progress.errors()) : "")
            + (progress.waiting() > 0
                ? String.format(Locale.ROOT, "  waiting %,d", progress.waiting())
                : "");
    return String.format(
        Locale.ROOT,
        "%5.1f s  %-6s %s%s%s",
        progress.elapsedNanos() / 1e9,
        phase.name(),
        rate,
        latency,
        trouble);
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (log != null) {
      var rest = generator.recorder().intervalResponses();
      if (rest.getTotalCount() > 0) {
        log.append(rest);
      }
      log.close();
    }
    if (out != null && terminal) {
      out.print("\r\u001b[K");
      out.flush();
    }
  }
}
