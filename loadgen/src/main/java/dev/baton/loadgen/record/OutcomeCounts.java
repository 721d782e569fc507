package dev.baton.loadgen.record;

/** Counts per outcome; one writer. */
public final class OutcomeCounts {
  private long ok;
  private long httpError;
  private long timeout;
  private long connectError;
  private long unfinished;

  /** Counts one. */
  public void count(Outcome outcome) {
    switch (outcome) {
      case OK -> ok++;
      case HTTP_ERROR -> httpError++;
      case TIMEOUT -> timeout++;
      case CONNECT_ERROR -> connectError++;
      case UNFINISHED -> unfinished++;
    }
  }

  void set(Outcome outcome, long count) {
    switch (outcome) {
      case OK -> ok = count;
      case HTTP_ERROR -> httpError = count;
      case TIMEOUT -> timeout = count;
      case CONNECT_ERROR -> connectError = count;
      case UNFINISHED -> unfinished = count;
    }
  }

  void add(OutcomeCounts other) {
    ok += other.ok;
    httpError += other.httpError;
    timeout += other.timeout;
    connectError += other.connectError;
    unfinished += other.unfinished;
  }

  /** How many had the given outcome. */
  public long get(Outcome outcome) {
    return switch (outcome) {
      case OK -> ok;
      case HTTP_ERROR -> httpError;
      case TIMEOUT -> timeout;
      case CONNECT_ERROR -> connectError;
      case UNFINISHED -> unfinished;
    };
  }
}
