package dev.baton.loadgen.cli;

import dev.baton.loadgen.RequestSpec;
import java.net.URI;
import java.util.regex.Pattern;

/**
 * Reads a request of the mix: {@code [METHOD ]URL=RATE/s}, {@code [METHOD ]URL=WEIGHT} or, with a
 * weight of 1, {@code [METHOD ]URL}.
 */
final class MixEntry {
  private static final Pattern SHARE =
      Pattern.compile("(.*)=([0-9]*\\.?[0-9]+[kKmM]?)(/s)?", Pattern.DOTALL);
  private static final Pattern METHOD = Pattern.compile("([A-Z]+)\\s+(.*)", Pattern.DOTALL);

  private MixEntry() {}

  static RequestSpec parse(String text) {
    var share = SHARE.matcher(text.trim());
    if (!share.matches() || (share.group(3) == null && isParameter(share.group(1)))) {
      return parseUrl(text);
    }
    var request = parseUrl(share.group(1));
    double amount = Quantities.rate(share.group(2));
    return share.group(3) != null ? request.withRate(amount) : request.withWeight(amount);
  }

  /** Whether what follows is the value of a parameter: the URL ends with {@code ?name}. */
  private static boolean isParameter(String url) {
    String query = url.substring(url.indexOf('?') + 1);
    return url.contains("?") && !query.substring(query.lastIndexOf('&') + 1).contains("=");
  }

  /** Puts scheme, host and port before a path: {@code [METHOD ]/path=SHARE}. */
  static String resolve(URI base, String text) {
    var method = METHOD.matcher(text.trim());
    String path = method.matches() ? method.group(2) : text.trim();
    if (!path.startsWith("/")) {
      return text;
    }
    String url = base.getScheme() + "://" + base.getRawAuthority() + path;
    return method.matches() ? method.group(1) + " " + url : url;
  }

  /** Reads {@code [METHOD ]URL}. */
  static RequestSpec parseUrl(String text) {
    var method = METHOD.matcher(text.trim());
    if (method.matches()) {
      return RequestSpec.get(method.group(2)).withMethod(method.group(1)).withName(text.trim());
    }
    return RequestSpec.get(text.trim());
  }
}
