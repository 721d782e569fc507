package dev.baton.stages;

import io.vertx.core.VertxException;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be served, as the client is told: which field, which value, why, and what
 * to do. Without stack trace: it is the client's fault or the machine's, never the code's.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457, Problem Details for HTTP APIs</a>
 */
public final class Problem extends VertxException {
  private static final int MAX_VALUE_LENGTH = 80;

  private final int status;
  private final @Nullable String field;
  private final @Nullable String value;
  private final String reason;
  private final String remedy;

  /**
   * @param status the HTTP status, 400..599
   * @param field what is wrong: a parameter's name or a path such as {@code items[0].sku}
   * @param value the offending value; shown shortened
   * @param reason why it cannot be served, a phrase that follows the field's name
   * @param remedy what to do instead, an imperative phrase
   */
  public Problem(
      int status, @Nullable String field, @Nullable Object value, String reason, String remedy) {
    super(reason, true);
    this.status = Fields.check("status", status, 400, 599);
    this.field = field;
    this.value = value == null ? null : shorten(value.toString());
    this.reason = reason;
    this.remedy = remedy;
  }

  /** A field of the request that cannot be used: status 400. */
  public static Problem badField(
      String field, @Nullable Object value, String reason, String remedy) {
    return new Problem(400, field, value, reason, remedy);
  }

  /** Text that is not percent-encoded as it should be: status 400. */
  public static Problem notEncoded(String field, IllegalArgumentException malformed) {
    return badField(
        field, null, "is not encoded (" + malformed.getMessage() + ")", "write % as %25");
  }

  /** This problem, seen from further out: {@code sku} becomes {@code items[0].sku}. */
  public Problem at(String path) {
    if (path.isEmpty()) {
      return this;
    }
    String inner = field == null ? path : field.startsWith("[") ? path + field : path + "." + field;
    return new Problem(status, inner, value, reason, remedy);
  }

  public int status() {
    return status;
  }

  /** The body of the response, {@code application/problem+json}. */
  public JsonObject toJson(String title, @Nullable String requestId) {
    var json = new JsonObject().put("type", "about:blank").put("title", title);
    json.put("status", status).put("detail", detail());
    putIfPresent(json, "field", field);
    putIfPresent(json, "value", value);
    json.put("reason", reason).put("remedy", remedy);
    putIfPresent(json, "requestId", requestId);
    return json;
  }

  private String detail() {
    String subject = Objects.requireNonNullElse(field, "request");
    return subject + (value == null ? " " : "=" + value + " ") + reason + ": " + remedy;
  }

  private static void putIfPresent(JsonObject json, String key, @Nullable String text) {
    if (text != null) {
      json.put(key, text);
    }
  }

  private static String shorten(String text) {
    return text.length() <= MAX_VALUE_LENGTH ? text : text.substring(0, MAX_VALUE_LENGTH) + "…";
  }
}
