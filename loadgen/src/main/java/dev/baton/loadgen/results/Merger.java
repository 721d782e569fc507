package dev.baton.loadgen.results;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.record.ConnectionRecord;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.Heatmap;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.SelfMeasurement;
import dev.baton.loadgen.record.Validity;
import dev.baton.loadgen.schedule.Part;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Joins the reports of generators that ran at the same time into one. */
public final class Merger {
  private Merger() {}

  /**
   * Joins all parts of a schedule, or several closed loops. Counts and histograms add up exactly.
   *
   * @param reports by the names they are spoken of by
   * @throws IllegalArgumentException saying which do not belong together, or what is missing
   */
  public static LoadReport merge(Map<String, LoadReport> reports) {
    check(reports);
    var all = List.copyOf(reports.values());
    var first = all.getFirst();
    var lateness = Latencies.sum(all.stream().map(LoadReport::lateness).toList());
    var pauses = Latencies.sum(all.stream().map(LoadReport::pollGaps).toList());
    var total = RequestRecord.sum("total", all.stream().map(LoadReport::total).toList());
    double seconds = all.stream().mapToDouble(LoadReport::windowSeconds).max().orElse(0);
    return new LoadReport(
        new LoadOptions(first.options())
            .setPart(Part.WHOLE)
            .setConnections(all.stream().mapToInt(r -> r.options().getConnections()).sum()),
        all.stream().map(LoadReport::startedAt).min(Instant::compareTo).orElseThrow(),
        first.scheduleHash(),
        total,
        sums(all, LoadReport::requests),
        sums(all, LoadReport::sessions),
        sums(all, LoadReport::phases),
        RequestRecord.sum("warmup", all.stream().map(LoadReport::warmup).toList()),
        ConnectionRecord.sum(all.stream().map(LoadReport::connections).toList()),
        lateness,
        pauses,
        seconds,
        all.stream().anyMatch(LoadReport::interrupted),
        core(all),
        self(all),
        errors(all),
        Heatmap.sum(all.stream().map(LoadReport::heatmap).toList()),
        Heatmap.sum(all.stream().map(LoadReport::latenessMap).toList()),
        reasons(reports, new Validity(lateness, pauses, seconds * all.size()), total));
  }

  private static void check(Map<String, LoadReport> reports) {
    var first = reports.entrySet().iterator().next();
    var parts = new TreeMap<Integer, String>();
    int of = first.getValue().options().getPart().of();
    reports.forEach(
        (name, report) -> {
          var part = report.options().getPart();
          if (!report.scheduleHash().equals(first.getValue().scheduleHash()) || part.of() != of) {
            throw new IllegalArgumentException(
                "%s is part %s of schedule '%s', %s is part %s of '%s': only parts of one are joined"
                    .formatted(
                        first.getKey(),
                        first.getValue().options().getPart(),
                        first.getValue().scheduleHash(),
                        name,
                        part,
                        report.scheduleHash()));
          }
          if (!names(report).equals(names(first.getValue()))) {
            throw new IllegalArgumentException(
                "%s sent other requests than %s".formatted(name, first.getKey()));
          }
          String same = parts.put(part.number(), name);
          if (same != null && !report.options().isClosedLoop()) {
            throw new IllegalArgumentException(
                "%s and %s are both part %s: a request would count twice"
                    .formatted(same, name, part));
          }
        });
    if (!first.getValue().options().isClosedLoop() && parts.size() < of) {
      var missing = new ArrayList<String>();
      for (int number = 1; number <= of; number++) {
        if (!parts.containsKey(number)) {
          missing.add(number + "/" + of);
        }
      }
      throw new IllegalArgumentException("part " + String.join(", ", missing) + " is missing");
    }
  }

  private static List<String> names(LoadReport report) {
    return report.requests().stream().map(RequestRecord::name).toList();
  }

  private static List<RequestRecord> sums(
      List<LoadReport> reports, Function<LoadReport, List<RequestRecord>> records) {
    var sums = new ArrayList<RequestRecord>();
    for (int i = 0; i < records.apply(reports.getFirst()).size(); i++) {
      int index = i;
      sums.add(
          RequestRecord.sum(
              records.apply(reports.getFirst()).get(i).name(),
              reports.stream().map(r -> records.apply(r).get(index)).toList()));
    }
    return sums;
  }

  private static Map<String, Long> errors(List<LoadReport> reports) {
    var errors = new TreeMap<String, Long>();
    for (var report : reports) {
      report.errorKinds().forEach((kind, count) -> errors.merge(kind, count, Long::sum));
    }
    return errors;
  }

  private static CoreUse core(List<LoadReport> reports) {
    return new CoreUse(
        reports.stream().mapToDouble(r -> r.core().seconds()).sum(),
        reports.stream().mapToDouble(r -> r.core().cpuSeconds()).sum(),
        reports.stream().mapToDouble(r -> r.core().waitedSeconds()).sum());
  }

  private static SelfMeasurement self(List<LoadReport> reports) {
    var all = reports.stream().map(LoadReport::self).toList();
    return new SelfMeasurement(
        all.stream().mapToDouble(SelfMeasurement::seconds).max().orElse(0),
        all.stream().mapToDouble(SelfMeasurement::processCpuSeconds).sum(),
        all.stream().mapToDouble(SelfMeasurement::threadCpuSeconds).sum(),
        all.stream().mapToLong(SelfMeasurement::gcMillis).sum(),
        all.stream().mapToLong(SelfMeasurement::gcCount).sum(),
        all.stream().mapToDouble(SelfMeasurement::stealSeconds).sum(),
        all.stream().mapToDouble(SelfMeasurement::busySeconds).sum());
  }

  /** What disturbed the sum, and each part by itself. */
  private static List<String> reasons(
      Map<String, LoadReport> reports, Validity validity, RequestRecord total) {
    var reasons = new LinkedHashSet<>(validity.reasons("", total.response()));
    reports.forEach(
        (name, report) -> report.invalidReasons().forEach(r -> reasons.add(name + ": " + r)));
    return List.copyOf(reasons);
  }
}
