package dev.baton.loadgen.record;

/**
 * The accounting and latencies of one request of the mix, or of a sum of them. Written by the
 * client thread, read by others after the run.
 *
 * <p>Identities: {@code scheduled = sent + unsent} and {@code sent = ok + httpError + timeout +
 * connectError + unfinished}.
 */
public final class RequestRecord {
  private final String name;
  private final Latencies response = new Latencies();
  private final Latencies service = new Latencies();
  private final Latencies errors = new Latencies();
  private final OutcomeCounts outcomes = new OutcomeCounts();
  private long scheduled;
  private long sent;
  private long queued;
  private long bytes;
  private long answeredInWindow;
  private long okInWindow;

  RequestRecord(String name) {
    this.name = name;
  }

  void addScheduled() {
    scheduled++;
  }

  /** The run ended too early for a request; what it would have shown is a lower bound. */
  void recordUnsent(long waitedNanos) {
    response.recordAtLeast(waitedNanos);
  }

  void addSent() {
    sent++;
  }

  void addQueued() {
    queued++;
  }

  void addAnsweredInWindow(boolean ok) {
    answeredInWindow++;
    okInWindow += ok ? 1 : 0;
  }

  void done(Outcome outcome, long responseNanos, long serviceNanos, long bodyBytes) {
    outcomes.count(outcome);
    bytes += bodyBytes;
    if (outcome == Outcome.OK) {
      response.record(responseNanos);
      service.record(serviceNanos);
    } else if (outcome.censored()) {
      response.recordAtLeast(responseNanos);
      service.recordAtLeast(serviceNanos);
    } else {
      errors.record(responseNanos);
    }
  }

  void restore(
      OutcomeCounts newOutcomes, Latencies responses, Latencies services, Latencies newErrors) {
    outcomes.add(newOutcomes);
    response.add(responses);
    service.add(services);
    errors.add(newErrors);
  }

  void restore(
      long newScheduled,
      long newSent,
      long newQueued,
      long newBytes,
      long newAnsweredInWindow,
      long newOkInWindow) {
    scheduled = newScheduled;
    sent = newSent;
    queued = newQueued;
    bytes = newBytes;
    answeredInWindow = newAnsweredInWindow;
    okInWindow = newOkInWindow;
  }

  /** The sum of several, under the given name. */
  public static RequestRecord sum(String name, Iterable<RequestRecord> records) {
    var sum = new RequestRecord(name);
    for (var record : records) {
      sum.add(record);
    }
    return sum;
  }

  void add(RequestRecord other) {
    response.add(other.response);
    service.add(other.service);
    errors.add(other.errors);
    outcomes.add(other.outcomes);
    scheduled += other.scheduled;
    sent += other.sent;
    queued += other.queued;
    bytes += other.bytes;
    answeredInWindow += other.answeredInWindow;
    okInWindow += other.okInWindow;
  }

  /** Name of the request, or of the sum. */
  public String name() {
    return name;
  }

  /** From the intended start to the end of the response; ok, timed out, unfinished and unsent. */
  public Latencies response() {
    return response;
  }

  /** From the write (or connect, if the request needed one) to the end of the response. */
  public Latencies service() {
    return service;
  }

  /** From the intended start to the error, for HTTP and connection errors. */
  public Latencies errors() {
    return errors;
  }

  /** Requests with the given outcome. */
  public long count(Outcome outcome) {
    return outcomes.get(outcome);
  }

  /** Requests the schedule asked for. */
  public long scheduled() {
    return scheduled;
  }

  /** Requests written, or for which a connection was at least tried. */
  public long sent() {
    return sent;
  }

  /** Requests the run ended too early for. */
  public long unsent() {
    return scheduled - sent;
  }

  /** Requests that had to wait for a connection. */
  public long queued() {
    return queued;
  }

  /** Bytes of response bodies. */
  public long bytes() {
    return bytes;
  }

  /** Responses, ok or not, that arrived in the measured time. */
  public long answeredInWindow() {
    return answeredInWindow;
  }

  /** Responses that were ok and arrived in the measured time. */
  public long okInWindow() {
    return okInWindow;
  }

  /** What did not end ok as a share of the scheduled, 0 to 1; NaN if nothing was scheduled. */
  public double errorShare() {
    return scheduled == 0 ? Double.NaN : (double) (scheduled - count(Outcome.OK)) / scheduled;
  }

  /** Requests that ended with an HTTP or connection error: in none of the response times. */
  public long failed() {
    return errors.count();
  }
}
