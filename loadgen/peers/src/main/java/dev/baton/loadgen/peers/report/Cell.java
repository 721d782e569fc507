package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.LoadGenerator;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.compare.ServerCost;
import dev.baton.loadgen.compare.ServerProcess;
import dev.baton.loadgen.peers.Peer;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * All scenarios on one peer in one JVM of its own. Result: {@code peer, fork, order, rss_mib,
 * others_cpu} (CPUs that neither the server nor the generator had), {@code warmup_cpu_us} (CPU time
 * per response of each round of the warm-up), {@code why} (what speaks against the cell) and for
 * each scenario an object: {@code peak: {rate, cpu_us, switches, server_cpu_share,
 * generator_cpu_share, longest_gap, p99, not_ok}}, the others {@code p50, p99, p999, max,
 * exact_below, scheduled, ok, asked, delivered, cpu_us, lateness_p99, lateness_p999, valid,
 * spectrum: [[percentile, ms], …]} of {@code /fast} and {@code slow: {scheduled, ok, p50, p99}}.
 * Milliseconds from the intended start.
 */
final class Cell {
  private static final Duration SETTLE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration SETTLED = Duration.ofMillis(50);
  private static final int SETTLED_ANSWERS = 5;

  /** The server is warm when a round costs it nearly what the one before did. */
  private static final double STEADY = 0.1;

  private static final int LEAST_WARMUPS = 2;
  private static final int MOST_WARMUPS = 8;

  /** A generator that was away for so long in a closed loop was stopped, or as good as that. */
  private static final double LONGEST_GAP_MILLIS = 100;

  private static final Duration COMPILER_PAUSE = Duration.ofSeconds(1);
  private static final double POINTS_PER_DECADE = 8;

  private final Peer peer;
  private final CellOptions options;

  Cell(Peer peer, CellOptions options) {
    this.peer = peer;
    this.options = options;
  }

  JsonObject run(int fork) throws IOException, InterruptedException {
    int port = freePort();
    String base = "http://127.0.0.1:" + port;
    var result = new JsonObject().put("peer", peer.id()).put("fork", fork);
    try (var server = ServerProcess.start(command(port), options.cpusServer(), URI.create(base))) {
      result.put("warmup_cpu_us", warmUp(server, base));
      double seconds = 0;
      double others = 0;
      var order = Scenario.order(fork);
      for (var scenario : order) {
        settle(port);
        if (scenario == Scenario.PEAK) {
          warmUpOnce(server, base);
        }
        var load = scenario.options(base, options.measured(), options.realtime()).setSeed(fork);
        var before = server.cost();
        var report = LoadGenerator.create(load).run();
        var cost = server.cost().since(before, report.responses());
        seconds += report.self().seconds();
        others +=
            report.self().busySeconds() - report.self().processCpuSeconds() - cost.cpuSeconds();
        result.put(
            scenario.id(), scenario == Scenario.PEAK ? peak(report, cost) : open(report, cost));
      }
      result.put("order", new JsonArray(order.stream().map(Scenario::id).toList()));
      result.put("others_cpu", round(Math.max(0, others) / seconds));
      result.put("rss_mib", round(server.cost().peakRssBytes() / 1_048_576.0));
    }
    return result.put("why", why(result, options.maxOthers()));
  }

  /**
   * Rounds of a closed loop until they cost the server the same; the CPU µs per response of each.
   */
  private JsonArray warmUp(ServerProcess server, String base) throws InterruptedException {
    var rounds = new ArrayList<Double>();
    while (rounds.size() < MOST_WARMUPS && !warm(rounds)) {
      rounds.add(round(warmUpOnce(server, base)));
    }
    return new JsonArray(rounds);
  }

  /** A pause follows in which the server's compilers have its core to themselves. */
  private double warmUpOnce(ServerProcess server, String base) throws InterruptedException {
    var before = server.cost();
    var report = LoadGenerator.create(Scenario.warmup(base, options.warmup())).run();
    var cost = server.cost().since(before, report.responses());
    Thread.sleep(COMPILER_PAUSE);
    return cost.cpuMicrosPerResponse();
  }

  /** Whether the last round of a warm-up cost what the one before did. */
  static boolean warm(List<Double> rounds) {
    if (rounds.size() < LEAST_WARMUPS) {
      return false;
    }
    double last = rounds.getLast();
    return Math.abs(rounds.get(rounds.size() - 2) - last) <= STEADY * last;
  }

  private String command(int port) {
    String java = ProcessHandle.current().info().command().orElse("java");
    return quoted(java)
        + " "
        + options.jvmOptions()
        + " -cp "
        + quoted(System.getProperty("java.class.path"))
        + " dev.baton.loadgen.peers.PeersCommand serve --peer "
        + peer.id()
        + " --port "
        + port;
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  private static JsonObject peak(LoadReport report, ServerCost cost) {
    return new JsonObject()
        .put("rate", round(report.deliveredRate()))
        .put("cpu_us", round(cost.cpuMicrosPerResponse()))
        .put("switches", round(cost.switchesPerResponse()))
        .put("server_cpu_share", round(cost.cpuSeconds() / report.self().seconds()))
        .put("generator_cpu_share", round(report.core().busyShare()))
        .put("longest_gap", round(report.pollGaps().maxMillis()))
        .put("p99", round(report.total().response().millisAt(99)))
        .put("not_ok", report.total().scheduled() - report.total().count(Outcome.OK));
  }

  private static JsonObject open(LoadReport report, ServerCost cost) {
    RequestRecord fast = report.requests().getFirst();
    var response = fast.response();
    var json =
        new JsonObject()
            .put("p50", round(response.millisAt(50)))
            .put("p99", round(response.millisAt(99)))
            .put("p999", round(response.millisAt(99.9)))
            .put("max", round(response.maxMillis()))
            .put("scheduled", fast.scheduled())
            .put("ok", fast.count(Outcome.OK))
            .put("asked", round(fast.scheduled() / report.windowSeconds()))
            .put("delivered", round(fast.answeredInWindow() / report.windowSeconds()))
            .put("cpu_us", round(cost.cpuMicrosPerResponse()))
            .put("lateness_p99", round(report.lateness().millisAt(99)))
            .put("lateness_p999", round(report.lateness().millisAt(99.9)))
            .put("valid", report.valid())
            .put("spectrum", spectrum(response));
    if (response.censored() > 0) {
      json.put("exact_below", round(response.exactBelowMillis()));
    }
    if (report.requests().size() > 1) {
      var slow = report.requests().getLast();
      json.put(
          "slow",
          new JsonObject()
              .put("scheduled", slow.scheduled())
              .put("ok", slow.count(Outcome.OK))
              .put("p50", round(slow.response().millisAt(50)))
              .put("p99", round(slow.response().millisAt(99))));
    }
    return json;
  }

  /** What speaks against a cell: others on the machine, or a generator that was late or stopped. */
  static JsonArray why(JsonObject cell, double maxOthers) {
    var why = new JsonArray();
    if (cell.getDouble("others_cpu") > maxOthers) {
      why.add("others had %.2f CPUs".formatted(cell.getDouble("others_cpu")));
    }
    for (var scenario : Scenario.OPEN) {
      var run = cell.getJsonObject(scenario.id());
      if (Summary.late(run.getDouble("lateness_p99"), run.getDouble("p99"))) {
        why.add("the generator was late in '" + scenario.id() + "'");
      }
    }
    if (cell.getJsonObject("peak").getDouble("longest_gap") > LONGEST_GAP_MILLIS) {
      why.add("the generator stood still in 'peak'");
    }
    return why;
  }

  /** Eight points per factor of ten in rarity, as far as five values lie beyond. */
  private static JsonArray spectrum(Latencies latencies) {
    var points = new JsonArray();
    for (int i = 0; ; i++) {
      double rarity = Math.pow(10, i / POINTS_PER_DECADE);
      if (latencies.count() < 5 * rarity) {
        return points;
      }
      double percentile = 100 * (1 - 1 / rarity);
      points.add(new JsonArray().add(round(percentile)).add(round(latencies.millisAt(percentile))));
    }
  }

  /** Waits until what the load before left behind is worked off, or for half a minute. */
  private static void settle(int port) throws InterruptedException {
    long deadline = System.nanoTime() + SETTLE_TIMEOUT.toNanos();
    for (int quick = 0; quick < SETTLED_ANSWERS && System.nanoTime() < deadline; ) {
      long start = System.nanoTime();
      boolean answered = answersFast(port);
      quick = answered && System.nanoTime() - start < SETTLED.toNanos() ? quick + 1 : 0;
      Thread.sleep(20);
    }
  }

  private static boolean answersFast(int port) {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
      socket.setSoTimeout(5_000);
      var request = "GET /fast HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().read() == 'H';
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static double round(double value) {
    return Math.rint(value * 1e4) / 1e4;
  }
}
