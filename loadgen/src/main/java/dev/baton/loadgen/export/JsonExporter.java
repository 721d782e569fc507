package dev.baton.loadgen.export;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.Comparison;
import dev.baton.loadgen.compare.RateSearch;
import dev.baton.loadgen.compare.ServerCost;
import dev.baton.loadgen.record.ConnectionRecord;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RecordCodec;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.SelfMeasurement;
import dev.baton.loadgen.results.SavedComparison;
import dev.baton.loadgen.schedule.Phase;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The report as JSON. The fields are documented in the README and stay as they are. */
public final class JsonExporter {
  private static final Map<String, Double> PERCENTILES = new LinkedHashMap<>();

  static {
    PERCENTILES.put("p50", 50.0);
    PERCENTILES.put("p90", 90.0);
    PERCENTILES.put("p95", 95.0);
    PERCENTILES.put("p99", 99.0);
    PERCENTILES.put("p999", 99.9);
    PERCENTILES.put("p9999", 99.99);
    PERCENTILES.put("max", 100.0);
  }

  /** Name of the object that holds what a report is read back from. */
  public static final String RECORDED = "recorded";

  private JsonExporter() {}

  /** The report of a run that no command line started, as an indented JSON object. */
  public static String toJson(LoadReport report) {
    return toJson(report, Provenance.of(List.of()));
  }

  /** The report as an indented JSON object that it can be read back from. */
  public static String toJson(LoadReport report, Provenance provenance) {
    var map = new LinkedHashMap<String, Object>();
    map.put("provenance", provenance.toMap());
    map.putAll(toMap(report));
    map.put(RECORDED, recorded(report));
    return write(map, true);
  }

  private static Map<String, Object> recorded(LoadReport report) {
    var map = new LinkedHashMap<String, Object>();
    map.put("total", RecordCodec.save(report.total()));
    map.put("targets", report.requests().stream().map(RecordCodec::save).toList());
    map.put("sessions", report.sessions().stream().map(RecordCodec::save).toList());
    map.put("phases", report.phases().stream().map(RecordCodec::save).toList());
    map.put("warmup", RecordCodec.save(report.warmup()));
    map.put("connections", RecordCodec.save(report.connections()));
    map.put("lateness", RecordCodec.save(report.lateness()));
    map.put("poll_gaps", RecordCodec.save(report.pollGaps()));
    map.put("heatmap", RecordCodec.save(report.heatmap()));
    map.put("lateness_map", RecordCodec.save(report.latenessMap()));
    map.put("core", fields(report.core()));
    map.put("self", fields(report.self()));
    map.put(
        "phase_rates",
        report.options().effectivePhases().stream()
            .filter(Phase::recorded)
            .map(
                p -> {
                  var phase = new LinkedHashMap<String, Object>();
                  phase.put("name", p.name());
                  phase.put("from", p.startRate());
                  phase.put("to", p.endRate());
                  phase.put("seconds", p.seconds());
                  return phase;
                })
            .toList());
    return map;
  }

  private static Map<String, Object> fields(CoreUse core) {
    var map = new LinkedHashMap<String, Object>();
    map.put("seconds", core.seconds());
    map.put("cpuSeconds", core.cpuSeconds());
    map.put("waitedSeconds", core.waitedSeconds());
    return map;
  }

  private static Map<String, Object> fields(SelfMeasurement self) {
    var map = new LinkedHashMap<String, Object>();
    map.put("seconds", self.seconds());
    map.put("processCpuSeconds", self.processCpuSeconds());
    map.put("threadCpuSeconds", self.threadCpuSeconds());
    map.put("gcMillis", self.gcMillis());
    map.put("gcCount", self.gcCount());
    map.put("stealSeconds", self.stealSeconds());
    map.put("busySeconds", self.busySeconds());
    return map;
  }

  /** The report as nested maps and lists in the order of the JSON. */
  public static Map<String, Object> toMap(LoadReport report) {
    var map = new LinkedHashMap<String, Object>();
    map.put("started_at", report.startedAt().toString());
    map.put("valid", report.valid());
    map.put("interrupted", report.interrupted());
    map.put("invalid_reasons", report.invalidReasons());
    map.put("options", options(report));
    map.put("rate", rate(report, report.total()));
    map.putAll(record(report, report.total()));
    map.put("lateness_ms", latencies(report.lateness()));
    map.put("errors", report.errorKinds());
    var targets = new ArrayList<Object>();
    for (var request : report.requests()) {
      targets.add(named(report, request, report.windowSeconds()));
    }
    map.put("targets", targets);
    if (!report.sessions().isEmpty()) {
      map.put(
          "sessions",
          report.sessions().stream().map(s -> named(report, s, report.windowSeconds())).toList());
    }
    var phases = new ArrayList<Object>();
    var recorded = report.options().effectivePhases().stream().filter(p -> p.recorded()).toList();
    for (int i = 0; i < recorded.size(); i++) {
      phases.add(named(report, report.phases().get(i), recorded.get(i).seconds()));
    }
    map.put("phases", phases);
    map.put("connections", connections(report.connections()));
    map.put("warmup", Map.of("requests", counts(report.warmup())));
    map.put("generator", generator(report));
    return map;
  }

  /** A comparison as an indented JSON object. */
  public static String toJson(Comparison comparison, Provenance provenance) {
    var map = new LinkedHashMap<String, Object>();
    map.put("provenance", provenance.toMap());
    map.put("a", comparison.nameA());
    map.put("b", comparison.nameB());
    map.put("pairs", comparison.blocksA().size());
    map.put("interrupted", comparison.interrupted());
    map.put("invalid_blocks", comparison.invalidBlocks());
    map.put("verdict", comparison.verdict().name().toLowerCase(Locale.ROOT));
    var differences = new LinkedHashMap<String, Object>();
    for (var d : comparison.differences()) {
      var difference = new LinkedHashMap<String, Object>();
      difference.put("unit", d.unit());
      difference.put("a", d.medianA());
      difference.put("b", d.medianB());
      difference.put("percent", d.percent());
      difference.put("low_percent", d.lowPercent());
      difference.put("high_percent", d.highPercent());
      difference.put("p_value", d.pValue());
      difference.put("shown", comparison.shown().contains(d.metric()));
      differences.put(d.metric().replace(".", ""), difference);
    }
    map.put("differences", differences);
    putCost(map, "server_a", comparison.costA());
    putCost(map, "server_b", comparison.costB());
    map.put("blocks_a", comparison.blocksA().stream().map(JsonExporter::toMap).toList());
    map.put("blocks_b", comparison.blocksB().stream().map(JsonExporter::toMap).toList());
    return write(map, true);
  }

  /** Two results of different times as an indented JSON object. */
  public static String toJson(SavedComparison comparison) {
    var map = new LinkedHashMap<String, Object>();
    map.put("before", comparison.before().startedAt().toString());
    map.put("after", comparison.after().startedAt().toString());
    map.put("interleaved", false);
    map.put("worse", comparison.worse());
    map.put("other_load", comparison.otherLoad());
    var changes = new LinkedHashMap<String, Object>();
    for (var row : comparison.rows()) {
      var change = new LinkedHashMap<String, Object>();
      change.put("unit", row.unit());
      change.put("before", row.before());
      change.put("before_low", row.beforeLow());
      change.put("before_high", row.beforeHigh());
      change.put("after", row.after());
      change.put("after_low", row.afterLow());
      change.put("after_high", row.afterHigh());
      change.put("percent", row.percent());
      change.put("apart", row.apart());
      changes.put(row.metric().replace(".", ""), change);
    }
    map.put("changes", changes);
    return write(map, true);
  }

  private static void putCost(Map<String, Object> map, String key, @Nullable ServerCost cost) {
    if (cost != null) {
      var values = new LinkedHashMap<String, Object>();
      values.put("cpu_s", cost.cpuSeconds());
      values.put("responses", cost.responses());
      values.put("cpu_us_per_response", cost.cpuMicrosPerResponse());
      values.put("rss_bytes", cost.peakRssBytes());
      values.put("voluntary_switches", cost.voluntarySwitches());
      values.put("involuntary_switches", cost.involuntarySwitches());
      map.put(key, values);
    }
  }

  /** A search as an indented JSON object. */
  public static String toJson(RateSearch.Result result, String slo, Provenance provenance) {
    var map = new LinkedHashMap<String, Object>();
    map.put("provenance", provenance.toMap());
    map.put("slo", slo);
    map.put("rate", result.confirmed() == null ? Double.NaN : result.rate());
    map.put("reached_limit", result.reachedLimit());
    map.put("generator_limit", result.generatorLimit());
    map.put("interrupted", result.interrupted());
    var tries = new ArrayList<Object>();
    for (var probe : result.probes()) {
      var one = new LinkedHashMap<String, Object>();
      one.put("rate", probe.rate());
      one.put("holds", probe.holds());
      one.put("confirmation", probe.confirmation());
      one.put("disturbed", probe.disturbed());
      one.put("why", probe.why());
      one.put("requests", counts(probe.report().total()));
      one.put("response_ms", latencies(probe.report().total().response()));
      tries.add(one);
    }
    map.put("tries", tries);
    if (result.confirmed() != null) {
      map.put("confirmed", toMap(result.confirmed()));
    }
    return write(map, true);
  }

  private static Map<String, Object> options(LoadReport report) {
    LoadOptions options = report.options();
    var map = new LinkedHashMap<String, Object>();
    map.put("loop", options.isClosedLoop() ? "closed" : "open");
    map.put("protocol", options.getProtocol().name());
    map.put("arrivals", options.getArrivals().name());
    map.put("seed", options.getSeed());
    map.put("schedule_hash", report.scheduleHash());
    map.put("part", options.getPart().toString());
    map.put("measured_s", report.windowSeconds());
    map.put("warmup_s", options.getWarmup().toNanos() / 1e9);
    map.put("connections", options.getConnections());
    map.put("depth", options.getDepth());
    map.put("new_connections", options.isNewConnections());
    map.put("timeout_s", options.getTimeout().toNanos() / 1e9);
    map.put("drain_s", options.getDrain().toNanos() / 1e9);
    return map;
  }

  private static Map<String, Object> rate(LoadReport report, RequestRecord record) {
    boolean closed = report.options().isClosedLoop();
    return rate(
        closed ? Double.NaN : record.scheduled() / report.windowSeconds(),
        record,
        report.windowSeconds());
  }

  private static Map<String, Object> rate(double asked, RequestRecord record, double seconds) {
    var map = new LinkedHashMap<String, Object>();
    map.put("asked", asked);
    map.put("delivered", record.okInWindow() / seconds);
    map.put("answered", record.answeredInWindow() / seconds);
    return map;
  }

  private static Map<String, Object> named(
      LoadReport report, RequestRecord record, double seconds) {
    var map = new LinkedHashMap<String, Object>();
    boolean closed = report.options().isClosedLoop();
    map.put("name", record.name());
    map.put("rate", rate(closed ? Double.NaN : record.scheduled() / seconds, record, seconds));
    map.putAll(record(report, record));
    return map;
  }

  private static Map<String, Object> record(LoadReport report, RequestRecord record) {
    var map = new LinkedHashMap<String, Object>();
    map.put("requests", counts(record));
    map.put("response_ms", judged(report, record.response()));
    map.put("service_ms", judged(report, record.service()));
    map.put("error_ms", latencies(record.errors()));
    map.put("body_bytes", record.bytes());
    return map;
  }

  private static Map<String, Object> counts(RequestRecord record) {
    var map = new LinkedHashMap<String, Object>();
    map.put("scheduled", record.scheduled());
    map.put("sent", record.sent());
    map.put("unsent", record.unsent());
    map.put("ok", record.count(Outcome.OK));
    map.put("http_error", record.count(Outcome.HTTP_ERROR));
    map.put("timeout", record.count(Outcome.TIMEOUT));
    map.put("connect_error", record.count(Outcome.CONNECT_ERROR));
    map.put("unfinished", record.count(Outcome.UNFINISHED));
    map.put("waited_for_connection", record.queued());
    return map;
  }

  /** Latencies with the names of those percentiles that are in good part the generator's doing. */
  private static Map<String, Object> judged(LoadReport report, Latencies latencies) {
    var map = latencies(latencies);
    var validity = report.validity();
    var disturbed = new ArrayList<String>();
    PERCENTILES.forEach(
        (name, percentile) -> {
          if (validity.disturbed(latencies, percentile)) {
            disturbed.add(name);
          }
        });
    if (!disturbed.isEmpty()) {
      map.put("disturbed", disturbed);
    }
    return map;
  }

  private static Map<String, Object> latencies(Latencies latencies) {
    var map = new LinkedHashMap<String, Object>();
    map.put("count", latencies.count());
    map.put("mean", latencies.meanMillis());
    PERCENTILES.forEach((name, percentile) -> map.put(name, latencies.millisAt(percentile)));
    map.put("lower_bounds", latencies.censored());
    if (latencies.censored() > 0) {
      map.put("exact_below", latencies.exactBelowMillis());
    }
    return map;
  }

  private static Map<String, Object> connections(ConnectionRecord connections) {
    var map = new LinkedHashMap<String, Object>();
    map.put("opened", connections.opened());
    map.put("failed", connections.failures());
    map.put("resent", connections.resent());
    return map;
  }

  private static Map<String, Object> generator(LoadReport report) {
    var self = report.self();
    var map = new LinkedHashMap<String, Object>();
    map.put("wall_s", self.seconds());
    map.put("cpu_percent", self.cpuPercent());
    map.put("process_cpu_s", self.processCpuSeconds());
    map.put("thread_cpu_s", self.threadCpuSeconds());
    map.put("gc_ms", self.gcMillis());
    map.put("gc_count", self.gcCount());
    map.put("steal_s", self.stealSeconds());
    map.put("machine_busy_s", self.busySeconds());
    map.put("core_busy_share", report.core().busyShare());
    map.put("core_waited_share", report.core().waitedShare());
    map.put("poll_gap_ms", latencies(report.pollGaps()));
    return map;
  }

  /** Any nesting of maps, collections, strings, numbers and booleans as JSON. */
  static String write(Object value, boolean indented) {
    var out = new StringWriter();
    try (var generator = new JsonFactory().createGenerator(out)) {
      if (indented) {
        generator.setPrettyPrinter(new DefaultPrettyPrinter());
      }
      write(value, generator);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  private static void write(@Nullable Object value, JsonGenerator out) throws IOException {
    if (value instanceof Map<?, ?> map) {
      out.writeStartObject();
      for (var entry : map.entrySet()) {
        out.writeFieldName(String.valueOf(entry.getKey()));
        write(entry.getValue(), out);
      }
      out.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      out.writeStartArray();
      for (Object element : list) {
        write(element, out);
      }
      out.writeEndArray();
    } else if (value == null || (value instanceof Double number && number.isNaN())) {
      out.writeNull();
    } else if (value instanceof Double number) {
      out.writeNumber(round(number));
    } else if (value instanceof Number number) {
      out.writeNumber(number.longValue());
    } else if (value instanceof Boolean bool) {
      out.writeBoolean(bool);
    } else {
      out.writeString(String.valueOf(value));
    }
  }

  /** Keeps six digits after the point: nanoseconds of a millisecond. */
  private static double round(double value) {
    return Math.abs(value) < 1e9 ? Math.rint(value * 1e6) / 1e6 : value;
  }
}
