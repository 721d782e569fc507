package dev.baton.loadgen;

import dev.baton.loadgen.client.LoadEngine;
import dev.baton.loadgen.record.Recorder;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.SelfMeasurement;
import dev.baton.loadgen.record.Validity;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.schedule.Schedule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sends HTTP requests on a schedule fixed in advance and reports how long they took from when they
 * were meant to start.
 *
 * <pre>{@code
 * var request = RequestSpec.get("http://127.0.0.1:8080/");
 * var options = new LoadOptions().addRequest(request).setRate(2_000);
 * var report = LoadGenerator.create(options).run();
 * System.out.println(report.total().response().millisAt(99));
 * }</pre>
 *
 * <p>A generator runs once.
 */
public final class LoadGenerator {
  private final LoadOptions options;
  private final Schedule schedule;
  private final Recorder recorder;

  // Written by the thread that runs, read by the one that stops
  private volatile @Nullable LoadEngine engine;
  private volatile boolean stopped;

  private LoadGenerator(LoadOptions options) {
    this.options = new LoadOptions(options);
    var mix = this.options.allRequests();
    var scenarios = this.options.getScenarios();
    if (mix.isEmpty()) {
      throw new IllegalArgumentException("requests=[]: add at least one request");
    }
    checkPlaceholders();
    if (this.options.isClosedLoop() && !scenarios.isEmpty()) {
      throw new IllegalArgumentException(
          "scenarios: sessions arrive in an open loop; leave --closed out");
    }
    if (this.options.isClosedLoop() && !this.options.getPart().equals(Part.WHOLE)) {
      throw new IllegalArgumentException(
          "part=" + this.options.getPart() + ": a closed loop has no schedule to cut");
    }
    mix.forEach(this::checkKind);
    var entries = new ArrayList<Schedule.Entry>();
    this.options.getRequests().forEach(r -> entries.add(new Schedule.Entry(r.rate(), r.weight())));
    scenarios.forEach(s -> entries.add(new Schedule.Entry(s.rate(), s.weight())));
    var phases = this.options.effectivePhases();
    if (phases.stream().noneMatch(p -> p.recorded())) {
      throw new IllegalArgumentException("phases: at least one has to be recorded");
    }
    this.schedule = new Schedule(phases, entries, options.getArrivals(), options.getSeed());
    this.recorder = new Recorder(mix, scenarios, phases);
  }

  /** Messages and events are awaited on connections of their own kind. */
  private void checkKind(RequestSpec request) {
    var origin = request.origin();
    if (!origin.webSocket() && !origin.events()) {
      return;
    }
    String url = "url '" + request.uri() + "': ";
    if (options.getProtocol() == Protocol.HTTP2) {
      throw new IllegalArgumentException(url + "is spoken over HTTP/1.1; leave --http2 out");
    }
    if (!options.getScenarios().isEmpty()) {
      throw new IllegalArgumentException(url + "cannot be loaded beside scenarios");
    }
    if (origin.events() && !options.isClosedLoop()) {
      throw new IllegalArgumentException(
          url + "the server decides when events come, so that there is no rate; say --closed");
    }
    if (origin.events() && request.check().needsBody()) {
      throw new IllegalArgumentException(url + "bodies of events are not checked");
    }
  }

  private void checkPlaceholders() {
    var columns = new TreeSet<String>();
    options.getFeeds().forEach(feed -> columns.addAll(feed.columns()));
    if (!columns.isEmpty()) {
      options.getRequests().forEach(request -> checkPlaceholders(request, columns));
    }
    for (var scenario : options.getScenarios()) {
      var known = new TreeSet<>(columns);
      for (var step : scenario.steps()) {
        checkPlaceholders(step.request(), known);
        known.addAll(step.extract().keySet());
      }
    }
  }

  private static void checkPlaceholders(RequestSpec request, Set<String> known) {
    for (String name : request.placeholders()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "${%s} in '%s': no column of a feed and no value taken before has this name; there are %s"
                .formatted(name, request.name(), known));
      }
    }
  }

  /**
   * Switches off Netty's checks for bugs of its users, which here only cost time, in the whole
   * process. For programs that do nothing but generate load, before anything else.
   */
  public static void skipNettyChecks() {
    System.setProperty("io.netty.leakDetection.level", "disabled");
    System.setProperty("io.netty.buffer.checkBounds", "false");
    System.setProperty("io.netty.buffer.checkAccessible", "false");
  }

  /**
   * Creates a generator and its schedule.
   *
   * @throws IllegalArgumentException if the options contradict each other
   */
  public static LoadGenerator create(LoadOptions options) {
    return new LoadGenerator(options);
  }

  /** The schedule of the run. */
  public Schedule schedule() {
    return schedule;
  }

  /** What is recorded; its progress may be read while the load runs. */
  public Recorder recorder() {
    return recorder;
  }

  /** Asks a running load to end now; any thread. */
  public void stop() {
    stopped = true;
    var running = engine;
    if (running != null) {
      running.stop();
    }
  }

  /**
   * Runs the load on the calling thread to its end.
   *
   * @throws java.io.UncheckedIOException if a host cannot be resolved, TLS not set up, or no
   *     connection opened
   * @throws IllegalArgumentException if there are more connections than the system allows
   * @throws IllegalStateException if it ran before
   */
  public LoadReport run() {
    if (engine != null) {
      throw new IllegalStateException("a generator runs once");
    }
    var running = new LoadEngine(options, schedule, recorder);
    engine = running;
    if (stopped) {
      running.stop();
    }
    var startedAt = Instant.now();
    var before = SelfMeasurement.now();
    running.run();
    var self = SelfMeasurement.now().since(before);
    var total = recorder.total();
    return new LoadReport(
        options,
        startedAt,
        options.isClosedLoop() ? "" : schedule.hash(),
        total,
        recorder.requests(),
        recorder.sessions().records(),
        recorder.recordedPhases(),
        recorder.warmup(),
        recorder.connections(),
        recorder.lateness(),
        recorder.turns(),
        recorder.windowSeconds(),
        recorder.interrupted(),
        recorder.core(),
        self,
        recorder.errorKinds(),
        recorder.heatmap(),
        recorder.latenessMap(),
        invalidReasons(total));
  }

  private List<String> invalidReasons(RequestRecord total) {
    var validity = new Validity(recorder.lateness(), recorder.turns(), recorder.windowSeconds());
    var reasons = new ArrayList<String>();
    if (options.isClosedLoop()) {
      reasons.addAll(Validity.closedLoopReasons(recorder.core()));
    }
    if (recorder.requests().size() == 1) {
      reasons.addAll(validity.reasons("", total.response()));
      return reasons;
    }
    // Each percentile once: where the others are marked, the reason is the same.
    var said = new HashSet<Double>();
    for (var record : Stream.concat(Stream.of(total), recorder.requests().stream()).toList()) {
      for (double percentile : validity.invalidAt(record.response())) {
        if (said.add(percentile)) {
          reasons.add(record.name() + ": " + validity.reason(record.response(), percentile));
        }
      }
    }
    return reasons;
  }
}
