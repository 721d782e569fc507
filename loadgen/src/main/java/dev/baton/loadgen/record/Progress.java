package dev.baton.loadgen.record;

/**
 * Counters of a run so far, measured requests and warm-up together. Immutable.
 *
 * @param elapsedNanos since the start of the schedule
 * @param phase index of the phase
 * @param scheduled requests that were due
 * @param sent requests handed to a connection
 * @param ok requests answered as they should be
 * @param httpErrors requests answered with an error
 * @param timeouts requests given up
 * @param connectErrors requests whose connection failed
 * @param open requests awaiting their answer
 * @param waiting requests awaiting a connection
 * @param connections connections open
 */
public record Progress(
    long elapsedNanos,
    int phase,
    long scheduled,
    long sent,
    long ok,
    long httpErrors,
    long timeouts,
    long connectErrors,
    long open,
    long waiting,
    int connections) {
  /** Before the first request. */
  public static final Progress NONE = new Progress(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Requests that failed in any way. */
  public long errors() {
    return httpErrors + timeouts + connectErrors;
  }
}
