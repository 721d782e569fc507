package dev.baton.scheduler.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeSet;

/**
 * What things cost, nanoseconds. What each is, and where it was measured, stands beside its value
 * in {@code costs.properties}.
 */
public record Costs(
    long request,
    long wakeUp,
    long wake,
    long poll,
    long notification,
    long look,
    long takeover,
    long comeback,
    long pull,
    long message,
    long contextSwitch,
    long kernelSlice,
    long kernelTick) {
  private static final String MEASURED = "costs.properties";

  /** The names, in the order of the components. */
  private static final List<String> NAMES =
      Arrays.stream(Costs.class.getRecordComponents()).map(c -> c.getName()).toList();

  /** Checks what time is divided by. */
  public Costs {
    if (kernelSlice < 1 || kernelTick < 1) {
      throw new IllegalArgumentException(
          "kernelSlice=" + kernelSlice + "ns, kernelTick=" + kernelTick + "ns: give 1ns or more");
    }
  }

  /** Those that were measured. */
  public static Costs measured() {
    try (InputStream in = Objects.requireNonNull(Costs.class.getResourceAsStream(MEASURED));
        Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return read(reader, Map.of(), MEASURED);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Those of a file; what it leaves out is as measured.
   *
   * @throws IllegalArgumentException if it names what is no cost, or no time
   */
  public static Costs read(Path file) throws IOException {
    try (Reader reader = Files.newBufferedReader(file)) {
      return read(reader, measured().toMap(), file.toString());
    }
  }

  /** Nothing costs anything: what queueing theory takes for granted. */
  public static Costs none() {
    return new Costs(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100_000, 4_000_000);
  }

  /** The costs by name, nanoseconds. */
  public Map<String, Long> toMap() {
    var map = new LinkedHashMap<String, Long>();
    long[] values = {
      request,
      wakeUp,
      wake,
      poll,
      notification,
      look,
      takeover,
      comeback,
      pull,
      message,
      contextSwitch,
      kernelSlice,
      kernelTick
    };
    for (int i = 0; i < values.length; i++) {
      map.put(NAMES.get(i), values[i]);
    }
    return map;
  }

  /**
   * These, but for one.
   *
   * @param name of the cost
   */
  public Costs with(String name, long nanos) {
    Map<String, Long> map = toMap();
    if (map.replace(name, nanos) == null) {
      throw unknown(name, "with");
    }
    return of(map);
  }

  private static Costs read(Reader reader, Map<String, Long> defaults, String source)
      throws IOException {
    var properties = new Properties();
    properties.load(reader);
    var map = new LinkedHashMap<>(defaults);
    for (String name : new TreeSet<>(properties.stringPropertyNames())) {
      if (!NAMES.contains(name)) {
        throw unknown(name, source);
      }
      map.put(name, Durations.nanos(properties.getProperty(name)));
    }
    return of(map);
  }

  private static Costs of(Map<String, Long> map) {
    long[] v = NAMES.stream().mapToLong(name -> Objects.requireNonNull(map.get(name))).toArray();
    return new Costs(
        v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12]);
  }

  private static IllegalArgumentException unknown(String name, String source) {
    return new IllegalArgumentException(
        source + ": " + name + " is no cost: give one of " + String.join(", ", NAMES));
  }
}
