package dev.baton.loadgen.cli;

import dev.baton.loadgen.RequestSpec;
import java.net.URI;
import java.util.regex.Pattern;

/** Reads a request of the mix: {@code [METHOD ]URL=RATE/s} or {@code [METHOD ]URL=WEIGHT}. */
final class MixEntry {
  private static final Pattern SHARE =
      Pattern.compile("(.*)=([0-9]*\\.?[0-9]+[kKmM]?)(/s)?", Pattern.DOTALL);
  private static final Pattern METHOD = Pattern.compile("([A-Z]+)\\s+(.*)", Pattern.DOTALL);

  private MixEntry() {}

  static RequestSpec parse(String text) {
    var share = SHARE.matcher(text.trim());
    if (!share.matches()) {
      throw new IllegalArgumentException(
          "--mix '"
              + text
              + "': append its rate or its weight, as in"
              + " 'http://127.0.0.1:8080/fast=4000/s' or 'POST http://127.0.0.1:8080/orders=3'");
    }
    var request = parseUrl(share.group(1));
    double amount = Quantities.rate(share.group(2));
    return share.group(3) != null ? request.withRate(amount) : request.withWeight(amount);
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
