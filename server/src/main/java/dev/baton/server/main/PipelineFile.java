package dev.baton.server.main;

import dev.baton.stages.PipelineOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Places and bounds of the demo's pipelines, read from JSON: an object with the options of each
 * pipeline by name.
 *
 * @param orders of the pipeline behind {@code /orders}
 */
record PipelineFile(PipelineOptions orders) {
  private static final String ORDERS = DemoService.ORDERS.name();

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if it is not there or says what cannot be done; the message
   *     names the file, the field and the remedy
   */
  static PipelineFile read(Path file) {
    try {
      return read(new JsonObject(Files.readString(file)));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "'" + file + "' cannot be read (" + e.getClass().getSimpleName() + "): name a file", e);
    } catch (DecodeException e) {
      throw new IllegalArgumentException("'" + file + "' is no JSON object: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + file + "': " + e.getMessage(), e);
    }
  }

  private static PipelineFile read(JsonObject json) {
    PipelineOptions orders = new PipelineOptions();
    for (String name : json.fieldNames()) {
      if (!name.equals(ORDERS)) {
        throw new IllegalArgumentException(
            name + ": there is no such pipeline; did you mean " + ORDERS + "?");
      }
      if (!(json.getValue(name) instanceof JsonObject options)) {
        throw new IllegalArgumentException(name + "=" + json.getValue(name) + ": write an object");
      }
      try {
        orders = new PipelineOptions(options);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(name + "." + e.getMessage(), e);
      }
      DemoService.ORDERS.check(orders);
    }
    return new PipelineFile(orders);
  }
}
