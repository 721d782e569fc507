package dev.baton.server.management;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sends what the observer sees to everyone who watches, as server-sent events. One thread: the
 * management server's.
 *
 * <p>All share one sampling, which runs only while there is somebody. Whoever does not keep up
 * misses frames, instead of piling them up here: nothing is written to a full queue, and a client
 * that has taken nothing for {@value #PATIENCE_SECONDS} s is let go. Takeovers are not missed: each
 * client has its place in the log, and catches up from there.
 *
 * <p>Events: {@code hello} once, {@code now} ten times a second, {@code takeovers} when there are
 * new ones or known ones have changed, {@code second} once a second.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">Server-sent
 *     events</a>
 */
final class EventFeed {
  static final int MAX_CLIENTS = 64;
  static final int PATIENCE_SECONDS = 30;

  private static final int POLL_MILLIS = 50;
  private static final int NOW_MILLIS = 100;
  private static final int NOW_MILLIS_MANY_LOOPS = 250;
  private static final int MANY_LOOPS = 16;
  private static final int PROBE_MILLIS = 200;
  private static final int SECOND_MILLIS = 1000;

  private static final int HISTORY = 256;
  private static final int MAX_TAKEOVERS_PER_EVENT = 100;
  private static final int QUEUE_BYTES = 256 * 1024;

  private final class Client {
    private final HttpServerResponse response;
    private long revision;
    private long fullSinceNanos;

    Client(HttpServerResponse response) {
      this.response = response;
    }

    boolean takes() {
      if (!response.writeQueueFull()) {
        fullSinceNanos = 0;
        return true;
      }
      dropped++;
      long now = System.nanoTime();
      if (fullSinceNanos == 0) {
        fullSinceNanos = now;
      } else if (now - fullSinceNanos > PATIENCE_SECONDS * 1_000_000_000L) {
        response.reset();
      }
      return false;
    }
  }

  private final Vertx vertx;
  private final Observer observer;
  private final List<Client> clients = new ArrayList<>();
  private final List<Long> timers = new ArrayList<>();
  private long dropped;

  EventFeed(Vertx vertx, Observer observer) {
    this.vertx = vertx;
    this.observer = observer;
  }

  /** Answers {@code GET /baton/events}. */
  void serve(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    if (clients.size() >= MAX_CLIENTS) {
      response
          .setStatusCode(503)
          .putHeader("Retry-After", "10")
          .end("There are " + MAX_CLIENTS + " watchers already; close one.\n");
      return;
    }
    response
        .setChunked(true)
        .setWriteQueueMaxSize(QUEUE_BYTES)
        .putHeader("Content-Type", "text/event-stream")
        .putHeader("Content-Encoding", "identity") // a compressor would hold events back
        .putHeader("Cache-Control", "no-store");
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
      return;
    }
    Client client = new Client(response);
    response.exceptionHandler(gone -> leave(client));
    response.closeHandler(gone -> leave(client));
    clients.add(client);
    if (clients.size() == 1) {
      start();
    }
    client.revision = observer.revision();
    response.write(
        event("hello", hello())
            .appendBuffer(event("now", observer.now()))
            .appendBuffer(event("second", observer.second()))
            .appendBuffer(
                event(
                    "takeovers",
                    new JsonObject().put("takeovers", observer.takeovers(0, HISTORY)))));
  }

  private static JsonObject hello() {
    return new JsonObject()
        // Who has seen another one of these begins anew
        .put("instance", ProcessHandle.current().pid() + "-" + startMillis())
        .put("startMillis", startMillis())
        .put("pid", ProcessHandle.current().pid())
        .put("java", System.getProperty("java.runtime.version"));
  }

  private static long startMillis() {
    return ManagementFactory.getRuntimeMXBean().getStartTime();
  }

  private void leave(Client client) {
    if (clients.remove(client) && clients.isEmpty()) {
      timers.forEach(vertx::cancelTimer);
      timers.clear();
    }
  }

  private void start() {
    observer.poll();
    observer.probe();
    int loops = observer.loopCount();
    every(POLL_MILLIS, observer::poll);
    every(PROBE_MILLIS, observer::probe);
    every(loops > MANY_LOOPS ? NOW_MILLIS_MANY_LOOPS : NOW_MILLIS, this::tellNow);
    every(SECOND_MILLIS, () -> tell("second", observer.second()));
  }

  private void every(int millis, Runnable action) {
    timers.add(vertx.setPeriodic(millis, timer -> action.run()));
  }

  private void tellNow() {
    tell("now", observer.now());
    tellTakeovers();
  }

  private void tell(String name, JsonObject data) {
    broadcast(event(name, data));
  }

  /** Writes to everyone who takes it. */
  void broadcast(Buffer event) {
    for (Client client : List.copyOf(clients)) {
      if (client.takes()) {
        client.response.write(event);
      }
    }
  }

  private void tellTakeovers() {
    long revision = observer.revision();
    Map<Long, Buffer> bySeen = new HashMap<>(); // most clients have seen the same
    for (Client client : List.copyOf(clients)) {
      if (client.revision != revision && client.takes()) {
        client.response.write(bySeen.computeIfAbsent(client.revision, this::takeoversSince));
        client.revision = revision;
      }
    }
  }

  private Buffer takeoversSince(long revision) {
    return event(
        "takeovers",
        new JsonObject().put("takeovers", observer.takeovers(revision, MAX_TAKEOVERS_PER_EVENT)));
  }

  private static Buffer event(String name, JsonObject data) {
    return Buffer.buffer("event: " + name + "\ndata: ")
        .appendBuffer(data.toBuffer())
        .appendString("\n\n");
  }

  /** Whether anything is sampled now. */
  boolean isSampling() {
    return !timers.isEmpty();
  }

  /** How many clients watch. */
  int watchers() {
    return clients.size();
  }

  /** How many events somebody missed because he did not keep up. */
  long dropped() {
    return dropped;
  }
}
