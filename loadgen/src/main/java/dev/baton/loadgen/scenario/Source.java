package dev.baton.loadgen.scenario;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Where in a response a value is: in a JSON body, in a header or in the body as a text, and there
 * what a regular expression matches. Immutable.
 *
 * @param json RFC 6901, or null
 * @param header name of a header, or null
 * @param regex its first group, or all of it if it has none; null for the whole value
 */
public record Source(@Nullable JsonPointer json, @Nullable String header, @Nullable Pattern regex) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** A response, as far as values are looked for in it. */
  public interface Reply {
    /** The first header of a name, whatever its case; null if there is none. */
    @Nullable String header(String name);

    /** The body, read as UTF-8. */
    String text();
  }

  /**
   * Reads the parts as written in a scenario; at least one has to be given, and not both of json
   * and header.
   *
   * @throws IllegalArgumentException saying what to write instead
   */
  public static Source of(@Nullable String json, @Nullable String header, @Nullable String regex) {
    boolean none = json == null && header == null && regex == null;
    if (none || (json != null && header != null)) {
      throw new IllegalArgumentException(
          "name one place: json (a pointer, as in /token), header or regex; regex also beside one");
    }
    try {
      return new Source(
          json == null ? null : JsonPointer.compile(json),
          header,
          regex == null ? null : Pattern.compile(regex));
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("regex '" + regex + "': " + e.getDescription(), e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "json '" + json + "': a pointer begins with a slash, as in /items/0/id", e);
    }
  }

  /** Whether it looks into the body. */
  public boolean readsBody() {
    return header == null;
  }

  /** The value; null if the response has none there. */
  public @Nullable String find(Reply reply) {
    String found = header != null ? reply.header(header) : json != null ? at(reply) : reply.text();
    if (found == null || regex == null) {
      return found;
    }
    var matcher = regex.matcher(found);
    return matcher.find() ? matcher.group(Math.min(1, matcher.groupCount())) : null;
  }

  private @Nullable String at(Reply reply) {
    try {
      var node = MAPPER.readTree(reply.text()).at(json);
      return node.isMissingNode() || node.isNull()
          ? null
          : node.isValueNode() ? node.asText() : node.toString();
    } catch (JsonProcessingException e) {
      return null; // no JSON, so there is nothing at the pointer
    }
  }

  @Override
  public String toString() {
    String place = json != null ? "json " + json : header != null ? "header " + header : "body";
    return regex == null ? place : place + " by /" + regex + "/";
  }
}
