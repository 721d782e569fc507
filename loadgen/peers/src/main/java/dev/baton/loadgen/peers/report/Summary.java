package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.peers.Peer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Medians and spread over the JVMs of each peer. {@code peers[]}: {@code id, title, setup, forks,
 * disturbed} (JVMs whose last try counts although something speaks against it), {@code rate,
 * cpu_us, switches, server_cpu_share, generator_cpu_share, others_cpu, rss_mib}, {@code limited}
 * (whether the server's core was used up in half of the JVMs or more: else the peak is a lower
 * bound), {@code warmups, drift} (CPU time of {@code again} divided by that of {@code alone}) and
 * under {@code scenarios} for each open loop {@code p50, p99, p999, answered, cpu_us} as {@code
 * {median, min, max}}, {@code bound} (the percentiles that are lower bounds) and {@code late}
 * (those at which the generator was late in half of the JVMs or more), {@code spectrum} and the
 * single values {@code forks_p99}, {@code forks_p999}. {@code discarded[]}: the cells that were
 * measured again, {@code peer, fork, try, why, rate} and {@code p99} by scenario.
 */
public final class Summary {
  // As dev.baton.loadgen.record.Validity judges.
  private static final double LATE_FLOOR_MILLIS = 0.2;
  private static final double LATE_SHARE = 0.1;

  /** Below this share of its core a server was not what limited a closed loop. */
  private static final double USED_UP = 0.95;

  private Summary() {}

  /**
   * Sums up the cells; peers without any are left out.
   *
   * @param discarded those that were measured again
   */
  public static JsonObject of(
      List<JsonObject> cells, List<JsonObject> discarded, JsonObject about) {
    var peers = new JsonArray();
    for (var peer : Peer.values()) {
      var own = cells.stream().filter(c -> peer.id().equals(c.getString("peer"))).toList();
      if (!own.isEmpty()) {
        peers.add(peer(peer, own));
      }
    }
    var scenarios = new JsonArray();
    for (var scenario : Scenario.OPEN) {
      scenarios.add(new JsonObject().put("id", scenario.id()).put("title", scenario.title()));
    }
    return new JsonObject()
        .put("about", about)
        .put("scenarios", scenarios)
        .put("peers", peers)
        .put("discarded", new JsonArray(discarded.stream().map(Summary::discarded).toList()));
  }

  private static JsonObject discarded(JsonObject cell) {
    var p99 = new JsonObject();
    for (var scenario : Scenario.OPEN) {
      p99.put(scenario.id(), cell.getJsonObject(scenario.id()).getDouble("p99"));
    }
    return new JsonObject()
        .put("peer", Peer.of(cell.getString("peer")).title())
        .put("fork", cell.getInteger("fork"))
        .put("try", cell.getInteger("try"))
        .put("why", cell.getJsonArray("why"))
        .put("rate", cell.getJsonObject("peak").getDouble("rate"))
        .put("p99", p99);
  }

  private static JsonObject peer(Peer peer, List<JsonObject> cells) {
    var scenarios = new JsonObject();
    for (var scenario : Scenario.OPEN) {
      scenarios.put(
          scenario.id(),
          scenario(cells.stream().map(c -> c.getJsonObject(scenario.id())).toList()));
    }
    var peaks = cells.stream().map(c -> c.getJsonObject("peak")).toList();
    return new JsonObject()
        .put("id", peer.id())
        .put("title", peer.title())
        .put("setup", peer.setup())
        .put("forks", cells.size())
        .put("disturbed", cells.stream().filter(c -> !c.getJsonArray("why").isEmpty()).count())
        .put("warmups", spread(cells, c -> (double) c.getJsonArray("warmup_cpu_us").size()))
        .put("drift", spread(cells, Summary::drift))
        .put("limited", mostly(peaks, p -> p.getDouble("server_cpu_share") >= USED_UP))
        .put("generator_cpu_share", spread(peaks, p -> p.getDouble("generator_cpu_share")))
        .put("rate", spread(peaks, p -> p.getDouble("rate")))
        .put("forks_rate", new JsonArray(values(peaks, p -> p.getDouble("rate"))))
        .put("cpu_us", spread(peaks, p -> p.getDouble("cpu_us")))
        .put("forks_cpu_us", new JsonArray(values(peaks, p -> p.getDouble("cpu_us"))))
        .put("server_cpu_share", spread(peaks, p -> p.getDouble("server_cpu_share")))
        .put("switches", spread(peaks, p -> p.getDouble("switches")))
        .put("others_cpu", spread(cells, c -> c.getDouble("others_cpu")))
        .put("rss_mib", spread(cells, c -> c.getDouble("rss_mib")))
        .put("scenarios", scenarios);
  }

  /** What the server's time for a request did between the first and the last open loop. */
  private static double drift(JsonObject cell) {
    return cell.getJsonObject(Scenario.AGAIN.id()).getDouble("cpu_us")
        / cell.getJsonObject(Scenario.ALONE.id()).getDouble("cpu_us");
  }

  private static JsonObject scenario(List<JsonObject> runs) {
    var json = new JsonObject();
    var bound = new JsonArray();
    for (String percentile : List.of("p50", "p99", "p999")) {
      json.put(percentile, spread(runs, r -> r.getDouble(percentile)));
      if (mostly(runs, r -> bounded(r, r.getDouble(percentile)))) {
        bound.add(percentile);
      }
    }
    var late = new JsonArray();
    for (String percentile : List.of("p99", "p999")) {
      if (mostly(runs, r -> late(r.getDouble("lateness_" + percentile), r.getDouble(percentile)))) {
        late.add(percentile);
      }
    }
    return json.put("bound", bound)
        .put("late", late)
        .put("lateness_p99", spread(runs, r -> r.getDouble("lateness_p99")))
        .put("lateness_p999", spread(runs, r -> r.getDouble("lateness_p999")))
        .put("answered", spread(runs, r -> r.getDouble("ok") / r.getDouble("scheduled")))
        .put("cpu_us", spread(runs, r -> r.getDouble("cpu_us")))
        .put("forks_p99", new JsonArray(values(runs, r -> r.getDouble("p99"))))
        .put("forks_p999", new JsonArray(values(runs, r -> r.getDouble("p999"))))
        .put("spectrum", spectrum(runs));
  }

  /** Whether lateness is material at a percentile, as the generator judges it. */
  static boolean late(double lateness, double reported) {
    return lateness > LATE_FLOOR_MILLIS && lateness > LATE_SHARE * reported;
  }

  private static boolean bounded(JsonObject run, double millis) {
    return millis >= run.getDouble("exact_below", Double.MAX_VALUE) * 0.999;
  }

  private static boolean mostly(List<JsonObject> runs, Function<JsonObject, Boolean> condition) {
    return 2 * runs.stream().filter(condition::apply).count() >= runs.size();
  }

  private static List<Double> values(List<JsonObject> from, Function<JsonObject, Double> value) {
    return from.stream().map(value).toList();
  }

  private static JsonObject spread(List<JsonObject> from, Function<JsonObject, Double> value) {
    return Spread.of(values(from, value)).toJson();
  }

  /** The median over the runs at each percentile that all of them have. */
  private static JsonArray spectrum(List<JsonObject> runs) {
    var spectra = runs.stream().map(r -> r.getJsonArray("spectrum")).toList();
    int length = spectra.stream().mapToInt(JsonArray::size).min().orElse(0);
    var points = new JsonArray();
    for (int i = 0; i < length; i++) {
      var at = new ArrayList<Double>();
      for (var spectrum : spectra) {
        at.add(spectrum.getJsonArray(i).getDouble(1));
      }
      double percentile = spectra.getFirst().getJsonArray(i).getDouble(0);
      points.add(new JsonArray().add(percentile).add(Spread.of(at).median()));
    }
    return points;
  }
}
