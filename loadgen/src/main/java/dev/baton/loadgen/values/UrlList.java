package dev.baton.loadgen.values;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.regex.Pattern;

/**
 * URLs that requests take in turn. Immutable; holds a method and a request target for each and an
 * origin for each host, so that it grows by little more than the length of its text.
 */
public final class UrlList {
  /** No list. */
  public static final UrlList NONE = new UrlList(List.of(), List.of(), new int[0]);

  private static final Pattern METHOD = Pattern.compile("([A-Z]+)\\s+(\\S.*)");

  private final List<Origin> origins;
  private final List<Target> targets;
  private final int[] originOf;
  private final int[][] ofOrigin;

  /**
   * Method and request target of one line.
   *
   * @param method empty for that of the request
   * @param path path and query
   */
  public record Target(String method, String path) {}

  private UrlList(List<Origin> origins, List<Target> targets, int[] originOf) {
    this.origins = origins;
    this.targets = targets;
    this.originOf = originOf;
    int[] sizes = new int[origins.size()];
    for (int origin : originOf) {
      sizes[origin]++;
    }
    ofOrigin = new int[sizes.length][];
    for (int i = 0; i < sizes.length; i++) {
      ofOrigin[i] = new int[sizes[i]];
    }
    for (int i = originOf.length - 1; i >= 0; i--) {
      ofOrigin[originOf[i]][--sizes[originOf[i]]] = i;
    }
  }

  /**
   * Reads a file with a {@code [METHOD ]URL} on each line; empty lines and those that begin with #
   * are skipped.
   *
   * @throws IllegalArgumentException naming file and line
   */
  public static UrlList read(Path file) {
    var origins = new LinkedHashMap<Origin, Integer>();
    var targets = new ArrayList<Target>();
    var originOf = new ArrayList<Integer>();
    int number = 0;
    try (var reader = Files.newBufferedReader(file)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        String text = line.strip();
        if (!text.isEmpty() && !text.startsWith("#")) {
          var method = METHOD.matcher(text);
          boolean named = method.matches();
          var uri = parse(named ? method.group(2) : text);
          String query = uri.getRawQuery();
          String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
          targets.add(
              new Target(named ? method.group(1) : "", query == null ? path : path + "?" + query));
          originOf.add(origins.computeIfAbsent(Origin.of(uri), o -> origins.size()));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--urls " + file + ", line " + number + ": " + e.getMessage(), e);
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException("--urls " + file + ": is no text in UTF-8", e);
    } catch (IOException e) {
      throw new IllegalArgumentException("--urls " + file + ": cannot be read", e);
    }
    if (targets.isEmpty()) {
      throw new IllegalArgumentException(
          "--urls " + file + ": holds no URL; write one on each line, as in http://host/path");
    }
    targets.trimToSize();
    return new UrlList(
        List.copyOf(origins.keySet()),
        targets,
        originOf.stream().mapToInt(Integer::intValue).toArray());
  }

  private static URI parse(String url) {
    var uri = Text.url(url);
    String scheme = uri.getScheme();
    if (scheme == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw new IllegalArgumentException(
          "'" + url + "' must start with http:// or https://, as in http://127.0.0.1:8080/");
    }
    if (Origin.authorization(uri) != null) {
      throw new IllegalArgumentException(
          "'" + url + "' holds a user; leave it out and authorize all requests by --auth");
    }
    return uri;
  }

  /** Whether it holds nothing. */
  public boolean isEmpty() {
    return targets.isEmpty();
  }

  /** Number of URLs. */
  public int size() {
    return targets.size();
  }

  /** The origins, in the order of their first URL. */
  public List<Origin> origins() {
    return origins;
  }

  /** Index into {@link #origins} of what request number {@code ordinal} takes. */
  public int origin(long ordinal) {
    return originOf[(int) (ordinal % originOf.length)];
  }

  /** What request number {@code ordinal} takes. */
  public Target target(long ordinal) {
    return targets.get((int) (ordinal % originOf.length));
  }

  /** The number of the request that is the n-th to an origin. */
  public long ordinal(int origin, long n) {
    int[] own = ofOrigin[origin];
    return own[(int) (n % own.length)];
  }
}
