package dev.baton.loadgen.record;

import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.schedule.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records a run. Written by the client thread only. The interval histograms and {@link #progress}
 * may be read by one other thread at any time, everything else after the run.
 */
public final class Recorder {
  private static final int MAX_ERROR_KINDS = 50;
  private static final String OTHER_ERRORS = "other";

  private final List<Phase> phases;
  private final RequestRecord[] requests;
  private final SessionRecorder sessions;
  private final RequestRecord[] perPhase;
  private final RequestRecord warmup = new RequestRecord("warmup");
  private final ConnectionRecord connections = new ConnectionRecord();
  private final Latencies lateness = new Latencies();
  private final Latencies turns = new Latencies();
  private final Heatmap heatmap;
  private final Heatmap latenessMap;
  private final Map<String, Long> errorKinds = new TreeMap<>();
  private final SingleWriterRecorder interval = newIntervalRecorder();
  private final SingleWriterRecorder intervalLateness = newIntervalRecorder();
  private final long windowStartNanos;
  private long windowEndNanos;
  private boolean interrupted;
  private CoreUse coreAtStart = CoreUse.NONE;
  private CoreUse core = CoreUse.NONE;

  // Written by the client thread, read by a reporter
  private volatile Progress progress = Progress.NONE;

  /** Creates a recorder for a run of the given mix, steps included, scenarios and phases. */
  public Recorder(List<RequestSpec> mix, List<Scenario> scenarios, List<Phase> phases) {
    this.phases = List.copyOf(phases);
    requests = mix.stream().map(s -> new RequestRecord(s.name())).toArray(RequestRecord[]::new);
    perPhase = phases.stream().map(p -> new RequestRecord(p.name())).toArray(RequestRecord[]::new);
    long before = 0;
    long measured = 0;
    for (var phase : phases) {
      if (phase.recorded()) {
        measured += phase.duration().toNanos();
      } else if (measured == 0) {
        before += phase.duration().toNanos();
      }
    }
    windowStartNanos = before;
    windowEndNanos = before + measured;
    sessions =
        new SessionRecorder(
            scenarios.stream().map(Scenario::name).toList(),
            this.phases,
            windowStartNanos,
            windowEndNanos,
            this::count);
    heatmap = new Heatmap(measured);
    latenessMap = new Heatmap(measured);
  }

  private static SingleWriterRecorder newIntervalRecorder() {
    return new SingleWriterRecorder(1_000, 3_600_000_000_000L, 2);
  }

  /** Records sessions as wholes. */
  public SessionRecorder sessions() {
    return sessions;
  }

  /** A request became due and was looked at {@code lateNanos} after its time. */
  public void scheduled(int request, int phase, long offsetNanos, long lateNanos) {
    if (!phases.get(phase).recorded()) {
      warmup.addScheduled();
      return;
    }
    requests[request].addScheduled();
    perPhase[phase].addScheduled();
    lateness.record(lateNanos);
    intervalLateness.recordValue(Latencies.clamp(lateNanos));
    latenessMap.record(offsetNanos - windowStartNanos, lateNanos);
  }

  /** A connection of a closed loop asks for its next request. */
  public void scheduledInClosedLoop(int request, int phase) {
    if (phases.get(phase).recorded()) {
      requests[request].addScheduled();
      perPhase[phase].addScheduled();
    } else {
      warmup.addScheduled();
    }
  }

  /** The run is ended that long after the start of the schedule. */
  public void cutShort(long offsetNanos) {
    interrupted = true;
    windowEndNanos = Math.max(windowStartNanos + 1, Math.min(windowEndNanos, offsetNanos));
  }

  /** A request has to wait for a connection. */
  public void queued(int request, int phase) {
    if (phases.get(phase).recorded()) {
      requests[request].addQueued();
      perPhase[phase].addQueued();
    }
  }

  /** A request was handed to a connection. */
  public void sent(int request, int phase) {
    if (phases.get(phase).recorded()) {
      requests[request].addSent();
      perPhase[phase].addSent();
    } else {
      warmup.addSent();
    }
  }

  /**
   * A sent request ended.
   *
   * @param offsetNanos its intended start after the start of the schedule
   * @param endOffsetNanos its end after the start of the schedule
   * @param error what went wrong, or null
   */
  public void done(
      int request,
      int phase,
      Outcome outcome,
      long offsetNanos,
      long sentOffsetNanos,
      long endOffsetNanos,
      long bodyBytes,
      @Nullable String error) {
    boolean answered = outcome == Outcome.OK || outcome == Outcome.HTTP_ERROR;
    if (answered && endOffsetNanos >= windowStartNanos && endOffsetNanos < windowEndNanos) {
      requests[request].addAnsweredInWindow(outcome == Outcome.OK);
      perPhase[phase].addAnsweredInWindow(outcome == Outcome.OK);
    }
    long response = endOffsetNanos - offsetNanos;
    long service = endOffsetNanos - sentOffsetNanos;
    if (!phases.get(phase).recorded()) {
      warmup.done(outcome, response, service, bodyBytes);
      return;
    }
    requests[request].done(outcome, response, service, bodyBytes);
    perPhase[phase].done(outcome, response, service, bodyBytes);
    if (outcome == Outcome.OK || outcome.censored()) {
      recordResponse(offsetNanos, response);
    }
    if (error != null) {
      count(error);
    }
  }

  private void count(String error) {
    String kind =
        errorKinds.containsKey(error) || errorKinds.size() < MAX_ERROR_KINDS ? error : OTHER_ERRORS;
    errorKinds.merge(kind, 1L, Long::sum);
  }

  /** The run ended before a request that was due {@code waitedNanos} ago was sent. */
  public void unsent(int request, int phase, long offsetNanos, long waitedNanos) {
    if (phases.get(phase).recorded()) {
      requests[request].recordUnsent(waitedNanos);
      perPhase[phase].recordUnsent(waitedNanos);
      recordResponse(offsetNanos, waitedNanos);
    }
  }

  /** What is in the response times is in their pictures over time, and nothing else is. */
  private void recordResponse(long offsetNanos, long nanos) {
    heatmap.record(offsetNanos - windowStartNanos, nanos);
    interval.recordValue(Latencies.clamp(nanos));
  }

  /** The client was away from its sockets that long, until now. */
  public void away(long offsetNanos, long nanos) {
    if (offsetNanos >= windowStartNanos && offsetNanos - nanos < windowEndNanos) {
      turns.record(nanos);
    }
  }

  /** Publishes the counters. */
  public void publish(Progress newProgress) {
    progress = newProgress;
  }

  /** The counters last published; any thread. */
  public Progress progress() {
    return progress;
  }

  /** The sum over the mix. */
  public RequestRecord total() {
    var sum = new RequestRecord("total");
    for (var request : requests) {
      sum.add(request);
    }
    return sum;
  }

  /** One record per request of the mix. */
  public List<RequestRecord> requests() {
    return List.of(requests);
  }

  /** One record per recorded phase. */
  public List<RequestRecord> recordedPhases() {
    var recorded = new ArrayList<RequestRecord>();
    for (int i = 0; i < perPhase.length; i++) {
      if (phases.get(i).recorded()) {
        recorded.add(perPhase[i]);
      }
    }
    return recorded;
  }

  /** The warm-up, which is in none of the other records. */
  public RequestRecord warmup() {
    return warmup;
  }

  /** What became of the connections. */
  public ConnectionRecord connections() {
    return connections;
  }

  /** How late the client itself looked at requests that were due. */
  public Latencies lateness() {
    return lateness;
  }

  /** How long the client was away from its sockets at a time. */
  public Latencies turns() {
    return turns;
  }

  /** Response times over time. */
  public Heatmap heatmap() {
    return heatmap;
  }

  /** Lateness over time. */
  public Heatmap latenessMap() {
    return latenessMap;
  }

  /** Errors by kind. */
  public Map<String, Long> errorKinds() {
    return Map.copyOf(errorKinds);
  }

  /**
   * Response times since the last call, of what {@link RequestRecord#response} holds; one thread.
   */
  public Histogram intervalResponses() {
    return interval.getIntervalHistogram();
  }

  /** Lateness since the last call; one thread. */
  public Histogram intervalLateness() {
    return intervalLateness.getIntervalHistogram();
  }

  /** Whether the run was ended before its time. */
  public boolean interrupted() {
    return interrupted;
  }

  /** Seconds measured. */
  public double windowSeconds() {
    return (windowEndNanos - windowStartNanos) / 1e9;
  }

  /** Start of the measured time, in nanoseconds after the start of the schedule. */
  public long windowStartNanos() {
    return windowStartNanos;
  }

  /** End of the measured time, in nanoseconds after the start of the schedule. */
  public long windowEndNanos() {
    return windowEndNanos;
  }

  /** The client thread's use of its core, read at the start of the measured time. */
  public void coreAtStart(CoreUse reading) {
    coreAtStart = reading;
  }

  /** The client thread's use of its core, read at the end of the measured time. */
  public void coreAtEnd(CoreUse reading) {
    core = reading.since(coreAtStart);
  }

  /** The client thread's use of its core over the measured time. */
  public CoreUse core() {
    return core;
  }
}
