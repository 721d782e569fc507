package dev.baton.loadgen.client;

import dev.baton.loadgen.record.Outcome;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a connection, from connecting over open to closed; never reused. Client thread
 * only.
 */
final class Connection {
  private enum State {
    CONNECTING,
    OPEN,
    CLOSED
  }

  private final ConnectionPool pool;
  private final ArrayDeque<Exchange> beforeOpen = new ArrayDeque<>();
  private State state = State.CONNECTING;
  private @Nullable HttpSession session;
  private @Nullable Runnable abort;
  private @Nullable String failure;
  private boolean retired;
  private boolean used;
  private boolean lost;
  private int inFlight;
  private int capacity;

  /** When connecting began, {@link System#nanoTime()}. */
  final long startedNanos = System.nanoTime();

  /** Whether it is in the pool's queue of connections that can take a request. */
  boolean queued;

  Connection(ConnectionPool pool, int capacity) {
    this.pool = pool;
    this.capacity = capacity;
  }

  boolean closed() {
    return state == State.CLOSED;
  }

  boolean connecting() {
    return state == State.CONNECTING;
  }

  boolean hasCapacity() {
    return state != State.CLOSED && !retired && inFlight < capacity;
  }

  /** What to do to give up connecting. */
  void onAbort(Runnable newAbort) {
    abort = newAbort;
  }

  /** Limits the requests open at once, as HTTP/2 servers do. */
  void limit(int newCapacity) {
    capacity = Math.max(1, Math.min(newCapacity, pool.depth()));
  }

  /** Sends the request now, or as soon as the connection is open. */
  void start(Exchange exchange) {
    inFlight++;
    exchange.connection = this;
    if (session != null) {
      session.send(exchange);
    } else {
      beforeOpen.add(exchange);
    }
  }

  /** Gives up a request whose end has been recorded. */
  void cancel(Exchange exchange) {
    if (session != null) {
      session.cancel(exchange);
    } else {
      failed("timeout while connecting");
      closed("timeout while connecting");
    }
  }

  void opened(HttpSession newSession) {
    if (state == State.CLOSED) {
      newSession.close();
      return;
    }
    state = State.OPEN;
    session = newSession;
    pool.opened();
    for (var exchange = beforeOpen.poll(); exchange != null; exchange = beforeOpen.poll()) {
      if (!exchange.done) {
        newSession.send(exchange);
      }
    }
    pool.available(this);
  }

  /** The response is complete. */
  void answered(Exchange exchange, boolean reusable) {
    used = true;
    inFlight--;
    if (!reusable || pool.oneRequestPerConnection()) {
      lost = !reusable;
      pool.answered(exchange);
      closed("closed after its last response");
    } else {
      pool.answered(exchange);
      pool.available(this);
      closeIfRetired();
    }
  }

  /** The response is complete, but its place is not free yet; {@link #freed} follows. */
  void answeredButNotFreed(Exchange exchange) {
    used = true;
    pool.answered(exchange);
  }

  /** The server refused or aborted this one request; {@link #freed} follows. */
  void rejected(Exchange exchange, String why) {
    pool.finished(exchange, Outcome.CONNECT_ERROR, why);
  }

  /** The server has not looked at this request; {@link #freed} follows. */
  void refused(Exchange exchange, String why) {
    pool.refused(exchange, why);
  }

  /** The place of a request that ended is free. */
  void freed() {
    inFlight--;
    pool.available(this);
    closeIfRetired();
  }

  /** Takes no new requests; closes after the last answer, but gives its place away now. */
  void retire() {
    if (!retired && state != State.CLOSED) {
      retired = true;
      pool.retired();
      closeIfRetired();
    }
  }

  boolean retired() {
    return retired;
  }

  /** The socket is closed. */
  void ended(boolean byServer) {
    lost = byServer;
    closed("closed by the server");
  }

  /**
   * Whether the server may have closed it before it saw a request: it answered others before, and
   * nothing of an answer to this one has come.
   */
  boolean idleWhenClosed(Exchange exchange) {
    return lost && used && !exchange.responding();
  }

  private void closeIfRetired() {
    if (retired && inFlight == 0) {
      closed("the server said GOAWAY");
    }
  }

  /** Notes why the connection is about to close. */
  void failed(String why) {
    if (failure == null) {
      failure = why;
    }
  }

  /** Takes the connection out of use; its open requests fail. Does nothing the second time. */
  void closed(String why) {
    if (state == State.CLOSED) {
      return;
    }
    boolean wasOpen = state == State.OPEN;
    state = State.CLOSED;
    if (session != null) {
      session.close();
    } else if (abort != null) {
      abort.run();
    }
    pool.closed(this, wasOpen, failure != null ? failure : why);
  }

  int inFlight() {
    return inFlight;
  }

  /** Whether a cause is the end of the connection by the server. */
  static boolean reset(Throwable cause) {
    String what = describe(cause);
    return cause instanceof IOException && what.equals("connection reset");
  }

  /** Names a cause without what differs from connection to connection. */
  static String describe(Throwable cause) {
    String message = cause.getMessage();
    if (message == null) {
      return cause.getClass().getSimpleName();
    }
    String lower = message.toLowerCase(Locale.ROOT);
    if (lower.contains("connection refused")) {
      return "connection refused";
    }
    if (lower.contains("connection reset") || lower.contains("broken pipe")) {
      return "connection reset";
    }
    return message.length() > 120 ? message.substring(0, 120) : message;
  }
}
