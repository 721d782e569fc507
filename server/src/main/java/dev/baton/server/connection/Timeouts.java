package dev.baton.server.connection;

import java.time.Duration;

/**
 * How long a server waits for its clients; zero waits for ever.
 *
 * @param head for the rest of a request's head, and at a connection's beginning for its first byte
 * @param idle for the next request
 */
public record Timeouts(Duration head, Duration idle) {
  /** How long the rest of an answered request's body is waited for while nothing of it comes. */
  static final Duration LINGER = Duration.ofSeconds(10);

  /** How often to look in that time. */
  static final int LINGER_LOOKS = 2;

  /** How many times that long it is read and dropped, at most. */
  static final int LINGER_TIMES = 6;

  /** How much of it. */
  static final long LINGER_BYTES = 16 << 20;

  /** How often to look, 0 for never. */
  long lookNanos() {
    long shortest =
        head.isZero() || (!idle.isZero() && idle.compareTo(head) < 0)
            ? idle.toNanos()
            : head.toNanos();
    return shortest == 0 ? 0 : Math.max(1_000_000, shortest / 4);
  }
}
