package dev.baton.loadgen;

import dev.baton.loadgen.values.Origin;
import dev.baton.loadgen.values.Text;
import dev.baton.loadgen.values.UrlList;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * One request of the mix. Immutable.
 *
 * @param name shown in reports
 * @param method an HTTP method
 * @param uri absolute: http, https, ws, wss, sse+http or sse+https; the first of a list
 * @param urls taken in turn instead of {@code uri}; empty for none
 * @param headers sent besides host and content-length
 * @param body sent with it; empty for none
 * @param weight its weight among the requests without a rate of their own, more than 0
 * @param rate requests per second of its own, or 0 to share the rest of the rate by weight
 * @param connections connections of its own pool, or 0 for the default of the run
 * @param check what a response must satisfy to count as ok
 */
public record RequestSpec(
    String name,
    String method,
    URI uri,
    UrlList urls,
    Map<String, String> headers,
    Body body,
    double weight,
    double rate,
    int connections,
    ResponseCheck check) {

  private static final Set<String> SCHEMES =
      Set.of("http", "https", "ws", "wss", "sse+http", "sse+https");

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException naming the component, its value and the remedy
   */
  public RequestSpec {
    String scheme = uri.getScheme();
    if (scheme == null || !SCHEMES.contains(scheme)) {
      throw new IllegalArgumentException(
          "url '"
              + uri
              + "': must start with http:// or https://, as in http://127.0.0.1:8080/; ws:// and"
              + " wss:// are for WebSockets, sse+http:// and sse+https:// for server-sent events");
    }
    Origin.of(uri);
    if (!(weight > 0 && Double.isFinite(weight))) {
      throw new IllegalArgumentException("weight=" + weight + " of " + uri + ": must be above 0");
    }
    if (!(rate >= 0 && Double.isFinite(rate))) {
      throw new IllegalArgumentException("rate=" + rate + " of " + uri + ": must be 0 or more");
    }
    if (connections < 0) {
      throw new IllegalArgumentException(
          "connections=" + connections + " of " + uri + ": must be 0 (default) or more");
    }
    headers = Map.copyOf(headers);
  }

  /** A GET of the given URL with weight 1. */
  public static RequestSpec get(String url) {
    return new RequestSpec(
        url,
        "GET",
        Text.url(url),
        UrlList.NONE,
        Map.of(),
        Body.NONE,
        1,
        0,
        0,
        ResponseCheck.DEFAULT);
  }

  /** GETs of the URLs of a list in turn, counted as one request under the given name. */
  public static RequestSpec each(String name, UrlList urls) {
    var first = urls.origins().getFirst();
    var uri = URI.create(first.scheme() + "://" + first.authority() + urls.target(0).path());
    return new RequestSpec(
        name, "GET", uri, urls, Map.of(), Body.NONE, 1, 0, 0, ResponseCheck.DEFAULT);
  }

  /** This request at a rate of its own, in requests per second. */
  public RequestSpec withRate(double newRate) {
    return new RequestSpec(
        name, method, uri, urls, headers, body, weight, newRate, connections, check);
  }

  /** This request with another weight. */
  public RequestSpec withWeight(double newWeight) {
    return new RequestSpec(
        name, method, uri, urls, headers, body, newWeight, rate, connections, check);
  }

  /** This request with another response check. */
  public RequestSpec withCheck(ResponseCheck newCheck) {
    return new RequestSpec(
        name, method, uri, urls, headers, body, weight, rate, connections, newCheck);
  }

  /** This request under another name. */
  public RequestSpec withName(String newName) {
    return new RequestSpec(
        newName, method, uri, urls, headers, body, weight, rate, connections, check);
  }

  /** This request with another method. */
  public RequestSpec withMethod(String newMethod) {
    return new RequestSpec(
        name, newMethod, uri, urls, headers, body, weight, rate, connections, check);
  }

  /** This request with other headers. */
  public RequestSpec withHeaders(Map<String, String> newHeaders) {
    return new RequestSpec(
        name, method, uri, urls, newHeaders, body, weight, rate, connections, check);
  }

  /** This request with another body. */
  public RequestSpec withBody(String newBody) {
    return withBody(Body.of(newBody));
  }

  /** This request with another body. */
  public RequestSpec withBody(Body newBody) {
    return new RequestSpec(
        name, method, uri, urls, headers, newBody, weight, rate, connections, check);
  }

  /** This request with a pool of another size. */
  public RequestSpec withConnections(int newConnections) {
    return new RequestSpec(
        name, method, uri, urls, headers, body, weight, rate, newConnections, check);
  }

  /** Where it goes; to the first of several with a list. */
  public Origin origin() {
    return Origin.of(uri);
  }

  /** The request target: path and query as given. */
  public String target() {
    String path = uri.getRawPath();
    String query = uri.getRawQuery();
    return (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
  }

  /** The names that placeholders in URL, headers and body refer to. */
  public Set<String> placeholders() {
    var names = new TreeSet<>(Text.ofUrl(target()).names());
    headers.values().forEach(value -> names.addAll(Text.of(value).names()));
    names.addAll(Text.of(body.text()).names());
    for (int i = 0; i < urls.size(); i++) {
      names.addAll(Text.ofUrl(urls.target(i).path()).names());
    }
    return names;
  }
}
