package dev.baton.server.main;

import dev.baton.scheduler.simulator.Costs;
import dev.baton.scheduler.simulator.Durations;
import dev.baton.scheduler.simulator.Latencies;
import dev.baton.scheduler.simulator.SimulationResult;
import dev.baton.scheduler.simulator.Sweep;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The result of a simulation as one page: the data as JSON in a template that draws it. */
final class SimulationPage {
  private static final String TEMPLATE = "simulation.html";
  private static final String MARK = "/*DATA*/null";
  private static final double[] PERCENTILES = {50, 99, 99.9};

  private SimulationPage() {}

  static String of(Map<String, String> headline, Costs costs, List<Sweep.Curve> curves)
      throws IOException {
    Latencies first = curves.getFirst().points().getFirst().result().latencies();
    var kinds = new JsonArray();
    if (first.kinds().size() > 1) {
      first.kinds().forEach(kinds::add);
    }
    var about = new JsonArray();
    headline.forEach((name, value) -> about.add(new JsonArray().add(name).add(value)));
    var charged = new JsonArray();
    costs
        .toMap()
        .forEach((name, v) -> charged.add(new JsonArray().add(name).add(Durations.text(v))));
    var series = new JsonArray();
    for (Sweep.Curve curve : curves) {
      var points = new JsonArray();
      curve.points().forEach(point -> points.add(point(point, kinds.size())));
      series.add(new JsonObject().put("policy", curve.policy()).put("points", points));
    }
    var data =
        new JsonObject()
            .put("about", about)
            .put("costs", charged)
            .put("kinds", kinds)
            .put("curves", series);
    try (InputStream in =
        Objects.requireNonNull(SimulationPage.class.getResourceAsStream(TEMPLATE))) {
      String template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return template.replace(MARK, data.encode().replace("<", "\\u003c"));
    }
  }

  /** Nanoseconds at the percentiles: of all requests, then of each kind. */
  private static JsonObject point(Sweep.Point point, int kinds) {
    SimulationResult result = point.result();
    var nanos = new JsonArray().add(percentiles(result.latencies(), -1));
    for (int kind = 0; kind < kinds; kind++) {
      nanos.add(percentiles(result.latencies(), kind));
    }
    return new JsonObject()
        .put("load", Math.round(1e4 * point.share()) / 1e2)
        .put("rate", Math.round(result.perSecond()))
        .put("keepsUp", result.keepsUp())
        .put("busy", Math.round(1e3 * result.utilisation()) / 1e3)
        .put("takeovers", result.blockedTakeovers() + result.hogTakeovers())
        .put("pulled", result.pulled())
        .put("nanos", nanos);
  }

  private static JsonArray percentiles(Latencies latencies, int kind) {
    var nanos = new JsonArray();
    for (double percentile : PERCENTILES) {
      nanos.add(kind < 0 ? latencies.nanosAt(percentile) : latencies.nanosAt(kind, percentile));
    }
    return nanos;
  }
}
