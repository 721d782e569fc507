package dev.baton.loadgen.imports;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** A load as a file for {@code --config}, to be looked at and changed before it is run. */
public final class ImportedLoad {
  private final Map<String, Object> options = new LinkedHashMap<>();
  private final List<Map<String, Object>> requests = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  ImportedLoad() {}

  void option(String name, Object value) {
    options.put(name, value);
  }

  void request(Map<String, Object> request) {
    requests.add(request);
  }

  List<Map<String, Object>> requests() {
    return requests;
  }

  /** Says what could not be taken over as it was. */
  void note(String note) {
    if (!notes.contains(note)) {
      notes.add(note);
    }
  }

  /** What could not be taken over as it was. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** The file: requests of a mix. */
  public String toYaml() {
    var file = new LinkedHashMap<>(options);
    file.put("requests", requests);
    return dump(file);
  }

  /** The file: one scenario with the requests as its steps. */
  public String toScenario(String name) {
    var file = new LinkedHashMap<>(options);
    var scenario = new LinkedHashMap<String, Object>();
    scenario.put("name", name);
    scenario.put("steps", requests);
    file.put("scenarios", List.of(scenario));
    return dump(file);
  }

  private String dump(Map<String, Object> file) {
    var style = new DumperOptions();
    style.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    style.setWidth(100);
    style.setSplitLines(false);
    var text = new StringBuilder();
    notes.forEach(note -> text.append("# ").append(note.replace('\n', ' ')).append('\n'));
    return text.append(new Yaml(style).dump(file)).toString();
  }
}
