package dev.baton.loadgen.peers.report;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * A number over several JVMs.
 *
 * @param median of them
 * @param min smallest
 * @param max largest
 */
record Spread(double median, double min, double max) {
  /** Of one value or more. */
  static Spread of(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    double median =
        sorted.size() % 2 == 1
            ? sorted.get(middle)
            : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    return new Spread(median, sorted.getFirst(), sorted.getLast());
  }

  static Spread of(JsonObject json) {
    return new Spread(json.getDouble("median"), json.getDouble("min"), json.getDouble("max"));
  }

  JsonObject toJson() {
    return new JsonObject().put("median", median).put("min", min).put("max", max);
  }

  /** All three in another unit. */
  Spread map(DoubleUnaryOperator unit) {
    return new Spread(unit.applyAsDouble(median), unit.applyAsDouble(min), unit.applyAsDouble(max));
  }
}
