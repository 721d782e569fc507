package dev.baton.grafana;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the selectors of a PromQL expression. No parser of the language: whether it is valid,
 * Prometheus says.
 */
final class PromQl {
  private static final Set<String> GROUPING =
      Set.of("by", "without", "on", "ignoring", "group_left", "group_right");
  private static final Set<String> OPERATORS =
      Set.of("and", "or", "unless", "bool", "offset", "inf", "nan", "atan2");
  private static final Pattern WORD = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
  private static final Pattern NUMBER = Pattern.compile("[0-9.]+(e[0-9]+|[a-z]+)?");
  private static final Pattern MATCHER =
      Pattern.compile("([a-zA-Z_]\\w*)\\s*(=~|!~|!=|=)\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");

  /**
   * One selector.
   *
   * @param metric its name
   * @param matchers {@code label=~"value"}, without spaces
   * @param range what stands in brackets behind it, or empty
   * @param function the innermost call around it, or empty
   */
  record Selector(String metric, List<String> matchers, String range, String function) {}

  private final String text;
  private final List<Selector> selectors = new ArrayList<>();
  private final Deque<String> calls = new ArrayDeque<>();
  private int at;

  private PromQl(String text) {
    this.text = text;
  }

  static List<Selector> selectors(String expression) {
    PromQl promQl = new PromQl(expression);
    promQl.scan();
    return promQl.selectors;
  }

  private void scan() {
    while (at < text.length()) {
      char c = text.charAt(at);
      Matcher word = WORD.matcher(text).region(at, text.length());
      Matcher number = NUMBER.matcher(text).region(at, text.length());
      if (c == '$') { // a variable of Grafana's
        at = word.region(at + 1, text.length()).lookingAt() ? word.end() : at + 1;
      } else if (c == '"') {
        at = text.indexOf('"', at + 1) + 1;
      } else if (number.lookingAt()) {
        at = number.end();
      } else if (word.lookingAt()) {
        at = word.end();
        word(word.group());
      } else {
        if (c == '(') {
          calls.push("");
        } else if (c == ')') {
          calls.pop();
        }
        at++;
      }
    }
  }

  private void word(String word) {
    skipSpace();
    boolean called = peek() == '(';
    if (GROUPING.contains(word)) {
      if (called) {
        at = text.indexOf(')', at) + 1;
      }
    } else if (called) {
      calls.push(word);
      at++;
    } else if (!OPERATORS.contains(word)
        && !GROUPING.contains(nextWord())) { // sum by (…) (…): an aggregation, no metric
      selectors.add(
          new Selector(word, matchers(), bracketed(), calls.isEmpty() ? "" : calls.peek()));
    }
  }

  private String nextWord() {
    Matcher next = WORD.matcher(text).region(at, text.length());
    // A metric may be followed by on (…) only behind an operator, so a grouping word is by's.
    return next.lookingAt() ? next.group() : "";
  }

  private List<String> matchers() {
    List<String> matchers = new ArrayList<>();
    if (peek() == '{') {
      int end = at;
      boolean quoted = false;
      while (quoted || text.charAt(end) != '}') {
        quoted ^= text.charAt(end) == '"';
        end++;
      }
      Matcher matcher = MATCHER.matcher(text.substring(at, end));
      while (matcher.find()) {
        matchers.add(matcher.group(1) + matcher.group(2) + '"' + matcher.group(3) + '"');
      }
      at = end + 1;
      skipSpace();
    }
    return matchers;
  }

  private String bracketed() {
    if (peek() != '[') {
      return "";
    }
    int end = text.indexOf(']', at);
    String range = text.substring(at + 1, end);
    at = end + 1;
    return range;
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private void skipSpace() {
    while (Character.isWhitespace(peek())) {
      at++;
    }
  }
}
