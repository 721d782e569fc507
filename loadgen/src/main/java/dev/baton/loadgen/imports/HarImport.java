package dev.baton.loadgen.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a HAR 1.2 file, as browsers write it.
 *
 * @see <a href="http://www.softwareishard.com/blog/har-12-spec/">HAR 1.2</a>
 */
public final class HarImport {
  // What the generator writes itself, or what belongs to a connection.
  private static final Set<String> LEFT_OUT =
      Set.of("host", "content-length", "connection", "transfer-encoding", "keep-alive", "upgrade");

  private HarImport() {}

  /**
   * Reads a file.
   *
   * @param host only requests to this host; null for all
   * @param pauses whether the pauses between requests are kept, as of steps of a scenario; else
   *     equal requests become one of as much weight
   * @throws IllegalArgumentException naming the file and what is wrong in it
   */
  public static ImportedLoad read(Path file, @Nullable String host, boolean pauses) {
    var entries = entries(file);
    var load = new ImportedLoad();
    var weights = new LinkedHashMap<Map<String, Object>, Integer>();
    OffsetDateTime last = null;
    for (var entry : entries) {
      var request = entry.path("request");
      String url = request.path("url").asText();
      if (!url.matches("https?://.*")) {
        load.note("left out: " + (url.length() > 60 ? url.substring(0, 60) + "…" : url));
        continue;
      }
      if (host != null && !url.matches("https?://" + Pattern.quote(host) + "([:/?].*)?")) {
        continue;
      }
      var imported = request(request, entry.path("response").path("status").asInt(), load);
      if (pauses) {
        var start = OffsetDateTime.parse(entry.path("startedDateTime").asText());
        if (last != null && start.isAfter(last)) {
          imported.put("think", Duration.between(last, start).toMillis() + "ms");
        }
        last = start.plusNanos((long) (entry.path("time").asDouble() * 1e6));
        load.request(imported);
      } else {
        weights.merge(imported, 1, Integer::sum);
      }
    }
    weights.forEach(
        (request, weight) -> {
          var weighted = new LinkedHashMap<>(request);
          if (weight > 1) {
            weighted.put("weight", weight);
          }
          load.request(weighted);
        });
    if (load.requests().isEmpty()) {
      throw new IllegalArgumentException(
          file + ": holds no request over HTTP" + (host == null ? "" : " to " + host));
    }
    return load;
  }

  private static JsonNode entries(Path file) {
    try {
      var entries = new ObjectMapper().readTree(file.toFile()).path("log").path("entries");
      if (!entries.isArray()) {
        throw new IllegalArgumentException(file + ": is no HAR file: it has no log.entries");
      }
      return entries;
    } catch (IOException e) {
      throw new IllegalArgumentException(file + ": cannot be read as HAR: " + e.getMessage(), e);
    }
  }

  private static Map<String, Object> request(JsonNode request, int status, ImportedLoad load) {
    var imported = new LinkedHashMap<String, Object>();
    imported.put("url", request.path("url").asText().replaceFirst("#.*", ""));
    imported.put("method", request.path("method").asText("GET"));
    var headers = new LinkedHashMap<String, Object>();
    for (var header : request.path("headers")) {
      String name = header.path("name").asText();
      if (!name.startsWith(":") && !LEFT_OUT.contains(name.toLowerCase(Locale.ROOT))) {
        headers.merge(name, header.path("value").asText(), (one, other) -> one + ", " + other);
      }
    }
    if (!headers.isEmpty()) {
      imported.put("headers", headers);
    }
    var data = request.path("postData");
    if (data.has("text") && !data.path("text").asText().isEmpty()) {
      imported.put("body", data.path("text").asText());
    } else if (data.has("params") && !data.path("params").isEmpty()) {
      load.note("bodies of forms without their text are left out");
    }
    if (status >= 200) {
      imported.put("expect-status", status);
    }
    return imported;
  }
}
