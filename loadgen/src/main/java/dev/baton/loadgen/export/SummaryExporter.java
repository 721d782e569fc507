package dev.baton.loadgen.export;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.Validity;
import dev.baton.loadgen.schedule.Schedule;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The report as a table for people. */
public final class SummaryExporter {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};

  private SummaryExporter() {}

  /** One line that identifies the schedule. */
  public static String scheduleLine(LoadGenerator generator) {
    Schedule schedule = generator.schedule();
    return String.format(
        Locale.ROOT,
        "schedule %s: about %,.0f requests in %.1f s, warm-up included",
        schedule.hash(),
        schedule.expectedRequests(),
        schedule.duration().toNanos() / 1e9);
  }

  /** Writes the table. */
  public static void write(LoadReport report, PrintWriter out) {
    boolean closed = report.options().isClosedLoop();
    out.printf(
        Locale.ROOT,
        "%n%-28s %10s %10s %10s %10s %10s   %s%n",
        "milliseconds",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        closed ? "ok/s" : "ok/s of asked/s");
    var total = report.total();
    var judge = report.validity();
    row(
        out,
        closed ? "response (closed loop)" : "response",
        total.response(),
        judge,
        rate(report, total));
    row(out, "service", total.service(), judge, "");
    if (!closed) {
      row(out, "generator's lateness", report.lateness(), null, "");
    }
    if (total.failed() > 0) {
      row(out, "errors, in none of the above", total.errors(), null, "");
    }
    if (report.requests().size() > 1) {
      out.println();
      for (var request : report.requests()) {
        row(out, request.name(), request.response(), judge, rate(report, request));
      }
    }
    for (var session : report.sessions()) {
      row(out, "session " + session.name(), session.response(), null, rate(report, session));
    }
    if (report.phases().size() > 1) {
      out.println();
      for (var phase : report.phases()) {
        row(out, "phase " + phase.name(), phase.response(), judge, "");
      }
    }
    out.printf(
        Locale.ROOT,
        "%nscheduled %,d = sent %,d + unsent %,d%n"
            + "sent %,d = ok %,d + http error %,d + timeout %,d + connection error %,d"
            + " + unfinished %,d%n",
        total.scheduled(),
        total.sent(),
        total.unsent(),
        total.sent(),
        total.count(Outcome.OK),
        total.count(Outcome.HTTP_ERROR),
        total.count(Outcome.TIMEOUT),
        total.count(Outcome.CONNECT_ERROR),
        total.count(Outcome.UNFINISHED));
    for (var session : report.sessions()) {
      out.printf(
          Locale.ROOT,
          "sessions %s: arrived %,d = ok %,d + failed %,d + unfinished %,d%n",
          session.name(),
          session.sent(),
          session.count(Outcome.OK),
          session.sent() - session.count(Outcome.OK) - session.count(Outcome.UNFINISHED),
          session.count(Outcome.UNFINISHED));
    }
    if (total.queued() > 0) {
      out.printf(Locale.ROOT, "waited for a free connection: %,d%n", total.queued());
    }
    report.errorKinds().forEach((kind, count) -> out.printf("  %,d × %s%n", count, kind));
    report
        .connections()
        .resent()
        .forEach((why, count) -> out.printf(Locale.ROOT, "sent again: %,d × %s%n", count, why));
    report
        .connections()
        .failures()
        .forEach(
            (why, count) ->
                out.printf(Locale.ROOT, "connections that failed: %,d × %s%n", count, why));
    if (total.response().censored() > 0) {
      out.printf(
          Locale.ROOT,
          "≥ marks percentiles that %,d requests without an answer make a lower bound%n",
          total.response().censored());
    }
    if (disturbed(report)) {
      out.println("! marks what is in good part the generator's own lateness");
    }
    var self = report.self();
    out.printf(
        Locale.ROOT,
        "generator: CPU %.0f %%, GC %d ms in %d, steal %.2f s%n",
        self.cpuPercent(),
        self.gcMillis(),
        self.gcCount(),
        self.stealSeconds());
    if (report.interrupted()) {
      out.printf(
          Locale.ROOT,
          "INTERRUPTED: only the first %.1f s were measured%n",
          report.windowSeconds());
    }
    report.invalidReasons().forEach(reason -> out.println("INVALID: " + reason));
  }

  private static String rate(LoadReport report, RequestRecord record) {
    double delivered = record.okInWindow() / report.windowSeconds();
    return report.options().isClosedLoop()
        ? String.format(Locale.ROOT, "%,.0f", delivered)
        : String.format(
            Locale.ROOT, "%,.0f of %,.0f", delivered, record.scheduled() / report.windowSeconds());
  }

  private static boolean disturbed(LoadReport report) {
    var records = new ArrayList<RequestRecord>(report.requests());
    records.add(report.total());
    records.addAll(report.phases());
    return records.stream()
        .anyMatch(
            record ->
                Arrays.stream(PERCENTILES)
                    .anyMatch(p -> report.validity().disturbed(record.response(), p)));
  }

  private static void row(
      PrintWriter out, String name, Latencies latencies, @Nullable Validity judge, String rate) {
    var line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "%-28s", name));
    for (double percentile : PERCENTILES) {
      line.append(String.format(Locale.ROOT, " %10s", marked(latencies, percentile, judge)));
    }
    out.println(line + (rate.isEmpty() ? "" : "   " + rate));
  }

  /** A percentile in milliseconds: ≥ before a lower bound, ! behind the generator's own doing. */
  static String marked(Latencies latencies, double percentile, @Nullable Validity judge) {
    return (latencies.lowerBoundAt(percentile) ? "≥" : "")
        + millis(latencies.millisAt(percentile))
        + (judge != null && judge.disturbed(latencies, percentile) ? "!" : "");
  }

  /** Milliseconds with as many digits as say something; a dash for what was not measured. */
  public static String millis(double millis) {
    if (Double.isNaN(millis)) {
      return "–";
    }
    return String.format(
        Locale.ROOT, millis >= 100 ? "%.0f" : millis >= 10 ? "%.1f" : "%.3f", millis);
  }
}
