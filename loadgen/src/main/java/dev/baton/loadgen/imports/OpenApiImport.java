package dev.baton.loadgen.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads an OpenAPI 3 description: one request per operation, filled with its examples. What has no
 * example gets a value of its type, and a note says so.
 *
 * @see <a href="https://spec.openapis.org/oas/v3.1.0">OpenAPI 3.1</a>
 */
public final class OpenApiImport {
  private static final Set<String> METHODS =
      Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");
  private static final int DEEPEST = 12;

  private final JsonNode root;
  private final ImportedLoad load = new ImportedLoad();

  private OpenApiImport(JsonNode root) {
    this.root = root;
  }

  /**
   * Reads a file in JSON or YAML.
   *
   * @param base where the paths are; null for the first server of the description
   * @throws IllegalArgumentException naming the file and what is wrong in it
   */
  public static ImportedLoad read(Path file, @Nullable String base) {
    var reader = new OpenApiImport(parse(file));
    if (!reader.root.path("openapi").asText().startsWith("3.")) {
      throw new IllegalArgumentException(
          file + ": is no OpenAPI 3: 'openapi' is '" + reader.root.path("openapi").asText() + "'");
    }
    reader.operations(base == null ? reader.server(file) : base.replaceFirst("/$", ""));
    if (reader.load.requests().isEmpty()) {
      throw new IllegalArgumentException(file + ": describes no operation");
    }
    return reader.load;
  }

  private static JsonNode parse(Path file) {
    var options = new LoaderOptions();
    options.setCodePointLimit(100 << 20);
    try (var reader = Files.newBufferedReader(file)) {
      Object document = new Yaml(new SafeConstructor(options)).load(reader);
      return new ObjectMapper().valueToTree(document);
    } catch (YAMLException | IOException e) {
      throw new IllegalArgumentException(
          file + ": cannot be read as JSON or YAML: " + e.getMessage(), e);
    }
  }

  private String server(Path file) {
    var server = root.path("servers").path(0);
    String url = server.path("url").asText();
    for (var variable : server.path("variables").properties()) {
      url =
          url.replace("{" + variable.getKey() + "}", variable.getValue().path("default").asText());
    }
    if (!url.matches("https?://.*")) {
      throw new IllegalArgumentException(
          file
              + ": its server '"
              + url
              + "' is no whole URL; name it with --base http://host/path");
    }
    return url.replaceFirst("/$", "");
  }

  private void operations(String base) {
    for (var path : root.path("paths").properties()) {
      var item = resolve(path.getValue());
      for (var operation : item.properties()) {
        if (METHODS.contains(operation.getKey())) {
          load.request(
              request(base, path.getKey(), item, operation.getKey(), operation.getValue()));
        }
      }
    }
  }

  private Map<String, Object> request(
      String base, String path, JsonNode item, String method, JsonNode operation) {
    String name =
        operation.path("operationId").asText(method.toUpperCase(Locale.ROOT) + " " + path);
    var query = new ArrayList<String>();
    var headers = new LinkedHashMap<String, Object>();
    var cookies = new ArrayList<String>();
    String target = path;
    for (var parameter : parameters(item, operation)) {
      String key = parameter.path("name").asText();
      var example = example(parameter, parameter.path("schema"));
      boolean required = parameter.path("required").asBoolean();
      if (!required && example.isMissingNode()) {
        continue;
      }
      String value = text(orMadeUp(example, parameter.path("schema"), name, key));
      switch (parameter.path("in").asText()) {
        case "path" -> target = target.replace("{" + key + "}", encode(value));
        case "query" -> query.add(encode(key) + "=" + encode(value));
        case "header" -> headers.put(key, value);
        case "cookie" -> cookies.add(key + "=" + value);
        default -> load.note(name + ": parameter " + key + " is in no place that is known");
      }
    }
    if (!cookies.isEmpty()) {
      headers.put("cookie", String.join("; ", cookies));
    }
    var request = new LinkedHashMap<String, Object>();
    request.put("name", name);
    String url = base + target + (query.isEmpty() ? "" : "?" + String.join("&", query));
    request.put("url", URI.create(url.replace("{", "%7B").replace("}", "%7D")).toString());
    request.put("method", method.toUpperCase(Locale.ROOT));
    body(name, resolve(operation.path("requestBody")), headers, request);
    if (!headers.isEmpty()) {
      request.put("headers", headers);
    }
    for (var response : operation.path("responses").properties()) {
      if (response.getKey().matches("2[0-9][0-9]")) {
        request.put("expect-status", Integer.valueOf(response.getKey()));
        break;
      }
    }
    if (operation.has("security") || root.has("security")) {
      load.note("some operations ask for credentials: add them as headers, or with --auth");
    }
    return request;
  }

  /** Those of the path, unless the operation has its own of the same name and place. */
  private List<JsonNode> parameters(JsonNode item, JsonNode operation) {
    var parameters = new LinkedHashMap<String, JsonNode>();
    for (var list : List.of(item.path("parameters"), operation.path("parameters"))) {
      for (var entry : list) {
        var parameter = resolve(entry);
        parameters.put(
            parameter.path("in").asText() + " " + parameter.path("name").asText(), parameter);
      }
    }
    return List.copyOf(parameters.values());
  }

  private void body(
      String name, JsonNode body, Map<String, Object> headers, Map<String, Object> request) {
    var content = body.path("content").properties();
    if (content.isEmpty()) {
      return;
    }
    var entry =
        content.stream()
            .filter(c -> c.getKey().contains("json"))
            .findFirst()
            .orElse(content.iterator().next());
    var media = entry.getValue();
    var value = orMadeUp(example(media, media.path("schema")), media.path("schema"), name, "body");
    if (!entry.getKey().contains("json") && !value.isTextual()) {
      load.note(name + ": a body of " + entry.getKey() + " cannot be made; left out");
      return;
    }
    headers.put("content-type", entry.getKey());
    request.put("body", entry.getKey().contains("json") ? value.toString() : value.asText());
  }

  /** The example of a parameter or body, or of its schema; missing if there is none. */
  private JsonNode example(JsonNode described, JsonNode schemaNode) {
    if (described.has("example")) {
      return described.path("example");
    }
    for (var example : described.path("examples").properties()) {
      return resolve(example.getValue()).path("value");
    }
    var schema = resolve(schemaNode);
    for (String key : List.of("example", "default", "const")) {
      if (schema.has(key)) {
        return schema.path(key);
      }
    }
    for (String key : List.of("examples", "enum")) {
      if (schema.path(key).has(0)) {
        return schema.path(key).path(0);
      }
    }
    return MissingNode.getInstance();
  }

  private JsonNode orMadeUp(JsonNode example, JsonNode schema, String operation, String what) {
    return example.isMissingNode() ? made(schema, operation + ": " + what, 0) : example;
  }

  /** A value of a schema, of the examples of its parts where they have some. */
  private JsonNode made(JsonNode schemaNode, String what, int depth) {
    var schema = resolve(schemaNode);
    var nodes = JsonNodeFactory.instance;
    var example = example(schema, schema);
    if (!example.isMissingNode()) {
      return example;
    }
    for (String key : List.of("oneOf", "anyOf")) {
      if (schema.path(key).has(0)) {
        return made(schema.path(key).path(0), what, depth + 1);
      }
    }
    if (depth < DEEPEST && (schema.has("properties") || schema.has("allOf"))) {
      var object = nodes.objectNode();
      for (var part : schema.path("allOf")) {
        if (made(part, what, depth + 1) instanceof ObjectNode o) {
          object.setAll(o);
        }
      }
      for (var property : schema.path("properties").properties()) {
        object.set(
            property.getKey(),
            made(property.getValue(), what + "." + property.getKey(), depth + 1));
      }
      return object;
    }
    var type = schema.path("type");
    String first = type.isArray() ? type.path(0).asText() : type.asText();
    if (first.equals("array")) {
      return depth < DEEPEST
          ? nodes.arrayNode().add(made(schema.path("items"), what + "[]", depth + 1))
          : nodes.arrayNode();
    }
    if (first.equals("object")) {
      return nodes.objectNode();
    }
    load.note(what + " has no example");
    return switch (first) {
      case "integer", "number" -> nodes.numberNode(Math.max(1, schema.path("minimum").asLong()));
      case "boolean" -> nodes.booleanNode(true);
      default -> nodes.textNode(formatted(schema.path("format").asText()));
    };
  }

  private static String formatted(String format) {
    return switch (format) {
      case "date" -> "2026-01-01";
      case "date-time" -> "2026-01-01T00:00:00Z";
      case "uuid" -> "00000000-0000-4000-8000-000000000000";
      case "email" -> "somebody@example.com";
      case "uri" -> "http://example.com/";
      default -> "text";
    };
  }

  private JsonNode resolve(JsonNode node) {
    var target = node;
    for (int i = 0; i < DEEPEST && target.has("$ref"); i++) {
      String reference = target.path("$ref").asText();
      if (!reference.startsWith("#/")) {
        load.note("reference " + reference + " to another file is not followed");
        return MissingNode.getInstance();
      }
      target = root.at(reference.substring(1));
    }
    return target;
  }

  private static String text(JsonNode value) {
    if (value.isArray()) {
      var parts = new ArrayList<String>();
      value.forEach(part -> parts.add(part.asText()));
      return String.join(",", parts);
    }
    return value.isValueNode() ? value.asText() : value.toString();
  }

  private static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
