package dev.baton.server;

import dev.baton.scheduler.DidYouMean;
import dev.baton.scheduler.EnclaveOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Enclaves as JSON: an array of objects with their name, CPUs, loops and policy. */
final class EnclaveJson {
  private static final List<String> FIELDS = List.of("name", "cpus", "loops", "policy");

  private EnclaveJson() {}

  /**
   * @throws IllegalArgumentException if a field is unknown, missing or has the wrong type; the
   *     message names it
   */
  static List<EnclaveOptions> read(Object value) {
    if (!(value instanceof JsonArray array)) {
      throw new IllegalArgumentException(
          "enclaves="
              + value
              + ": write an array, such as [{\"name\": \"batch\", \"cpus\": \"3\"}]");
    }
    List<EnclaveOptions> enclaves = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      if (!(array.getValue(i) instanceof JsonObject json)) {
        throw new IllegalArgumentException(
            "enclaves=" + array.getValue(i) + ": write an object with name and cpus");
      }
      enclaves.add(read(json));
    }
    return enclaves;
  }

  private static EnclaveOptions read(JsonObject json) {
    for (String field : json.fieldNames()) {
      if (!FIELDS.contains(field)) {
        throw new IllegalArgumentException(
            "enclaves."
                + field
                + "="
                + json.getValue(field)
                + ": there is no such option; did you mean "
                + DidYouMean.nearest(field, FIELDS)
                + "?");
      }
    }
    var enclave = new EnclaveOptions(text(json, "name"), text(json, "cpus"));
    if (json.containsKey("loops")) {
      if (!(json.getValue("loops") instanceof Integer loops)) {
        throw new IllegalArgumentException(
            "enclaves.loops=" + json.getValue("loops") + ": write a whole number");
      }
      enclave.setLoops(loops);
    }
    if (json.containsKey("policy")) {
      enclave.setPolicy(text(json, "policy"));
    }
    return enclave;
  }

  private static String text(JsonObject json, String field) {
    Object value = json.getValue(field);
    if (value == null) {
      throw new IllegalArgumentException(
          "enclaves." + field + ": each enclave needs one, " + json.encode() + " has none");
    }
    return value.toString();
  }

  static JsonArray write(List<EnclaveOptions> enclaves) {
    JsonArray array = new JsonArray();
    for (EnclaveOptions enclave : enclaves) {
      array.add(
          new JsonObject()
              .put("name", enclave.getName())
              .put("cpus", enclave.getCpus())
              .put("loops", enclave.getLoops())
              .put("policy", enclave.getPolicy()));
    }
    return array;
  }

  /** The enclave's name by route, in order. */
  static Map<String, String> routes(Object value) {
    if (!(value instanceof JsonObject json)) {
      throw new IllegalArgumentException(
          "routes=" + value + ": write an object, such as {\"GET /reports/*\": \"batch\"}");
    }
    Map<String, String> routes = new LinkedHashMap<>();
    json.forEach(entry -> routes.put(entry.getKey(), String.valueOf(entry.getValue())));
    return routes;
  }
}
