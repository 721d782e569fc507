package dev.baton.loadgen.peers.report;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The summary as one self-contained page with plots; nothing is loaded from elsewhere. */
public final class PageExporter {
  private static final String TEMPLATE = "peers.html";
  private static final String MARK = "/*DATA*/null";

  private PageExporter() {}

  /** The page. */
  public static String page(JsonObject summary) {
    try (var in = PageExporter.class.getResourceAsStream(TEMPLATE)) {
      if (in == null) {
        throw new IllegalStateException("resource missing: " + TEMPLATE);
      }
      String template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      // "<" could end the script the data is in.
      return template.replace(MARK, summary.encode().replace("<", "\\u003c"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
