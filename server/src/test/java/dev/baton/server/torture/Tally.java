package dev.baton.server.torture;

import dev.baton.server.torture.Exchange.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What came of the requests so far. Any thread. */
final class Tally {
  private static final int MAX_DETAILS = 20;

  private final AtomicLong sent = new AtomicLong();

  // Guarded by this
  private final Map<Kind, Map<Outcome, Long>> counts = new EnumMap<>(Kind.class);
  private final List<String> details = new ArrayList<>();
  private long hung;
  private long failedToConnect;
  private long unasked;

  /** So many requests are about to be sent. */
  void sends(int requests) {
    sent.addAndGet(requests);
  }

  long sent() {
    return sent.get();
  }

  synchronized void add(Exchange exchange, Outcome outcome, int client, String reason) {
    count(exchange, outcome);
    if (outcome == Outcome.WRONG || outcome == Outcome.LOST || outcome == Outcome.CROSSED) {
      detail(client, outcome + ": " + exchange + " " + reason);
    }
  }

  /** What a connection that ended leaves behind: one detail for all of it. */
  synchronized void addRest(List<Exchange> rest, Outcome outcome, int client, String reason) {
    rest.forEach(exchange -> count(exchange, outcome));
    if (outcome == Outcome.LOST && !rest.isEmpty()) {
      detail(
          client,
          "%s: %s and %d behind it: %s"
              .formatted(outcome, rest.getFirst(), rest.size() - 1, reason));
    }
  }

  private void count(Exchange exchange, Outcome outcome) {
    counts
        .computeIfAbsent(exchange.kind(), kind -> new EnumMap<>(Outcome.class))
        .merge(outcome, 1L, Long::sum);
  }

  synchronized void hung(
      int client, Exchange exchange, int behind, long bytesRead, long hangNanos) {
    hung++;
    detail(
        client,
        "HUNG: waits since more than %d ms for %s, %d more behind it, %d bytes read of its pipeline"
            .formatted(TimeUnit.NANOSECONDS.toMillis(hangNanos), exchange, behind, bytesRead));
  }

  synchronized void failedToConnect(int client, IOException failure) {
    failedToConnect++;
    detail(client, "REFUSED: " + failure);
  }

  synchronized void unasked(int client, int bytes) {
    unasked++;
    detail(client, "UNASKED: " + bytes + " bytes or more follow the last response");
  }

  private void detail(int client, String text) {
    if (details.size() < MAX_DETAILS) {
      details.add("client " + client + " " + text);
    }
  }

  synchronized Torture.Result result(long seed, long nanos) {
    var copy = new EnumMap<Kind, Map<Outcome, Long>>(Kind.class);
    counts.forEach((kind, outcomes) -> copy.put(kind, new EnumMap<>(outcomes)));
    return new Torture.Result(
        seed, nanos, copy, hung, unasked, failedToConnect, List.copyOf(details));
  }
}
