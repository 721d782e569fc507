package dev.baton.loadgen.record;

import dev.baton.loadgen.schedule.Phase;
import java.util.List;
import java.util.function.Consumer;

/**
 * Records sessions of scenarios as wholes: from when they were meant to arrive to the end of their
 * last request, pauses included. Their requests are recorded for themselves. Client thread only.
 */
public final class SessionRecorder {
  private final List<Phase> phases;
  private final RequestRecord[] records;
  private final long windowStartNanos;
  private final long windowEndNanos;
  private final Consumer<String> errors;

  SessionRecorder(
      List<String> names,
      List<Phase> phases,
      long windowStartNanos,
      long windowEndNanos,
      Consumer<String> errors) {
    this.phases = phases;
    this.records = names.stream().map(RequestRecord::new).toArray(RequestRecord[]::new);
    this.windowStartNanos = windowStartNanos;
    this.windowEndNanos = windowEndNanos;
    this.errors = errors;
  }

  /** A session arrived. */
  public void arrived(int scenario, int phase) {
    if (phases.get(phase).recorded()) {
      records[scenario].addScheduled();
      records[scenario].addSent();
    }
  }

  /** The run ended before a session that was to arrive {@code waitedNanos} ago. */
  public void missed(int scenario, int phase, long waitedNanos) {
    if (phases.get(phase).recorded()) {
      records[scenario].addScheduled();
      records[scenario].recordUnsent(waitedNanos);
    }
  }

  /**
   * A session ended.
   *
   * @param offsetNanos when it was meant to arrive, after the start of the schedule
   * @param endOffsetNanos its end after the start of the schedule
   */
  public void done(
      int scenario, int phase, Outcome outcome, long offsetNanos, long endOffsetNanos) {
    if (phases.get(phase).recorded()) {
      long nanos = endOffsetNanos - offsetNanos;
      records[scenario].done(outcome, nanos, nanos, 0);
    }
    if (outcome == Outcome.OK
        && endOffsetNanos >= windowStartNanos
        && endOffsetNanos < windowEndNanos) {
      records[scenario].addAnsweredInWindow(true);
    }
  }

  /** A session failed although each of its requests was ok. */
  public void failed(String why) {
    errors.accept(why);
  }

  /** One record per scenario. */
  public List<RequestRecord> records() {
    return List.of(records);
  }
}
