package dev.baton.loadgen.imports;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a curl command line, as browsers and manuals give it. */
public final class CurlImport {
  private static final Map<String, String> LONG =
      Map.ofEntries(
          Map.entry("-X", "--request"),
          Map.entry("-H", "--header"),
          Map.entry("-d", "--data"),
          Map.entry("-u", "--user"),
          Map.entry("-A", "--user-agent"),
          Map.entry("-e", "--referer"),
          Map.entry("-b", "--cookie"),
          Map.entry("-I", "--head"),
          Map.entry("-G", "--get"),
          Map.entry("-k", "--insecure"),
          Map.entry("-L", "--location"),
          Map.entry("-E", "--cert"),
          Map.entry("-m", "--max-time"),
          Map.entry("-o", "--output"),
          Map.entry("-s", "--silent"),
          Map.entry("-S", "--show-error"),
          Map.entry("-v", "--verbose"),
          Map.entry("-i", "--include"),
          Map.entry("-f", "--fail"),
          Map.entry("-F", "--form"),
          Map.entry("-T", "--upload-file"));
  private static final Set<String> SILENT =
      Set.of("--silent", "--show-error", "--verbose", "--include", "--fail", "--no-progress-meter");
  private static final Set<String> FLAGS =
      Set.of(
          "--head",
          "--get",
          "--insecure",
          "--location",
          "--compressed",
          "--http1.1",
          "--http2",
          "--http2-prior-knowledge");
  private static final Set<String> PASSED_ON =
      Set.of("--connect-to", "--cert", "--key", "--cacert");

  private final ImportedLoad load = new ImportedLoad();
  private final Map<String, String> headers = new LinkedHashMap<>();
  private final List<String> data = new ArrayList<>();
  private final List<String> urls = new ArrayList<>();
  private String method = "";
  private String bodyFile = "";
  private boolean get;

  private CurlImport() {}

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException naming what is not understood
   */
  public static ImportedLoad read(String commandLine) {
    var words = words(commandLine);
    var reader = new CurlImport();
    reader.read(
        words.isEmpty() || !words.getFirst().equals("curl")
            ? words
            : words.subList(1, words.size()));
    return reader.load;
  }

  private void read(List<String> words) {
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (!word.startsWith("-") || word.equals("-")) {
        urls.add(word);
        continue;
      }
      String option = word;
      String attached = "";
      if (!word.startsWith("--") && word.length() > 2) {
        option = word.substring(0, 2);
        attached = word.substring(2);
      }
      option = LONG.getOrDefault(option, option);
      if (SILENT.contains(option) || FLAGS.contains(option)) {
        flag(option);
        if (!attached.isEmpty()) {
          words = new ArrayList<>(words);
          words.add(i + 1, "-" + attached);
        }
      } else if (!attached.isEmpty()) {
        value(option, attached);
      } else if (i + 1 < words.size()) {
        value(option, words.get(++i));
      } else {
        throw new IllegalArgumentException("curl " + option + ": its value is missing");
      }
    }
    finish();
  }

  private void flag(String option) {
    switch (option) {
      case "--head" -> method = method.isEmpty() ? "HEAD" : method;
      case "--get" -> get = true;
      case "--insecure" -> load.option("insecure", true);
      case "--http2", "--http2-prior-knowledge" -> load.option("http2", true);
      case "--compressed" -> headers.putIfAbsent("accept-encoding", "deflate, gzip, br");
      case "--location" -> load.note("curl --location: redirects are not followed");
      default -> {} // what curl prints, and HTTP/1.1, which is the default
    }
  }

  private void value(String option, String value) {
    switch (option) {
      case "--request" -> method = value;
      case "--url" -> urls.add(value);
      case "--header" -> header(value);
      case "--user-agent" -> headers.put("user-agent", value);
      case "--referer" -> headers.put("referer", value);
      case "--cookie" -> cookie(value);
      case "--user" ->
          headers.put(
              "authorization",
              "Basic "
                  + Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
      case "--data", "--data-ascii" ->
          data.add(value.startsWith("@") ? text(value).replaceAll("[\r\n]", "") : value);
      case "--data-raw" -> data.add(value);
      case "--data-binary" -> {
        if (value.startsWith("@")) {
          bodyFile = value.substring(1);
        } else {
          data.add(value);
        }
      }
      case "--data-urlencode" -> data.add(encoded(value));
      case "--json" -> {
        data.add(value.startsWith("@") ? text(value) : value);
        headers.putIfAbsent("content-type", "application/json");
        headers.putIfAbsent("accept", "application/json");
      }
      case "--upload-file" -> {
        bodyFile = value;
        method = method.isEmpty() ? "PUT" : method;
      }
      case "--unix-socket" -> load.option("unix", value);
      case "--max-time" -> load.option("timeout", value + "s");
      case "--output" -> {}
      default -> {
        if (!PASSED_ON.contains(option)) {
          throw new IllegalArgumentException(
              "curl " + option + ": is not understood; leave it out, or write the request as YAML");
        }
        load.option(option.substring(2), value);
      }
    }
  }

  private void header(String text) {
    int colon = text.indexOf(':');
    if (colon <= 0) {
      load.note("curl --header '" + text + "': takes a header out or sends an empty one; left out");
      return;
    }
    String value = text.substring(colon + 1).strip();
    headers.merge(
        text.substring(0, colon).strip(),
        value,
        (one, other) -> {
          load.note("header " + text.substring(0, colon) + " was given twice; joined by a comma");
          return one + ", " + other;
        });
  }

  private void cookie(String value) {
    if (!value.contains("=")) {
      throw new IllegalArgumentException(
          "curl --cookie " + value + ": files of cookies are not read; write 'name=value'");
    }
    headers.merge("cookie", value, (one, other) -> one + "; " + other);
  }

  private static String encoded(String value) {
    int equals = value.indexOf('=');
    String name = equals > 0 ? value.substring(0, equals + 1) : "";
    return name + URLEncoder.encode(value.substring(equals + 1), StandardCharsets.UTF_8);
  }

  private static String text(String atFile) {
    try {
      return Files.readString(Path.of(atFile.substring(1)));
    } catch (IOException e) {
      throw new IllegalArgumentException("curl --data " + atFile + ": cannot be read", e);
    }
  }

  private void finish() {
    if (urls.isEmpty()) {
      throw new IllegalArgumentException("curl: names no URL");
    }
    String body = String.join("&", data);
    for (String given : urls) {
      String url = given.contains("://") ? given : "http://" + given;
      var request = new LinkedHashMap<String, Object>();
      if (get && !data.isEmpty()) {
        url += (url.contains("?") ? "&" : "?") + body;
      }
      boolean hasBody = !get && (!data.isEmpty() || !bodyFile.isEmpty());
      request.put("url", url);
      request.put("method", method.isEmpty() ? (hasBody ? "POST" : "GET") : method);
      if (hasBody && headers.keySet().stream().noneMatch("content-type"::equalsIgnoreCase)) {
        headers.put("content-type", "application/x-www-form-urlencoded");
      }
      if (!headers.isEmpty()) {
        request.put("headers", new LinkedHashMap<>(headers));
      }
      if (hasBody) {
        request.put(
            bodyFile.isEmpty() ? "body" : "body-file", bodyFile.isEmpty() ? body : bodyFile);
      }
      load.request(request);
    }
  }

  /** Splits a command line as a shell does, without expanding anything. */
  static List<String> words(String text) {
    var words = new ArrayList<String>();
    var word = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        char next = text.charAt(++i);
        if (next == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
          i++;
        } else if (next != '\n') {
          word.append(next);
          inWord = true;
        }
      } else if (c == '\'' || c == '"' || (c == '$' && text.startsWith("$'", i))) {
        boolean escapes = c != '\'';
        boolean ansi = c == '$';
        i = quoted(text, ansi ? i + 2 : i + 1, ansi ? '\'' : c, escapes, ansi, word);
        inWord = true;
      } else if (Character.isWhitespace(c)) {
        if (inWord) {
          words.add(word.toString());
          word.setLength(0);
          inWord = false;
        }
      } else {
        word.append(c);
        inWord = true;
      }
    }
    if (inWord) {
      words.add(word.toString());
    }
    return words;
  }

  /** Reads up to the closing quote; returns its index. */
  private static int quoted(
      String text, int start, char quote, boolean escapes, boolean ansi, StringBuilder word) {
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == quote) {
        return i;
      }
      if (c == '\\' && escapes && i + 1 < text.length()) {
        char next = text.charAt(++i);
        if (ansi && next == 'u' && i + 4 < text.length()) {
          word.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
          i += 4;
        } else if (ansi) {
          word.append(
              switch (next) {
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                default -> next;
              });
        } else if (next != '\n') {
          word.append("\"\\$`".indexOf(next) >= 0 ? String.valueOf(next) : "\\" + next);
        }
      } else {
        word.append(c);
      }
    }
    throw new IllegalArgumentException("curl: a quote (" + quote + ") is not closed");
  }
}
