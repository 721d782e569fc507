package dev.baton.loadgen.values;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A text with placeholders: {@code ${name}} stands for a value as it is, {@code ${url:name}} for
 * the value percent-encoded as one component of a URL. Immutable.
 */
public final class Text {
  private static final Pattern PLACEHOLDER =
      Pattern.compile("\\$\\{(url:)?([A-Za-z_][A-Za-z0-9_.-]*)}");
  private static final Pattern IN_URL =
      Pattern.compile("\\$%7B(url:)?([A-Za-z_][A-Za-z0-9_.-]*)%7D");

  private final List<Piece> pieces;
  private final boolean constant;

  private sealed interface Piece {}

  private record Literal(String text) implements Piece {}

  private record Placeholder(String name, boolean component, boolean inUrl) implements Piece {}

  private Text(List<Piece> pieces) {
    this.pieces = List.copyOf(pieces);
    this.constant = pieces.size() == 1;
  }

  private static Text parse(String text, Pattern pattern, boolean inUrl) {
    var list = new ArrayList<Piece>();
    var matcher = pattern.matcher(text);
    int end = 0;
    while (matcher.find()) {
      list.add(new Literal(text.substring(end, matcher.start())));
      list.add(new Placeholder(matcher.group(2), matcher.group(1) != null, inUrl));
      end = matcher.end();
    }
    list.add(new Literal(text.substring(end)));
    return new Text(list);
  }

  /** A text as written. */
  public static Text of(String text) {
    return parse(text, PLACEHOLDER, false);
  }

  /** A text without placeholders, whatever it looks like. */
  public static Text constant(String text) {
    return new Text(List.of(new Literal(text)));
  }

  /**
   * Part of a URL whose placeholders went through {@link #escape}; what cannot stand in a URL is
   * percent-encoded in the values.
   */
  public static Text ofUrl(String text) {
    return parse(text, IN_URL, true);
  }

  /**
   * Writes the braces of placeholders, and what is not ASCII behind the host, in a way that URLs
   * can hold.
   */
  public static String escape(String url) {
    String escaped = PLACEHOLDER.matcher(url).replaceAll("\\$%7B$1$2%7D");
    int host = escaped.indexOf("://");
    int path = host < 0 ? -1 : escaped.substring(host + 3).split("[/?#]", 2)[0].length() + host + 3;
    if (path < 0 || escaped.chars().allMatch(c -> c < 0x80)) {
      return escaped;
    }
    var text = new StringBuilder(escaped.substring(0, path));
    for (byte b : escaped.substring(path).getBytes(StandardCharsets.UTF_8)) {
      if (b >= 0) {
        text.append((char) b);
      } else {
        text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return text.toString();
  }

  /**
   * The URL that a text is, escaped.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static URI url(String text) {
    try {
      return new URI(escape(text));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "url '" + text + "': " + e.getReason() + "; percent-encode it, as a space by %20", e);
    }
  }

  /** Whether it has no placeholder. */
  public boolean constant() {
    return constant;
  }

  /** The names its placeholders refer to. */
  public List<String> names() {
    var names = new ArrayList<String>();
    for (var piece : pieces) {
      if (piece instanceof Placeholder placeholder) {
        names.add(placeholder.name());
      }
    }
    return names;
  }

  /**
   * The text with values in the place of its placeholders.
   *
   * @throws IllegalStateException if one has no value; names are checked before a run
   */
  public String render(Values values) {
    if (constant) {
      return ((Literal) pieces.getFirst()).text();
    }
    var text = new StringBuilder();
    for (var piece : pieces) {
      switch (piece) {
        case Literal literal -> text.append(literal.text());
        case Placeholder placeholder -> append(text, placeholder, values);
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, Placeholder placeholder, Values values) {
    String value = values.get(placeholder.name());
    if (value == null) {
      throw new IllegalStateException("no value for ${" + placeholder.name() + "}");
    }
    if (placeholder.component()) {
      text.append(URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"));
    } else if (placeholder.inUrl()) {
      appendLegal(text, value);
    } else {
      text.append(value);
    }
  }

  /** RFC 3986: printable ASCII but the few characters that no URL may hold stays as it is. */
  private static void appendLegal(StringBuilder text, String value) {
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      if (b > ' ' && b < 0x7f && "\"<>\\^`{|}#".indexOf(b) < 0) {
        text.append((char) b);
      } else {
        text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
  }
}
