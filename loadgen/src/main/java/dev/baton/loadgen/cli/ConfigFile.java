package dev.baton.loadgen.cli;

import dev.baton.loadgen.Body;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.ResponseCheck;
import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.schedule.Phase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A load described in YAML: every option by its long name, and besides {@code requests}, {@code
 * phases} and {@code scenarios}. What the command line says wins over the file.
 */
final class ConfigFile implements IDefaultValueProvider {
  private static final Set<String> REQUEST_KEYS =
      Set.of(
          "name",
          "url",
          "method",
          "headers",
          "body",
          "body-file",
          "weight",
          "rate",
          "connections",
          "expect-status",
          "expect-body");
  private static final Set<String> PHASE_KEYS =
      Set.of("name", "rate", "from", "to", "steps", "duration");

  private final Path file;
  private final Map<String, Object> values;

  private ConfigFile(Path file, Map<String, Object> values) {
    this.file = file;
    this.values = values;
  }

  /**
   * Reads a file.
   *
   * @param options the long names of the options a file may set, without dashes
   * @throws IllegalArgumentException naming what is wrong in it
   */
  static ConfigFile read(Path file, Set<String> options) {
    try (var reader = Files.newBufferedReader(file)) {
      Object document = new Yaml(new SafeConstructor(new LoaderOptions())).load(reader);
      var config = new ConfigFile(file, map(file.toString(), document));
      var allowed = new HashSet<>(options);
      allowed.add("requests");
      allowed.add("phases");
      allowed.add("scenarios");
      check(file.toString(), config.values, allowed);
      return config;
    } catch (YAMLException e) {
      throw new IllegalArgumentException("--config " + file + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("--config " + file + ": cannot be read", e);
    }
  }

  static Map<String, Object> map(String where, @Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException(where + ": expected 'name: value' lines");
    }
    var result = new LinkedHashMap<String, Object>();
    map.forEach(
        (key, element) -> {
          if (element == null) {
            throw new IllegalArgumentException(where + ": '" + key + "' has no value");
          }
          result.put(String.valueOf(key), element);
        });
    return result;
  }

  static void check(String where, Map<String, Object> map, Set<String> allowed) {
    for (String key : map.keySet()) {
      if (!allowed.contains(key)) {
        throw new IllegalArgumentException(
            where + ": unknown key '" + key + "'; known are " + new TreeSet<>(allowed));
      }
    }
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (argument instanceof OptionSpec option) {
      var value = values.get(option.longestName().replaceFirst("^--", ""));
      if (value instanceof Collection<?>) {
        throw new IllegalArgumentException(
            file + ": '" + option.longestName() + "' takes one value, not a list");
      }
      return value == null ? null : String.valueOf(value);
    }
    return null;
  }

  List<RequestSpec> requests() {
    return requests(Map.of());
  }

  /** The requests; what one does not say itself is taken from the defaults. */
  List<RequestSpec> requests(Map<String, Object> defaults) {
    var requests = new ArrayList<RequestSpec>();
    for (Object element : list("requests")) {
      String where = file + ": requests[" + requests.size() + "]";
      var map = map(where, element);
      check(where, map, REQUEST_KEYS);
      complete(where, map, defaults);
      requests.add(request(where, map));
    }
    return requests;
  }

  private static void complete(
      String where, Map<String, Object> request, Map<String, Object> defaults) {
    boolean bodiless =
        request.containsKey("body")
            || request.containsKey("body-file")
            || "GET".equals(request.get("method"))
            || "HEAD".equals(request.get("method"));
    var headers = headers(where, request.get("headers"));
    defaults.forEach(
        (key, value) -> {
          if (key.equals("headers")) {
            headers(where, value)
                .forEach(
                    (name, v) -> {
                      if (headers.keySet().stream().noneMatch(name::equalsIgnoreCase)) {
                        headers.put(name, v);
                      }
                    });
          } else if (!(key.startsWith("body") && bodiless)) {
            request.putIfAbsent(key, value);
          }
        });
    request.put("headers", headers);
  }

  List<Scenario> scenarios() {
    var scenarios = new ArrayList<Scenario>();
    for (Object element : list("scenarios")) {
      String where = file + ": scenarios[" + scenarios.size() + "]";
      scenarios.add(ScenarioEntry.parse(where, map(where, element)));
    }
    return scenarios;
  }

  static RequestSpec request(String where, Map<String, Object> map) {
    if (!map.containsKey("url")) {
      throw new IllegalArgumentException(where + ": 'url' is missing");
    }
    var request = RequestSpec.get(text(map, "url", ""));
    boolean body = map.containsKey("body") || map.containsKey("body-file");
    return request
        .withName(text(map, "name", request.name()))
        .withMethod(text(map, "method", body ? "POST" : "GET"))
        .withHeaders(headers(where, map.get("headers")))
        .withBody(
            map.containsKey("body-file")
                ? Body.of(Path.of(text(map, "body-file", "")))
                : Body.of(text(map, "body", "")))
        .withWeight(read(where, map, "weight", "1", "a number, as in 3", Double::valueOf))
        .withRate(map.containsKey("rate") ? rate(where, map, "rate", "") : 0)
        .withConnections(whole(where, map, "connections"))
        .withCheck(
            new ResponseCheck(
                read(
                    where,
                    map,
                    "expect-status",
                    "",
                    "one or several, as in 200 or [200, 404]",
                    ConfigFile::statuses),
                text(map, "expect-body", "")));
  }

  /** Reads a value; what is wrong with it is told with its place. */
  private static <T> T read(
      String where,
      Map<String, Object> map,
      String key,
      String otherwise,
      String remedy,
      Function<String, T> reader) {
    String value = text(map, key, otherwise);
    try {
      return reader.apply(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s.%s: '%s' cannot be read; write %s".formatted(where, key, value, remedy), e);
    }
  }

  private static double rate(String where, Map<String, Object> map, String key, String otherwise) {
    return read(
        where, map, key, otherwise, "requests per second, as in 500 or 20k", Quantities::rate);
  }

  private static int whole(String where, Map<String, Object> map, String key) {
    return read(where, map, key, "0", "a whole number, as in 64", Integer::valueOf);
  }

  List<Phase> phases() {
    var phases = new ArrayList<Phase>();
    for (Object element : list("phases")) {
      String where = file + ": phases[" + phases.size() + "]";
      var map = map(where, element);
      check(where, map, PHASE_KEYS);
      boolean constant = map.containsKey("rate");
      if (constant == map.containsKey("to") || (constant && map.containsKey("from"))) {
        throw new IllegalArgumentException(
            where + ": needs 'rate', as in 20k, or 'from' and 'to' for a ramp, not both");
      }
      String to = constant ? "rate" : "to";
      phases.addAll(
          PhaseArgument.phases(
              text(map, "name", "phase " + (phases.size() + 1)),
              map.containsKey("from") ? rate(where, map, "from", "") : rate(where, map, to, ""),
              rate(where, map, to, ""),
              whole(where, map, "steps"),
              read(
                  where,
                  map,
                  "duration",
                  "",
                  "a number with us, ms, s, m or h, as in 30s",
                  Quantities::duration)));
    }
    return phases;
  }

  /** Where the value of an option comes from, for errors: nothing if from the command line. */
  String sourceOf(@Nullable ArgSpec argument, String[] commandLine) {
    if (!(argument instanceof OptionSpec option)
        || !values.containsKey(option.longestName().replaceFirst("^--", ""))) {
      return "";
    }
    boolean given =
        Stream.of(commandLine)
            .anyMatch(a -> Stream.of(option.names()).anyMatch(n -> a.split("=", 2)[0].equals(n)));
    return given ? "" : file + ": ";
  }

  private Collection<?> list(String key) {
    return list(file.toString(), values, key);
  }

  static Collection<?> list(String where, Map<String, Object> map, String key) {
    Object value = map.getOrDefault(key, List.of());
    if (value instanceof Collection<?> list) {
      return list;
    }
    throw new IllegalArgumentException(where + ": '" + key + "' has to be a list");
  }

  static String text(Map<String, Object> map, String key, String otherwise) {
    return String.valueOf(map.getOrDefault(key, otherwise));
  }

  private static Map<String, String> headers(String where, @Nullable Object value) {
    var headers = new LinkedHashMap<String, String>();
    if (value != null) {
      map(where + ".headers", value)
          .forEach(
              (name, v) -> {
                for (Object one : v instanceof Collection<?> several ? several : List.of(v)) {
                  LoadArguments.add(headers, name, String.valueOf(one));
                }
              });
    }
    return headers;
  }

  private static Set<Integer> statuses(String text) {
    var statuses = new TreeSet<Integer>();
    for (String code : text.replaceAll("[\\[\\]\\s]", "").split(",", -1)) {
      if (!code.isEmpty()) {
        statuses.add(Integer.valueOf(code));
      }
    }
    return statuses;
  }
}
