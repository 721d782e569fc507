package dev.baton.loadgen.cli;

import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.scenario.Source;
import dev.baton.loadgen.scenario.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a scenario of a {@code --config} file. */
final class ScenarioEntry {
  private static final Set<String> KEYS = Set.of("name", "weight", "rate", "cookies", "steps");
  private static final Set<String> STEP_KEYS =
      new TreeSet<>(
          Set.of(
              "name",
              "url",
              "method",
              "headers",
              "body",
              "body-file",
              "expect-status",
              "expect-body",
              "think",
              "extract",
              "until"));
  private static final Set<String> SOURCE_KEYS = Set.of("json", "header", "regex");
  private static final Set<String> UNTIL_KEYS =
      Set.of("json", "header", "regex", "is", "every", "at-most");
  private static final Pattern RANGE = Pattern.compile("(.+?)\\.\\.(.+)");

  private ScenarioEntry() {}

  static Scenario parse(String where, Map<String, Object> map) {
    ConfigFile.check(where, map, KEYS);
    String name = ConfigFile.text(map, "name", "");
    if (name.isEmpty()) {
      throw new IllegalArgumentException(where + ": 'name' is missing");
    }
    var steps = new ArrayList<Step>();
    for (Object element : ConfigFile.list(where, map, "steps")) {
      String whereStep = where + ".steps[" + steps.size() + "]";
      steps.add(step(whereStep, name, ConfigFile.map(whereStep, element)));
    }
    try {
      return new Scenario(
          name,
          Double.parseDouble(ConfigFile.text(map, "weight", "1")),
          map.containsKey("rate") ? Quantities.rate(ConfigFile.text(map, "rate", "")) : 0,
          Boolean.parseBoolean(ConfigFile.text(map, "cookies", "true")),
          steps);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
    }
  }

  private static Step step(String where, String scenario, Map<String, Object> map) {
    ConfigFile.check(where, map, STEP_KEYS);
    var request = ConfigFile.request(where, map);
    request = request.withName(scenario + ": " + request.name());
    var step = Step.of(request);
    try {
      String think = optional(map, "think");
      if (think != null) {
        var range = RANGE.matcher(think);
        boolean both = range.matches();
        Duration least = Quantities.duration(both ? range.group(1) : think);
        step = step.withThink(least, both ? Quantities.duration(range.group(2)) : least);
      }
      var extract = map.get("extract");
      if (extract != null) {
        step = step.withExtract(extract(where + ".extract", extract));
      }
      var until = map.get("until");
      if (until != null) {
        step = step.withUntil(until(where + ".until", ConfigFile.map(where + ".until", until)));
      }
      return step;
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new IllegalArgumentException(
          message.startsWith(where) ? message : where + ": " + message, e);
    }
  }

  private static Map<String, Source> extract(String where, Object value) {
    var sources = new LinkedHashMap<String, Source>();
    ConfigFile.map(where, value)
        .forEach(
            (name, source) -> {
              var map = ConfigFile.map(where + "." + name, source);
              ConfigFile.check(where + "." + name, map, SOURCE_KEYS);
              sources.put(name, source(map));
            });
    return sources;
  }

  private static Source source(Map<String, Object> map) {
    return Source.of(optional(map, "json"), optional(map, "header"), optional(map, "regex"));
  }

  private static Step.Until until(String where, Map<String, Object> map) {
    ConfigFile.check(where, map, UNTIL_KEYS);
    String is = optional(map, "is");
    if (is == null) {
      throw new IllegalArgumentException(
          where + ": 'is' is missing: what the value has to be, as in {json: /status, is: done}");
    }
    return new Step.Until(
        source(map),
        is,
        Quantities.duration(ConfigFile.text(map, "every", "100ms")),
        Integer.parseInt(ConfigFile.text(map, "at-most", "100")));
  }

  private static @Nullable String optional(Map<String, Object> map, String key) {
    var value = map.get(key);
    return value == null ? null : String.valueOf(value);
  }
}
