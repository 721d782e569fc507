package dev.baton.loadgen.record;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.DataFormatException;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.HdrHistogram.Histogram;

/**
 * Writes what was recorded into JSON without loss, and reads it back: counts as they are, latencies
 * as compressed HdrHistograms in nanoseconds, in base 64 as in HdrHistogram's own logs.
 */
public final class RecordCodec {
  private RecordCodec() {}

  /** A record, as maps and lists. */
  public static Map<String, Object> save(RequestRecord record) {
    var map = new LinkedHashMap<String, Object>();
    map.put("name", record.name());
    map.put("scheduled", record.scheduled());
    map.put("sent", record.sent());
    map.put("queued", record.queued());
    map.put("bytes", record.bytes());
    map.put("answered_in_window", record.answeredInWindow());
    map.put("ok_in_window", record.okInWindow());
    for (var outcome : Outcome.values()) {
      map.put(outcome.name(), record.count(outcome));
    }
    map.put("response", save(record.response()));
    map.put("service", save(record.service()));
    map.put("errors", save(record.errors()));
    return map;
  }

  /** Reads a record. */
  public static RequestRecord record(JsonNode node) {
    var record = new RequestRecord(node.path("name").asText());
    var counts = new OutcomeCounts();
    for (var outcome : Outcome.values()) {
      counts.set(outcome, node.path(outcome.name()).asLong());
    }
    record.restore(
        counts,
        latencies(node.path("response")),
        latencies(node.path("service")),
        latencies(node.path("errors")));
    record.restore(
        node.path("scheduled").asLong(),
        node.path("sent").asLong(),
        node.path("queued").asLong(),
        node.path("bytes").asLong(),
        node.path("answered_in_window").asLong(),
        node.path("ok_in_window").asLong());
    return record;
  }

  /** What became of connections, as a map. */
  public static Map<String, Object> save(ConnectionRecord connections) {
    var map = new LinkedHashMap<String, Object>();
    map.put("opened", connections.opened());
    map.put("failures", new TreeMap<>(connections.failures()));
    map.put("resent", new TreeMap<>(connections.resent()));
    return map;
  }

  /** Reads what became of connections. */
  public static ConnectionRecord connections(JsonNode node) {
    var record = new ConnectionRecord();
    record.add(
        node.path("opened").asLong(), counts(node.path("failures")), counts(node.path("resent")));
    return record;
  }

  private static Map<String, Long> counts(JsonNode node) {
    var counts = new TreeMap<String, Long>();
    node.properties().forEach(e -> counts.put(e.getKey(), e.getValue().asLong()));
    return counts;
  }

  /** Latencies, as a map. */
  public static Map<String, Object> save(Latencies latencies) {
    var histogram = latencies.histogram();
    var buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity() + 1_024);
    int length = histogram.encodeIntoCompressedByteBuffer(buffer);
    var map = new LinkedHashMap<String, Object>();
    map.put("hdr", base64(buffer.array(), length));
    if (latencies.censored() > 0) {
      map.put("lower_bounds", latencies.censored());
      map.put("exact_below_ns", latencies.exactBelowNanos());
    }
    return map;
  }

  /** Reads latencies. */
  public static Latencies latencies(JsonNode node) {
    var buffer = ByteBuffer.wrap(Base64.getDecoder().decode(node.path("hdr").asText()));
    try {
      return Latencies.of(
          Histogram.decodeFromCompressedByteBuffer(buffer, 0),
          node.path("lower_bounds").asLong(),
          node.path("exact_below_ns").asLong(Long.MAX_VALUE));
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("a histogram in it is damaged", e);
    }
  }

  /** A heatmap, as a map. */
  public static Map<String, Object> save(Heatmap heatmap) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(new DeflaterOutputStream(bytes))) {
      for (int column = 0; column < heatmap.columns(); column++) {
        for (int row = 0; row < Heatmap.ROWS; row++) {
          out.writeInt(heatmap.count(column, row));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var map = new LinkedHashMap<String, Object>();
    map.put("column_ns", heatmap.columnNanos());
    map.put("counts", base64(bytes.toByteArray(), bytes.size()));
    return map;
  }

  /** Reads a heatmap. */
  public static Heatmap heatmap(JsonNode node) {
    byte[] bytes = Base64.getDecoder().decode(node.path("counts").asText());
    long columnNanos = node.path("column_ns").asLong();
    try (var in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(bytes)))) {
      var heatmap = Heatmap.ofColumns(columnNanos);
      for (int column = 0; column < heatmap.columns(); column++) {
        for (int row = 0; row < Heatmap.ROWS; row++) {
          heatmap.add(column, row, in.readInt());
        }
      }
      return heatmap;
    } catch (IOException e) {
      throw new IllegalArgumentException("a heatmap in it is damaged", e);
    }
  }

  private static String base64(byte[] bytes, int length) {
    return new String(
        Base64.getEncoder().encode(ByteBuffer.wrap(bytes, 0, length)).array(),
        StandardCharsets.US_ASCII);
  }
}
