package dev.baton.loadgen.results;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.export.JsonExporter;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.RecordCodec;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.SelfMeasurement;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.schedule.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A report of a run that was written as JSON. */
public final class ReportFile {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ReportFile() {}

  /**
   * Reads a report back.
   *
   * @throws IllegalArgumentException naming the file and what is wrong with it
   */
  public static LoadReport read(Path file) {
    return report(file, tree(file));
  }

  /** Whether the file holds a report that can be read back. */
  public static boolean holdsReport(Path file) {
    try {
      return MAPPER.readTree(file.toFile()).has(JsonExporter.RECORDED);
    } catch (IOException e) {
      return false; // no JSON
    }
  }

  private static JsonNode tree(Path file) {
    if (!Files.isReadable(file)) {
      throw new IllegalArgumentException(file + ": cannot be read");
    }
    try {
      var tree = MAPPER.readTree(file.toFile());
      if (!tree.has(JsonExporter.RECORDED)) {
        throw new IllegalArgumentException(
            file + ": holds no '" + JsonExporter.RECORDED + "'; write it with run --json " + file);
      }
      return tree;
    } catch (IOException e) {
      throw new IllegalArgumentException(file + ": is no JSON: " + e.getMessage(), e);
    }
  }

  private static LoadReport report(Path file, JsonNode tree) {
    var recorded = tree.path(JsonExporter.RECORDED);
    try {
      var reasons = new ArrayList<String>();
      tree.path("invalid_reasons").forEach(reason -> reasons.add(reason.asText()));
      var errors = new TreeMap<String, Long>();
      tree.path("errors").properties().forEach(e -> errors.put(e.getKey(), e.getValue().asLong()));
      return new LoadReport(
          options(tree),
          Instant.parse(tree.path("started_at").asText()),
          tree.path("options").path("schedule_hash").asText(),
          RecordCodec.record(recorded.path("total")),
          records(recorded.path("targets")),
          records(recorded.path("sessions")),
          records(recorded.path("phases")),
          RecordCodec.record(recorded.path("warmup")),
          RecordCodec.connections(recorded.path("connections")),
          RecordCodec.latencies(recorded.path("lateness")),
          RecordCodec.latencies(recorded.path("poll_gaps")),
          tree.path("options").path("measured_s").asDouble(),
          tree.path("interrupted").asBoolean(),
          MAPPER.convertValue(recorded.path("core"), CoreUse.class),
          MAPPER.convertValue(recorded.path("self"), SelfMeasurement.class),
          errors,
          RecordCodec.heatmap(recorded.path("heatmap")),
          RecordCodec.heatmap(recorded.path("lateness_map")),
          reasons);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          file + ": is no report of this version: " + e.getMessage(), e);
    }
  }

  private static List<RequestRecord> records(JsonNode nodes) {
    var records = new ArrayList<RequestRecord>();
    nodes.forEach(node -> records.add(RecordCodec.record(node)));
    return records;
  }

  private static LoadOptions options(JsonNode tree) {
    var node = tree.path("options");
    var options =
        new LoadOptions()
            .setClosedLoop(node.path("loop").asText().equals("closed"))
            .setProtocol(Protocol.valueOf(node.path("protocol").asText()))
            .setArrivals(Arrivals.valueOf(node.path("arrivals").asText()))
            .setSeed(node.path("seed").asLong())
            .setWarmup(seconds(node.path("warmup_s")))
            .setConnections(node.path("connections").asInt())
            .setDepth(node.path("depth").asInt())
            .setNewConnections(node.path("new_connections").asBoolean())
            .setTimeout(seconds(node.path("timeout_s")))
            .setDrain(seconds(node.path("drain_s")));
    if (node.has("part")) {
      options.setPart(Part.parse(node.path("part").asText()));
    }
    for (var phase : tree.path(JsonExporter.RECORDED).path("phase_rates")) {
      options.addPhase(
          new Phase(
              phase.path("name").asText(),
              phase.path("from").asDouble(),
              phase.path("to").asDouble(),
              seconds(phase.path("seconds")),
              true));
    }
    return options;
  }

  private static Duration seconds(JsonNode node) {
    return Duration.ofNanos(Math.round(node.asDouble() * 1e9));
  }
}
