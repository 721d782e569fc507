package dev.baton.loadgen.client;

import dev.baton.loadgen.record.Outcome;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections that some requests of the mix share, used in turn, and the requests that wait for
 * one. Client thread only.
 *
 * <p>In an open loop a request with a rate of its own has pools of its own, so that one that is
 * slow to answer never delays the sending of another. All others share one for each origin.
 */
final class ConnectionPool {
  private static final int MAX_REFUSALS = 10;
  private static final int MAX_IDLE_CLOSES = 2;

  private final LoadEngine engine;
  private final String name;
  private final BiConsumer<ConnectionPool, Connection> connector;
  private final ClosedLoopMix mix;
  private final int limit;
  private final int ahead;
  private final int depth;
  private final boolean oneRequestPerConnection;
  private final ArrayDeque<Connection> available = new ArrayDeque<>();
  private final ArrayDeque<Exchange> waiting = new ArrayDeque<>();
  private final Set<Connection> connections = new HashSet<>();
  private final ArrayDeque<Connection> connecting = new ArrayDeque<>();
  private @Nullable String failure;
  private boolean stopping;
  private int live;
  private int open;

  ConnectionPool(
      LoadEngine engine,
      String name,
      BiConsumer<ConnectionPool, Connection> connector,
      ClosedLoopMix mix,
      int limit,
      int ahead,
      int depth,
      boolean oneRequestPerConnection) {
    this.engine = engine;
    this.name = name;
    this.connector = connector;
    this.mix = mix;
    this.limit = limit;
    this.ahead = ahead;
    this.depth = depth;
    this.oneRequestPerConnection = oneRequestPerConnection;
  }

  /** What its connections send in a closed loop. */
  ClosedLoopMix mix() {
    return mix;
  }

  /** Scheme, host and port. */
  String name() {
    return name;
  }

  /** Why the last connection that failed could not be opened; null if all could. */
  @Nullable String failure() {
    return failure;
  }

  int depth() {
    return depth;
  }

  int limit() {
    return limit;
  }

  /** How many connections are opened before the first request. */
  int ahead() {
    return ahead;
  }

  int openConnections() {
    return open;
  }

  int liveConnections() {
    return live;
  }

  int waitingRequests() {
    return waiting.size();
  }

  boolean oneRequestPerConnection() {
    return oneRequestPerConnection;
  }

  /** Opens a connection ahead of need. */
  Connection connect() {
    live++;
    var connection = new Connection(this, depth);
    connections.add(connection);
    connecting.add(connection);
    connector.accept(this, connection);
    return connection;
  }

  /** Sends the request on a connection that is free, or new; else queues it. */
  boolean submit(Exchange exchange) {
    var connection = takeAvailable();
    if (connection != null) {
      start(connection, exchange);
      return true;
    }
    if (live < limit) {
      startOnNewConnection(exchange);
      return true;
    }
    waiting.add(exchange);
    return false;
  }

  private @Nullable Connection takeAvailable() {
    for (var c = available.pollFirst(); c != null; c = available.pollFirst()) {
      c.queued = false;
      if (c.hasCapacity()) {
        return c;
      }
    }
    return null;
  }

  private void start(Connection connection, Exchange exchange) {
    engine.sending(exchange);
    connection.start(exchange);
    if (connection.hasCapacity() && !connection.queued && !oneRequestPerConnection) {
      connection.queued = true;
      available.addLast(connection);
    }
  }

  void opened() {
    open++;
    engine.connectionOpened();
  }

  /** Gives up attempts that began before the given time: their places are used again. */
  void expireConnecting(long nanoTime) {
    for (var c = connecting.peekFirst(); c != null; c = connecting.peekFirst()) {
      if (c.connecting() && c.startedNanos - nanoTime > 0) {
        return;
      }
      connecting.removeFirst();
      if (c.connecting()) {
        c.failed("timeout while connecting");
        c.closed("timeout while connecting");
      }
    }
  }

  /** The connection can take a request: the next that waits, or it queues itself. */
  void available(Connection connection) {
    while (connection.hasCapacity()) {
      var exchange = pollWaiting();
      if (exchange == null) {
        exchange = engine.nextClosedLoop(this);
      }
      if (exchange == null) {
        if (!connection.queued) {
          connection.queued = true;
          available.addLast(connection);
        }
        return;
      }
      engine.sending(exchange);
      connection.start(exchange);
    }
  }

  void answered(Exchange exchange) {
    var check = exchange.request.spec.check();
    if (!check.accepts(exchange.status)) {
      engine.finished(exchange, Outcome.HTTP_ERROR, "status " + exchange.status);
    } else if (!exchange.bodyFound()) {
      engine.finished(exchange, Outcome.HTTP_ERROR, "body lacks '" + check.bodyContains() + "'");
    } else {
      var problem = exchange.session == null ? null : exchange.session.read(exchange);
      engine.finished(exchange, problem == null ? Outcome.OK : Outcome.HTTP_ERROR, problem);
    }
  }

  void finished(Exchange exchange, Outcome outcome, @Nullable String why) {
    engine.finished(exchange, outcome, why);
  }

  void closed(Connection connection, boolean wasOpen, String why) {
    live -= connection.retired() ? 0 : 1;
    connections.remove(connection);
    if (wasOpen) {
      open--;
    } else if (!stopping) {
      failure = why;
      engine.connectionFailed(why);
    }
    if (connection.inFlight() > 0) {
      engine.endAll(this, connection, why);
    }
    engine.connectionLost(this, wasOpen);
  }

  /** A connection takes no more requests: another one has its place, before it runs dry. */
  void retired() {
    live--;
    engine.connectionRetired(this);
  }

  /** Opens one more connection if there is a place. */
  void refill() {
    if (live < limit) {
      connect();
    }
  }

  /** The server has not looked at a request: it is sent again, but not for ever. */
  void refused(Exchange exchange, String why) {
    if (exchange.attempts < MAX_REFUSALS) {
      resend(exchange, why);
    } else {
      engine.finished(exchange, Outcome.CONNECT_ERROR, why);
    }
  }

  /**
   * Whether a request that was open on a connection that closed is sent again.
   *
   * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2">RFC 9110, 9.2.2</a>
   */
  boolean mayResend(Connection connection, Exchange exchange) {
    return connection.idleWhenClosed(exchange)
        && exchange.message().idempotent()
        && exchange.attempts < MAX_IDLE_CLOSES;
  }

  /** Sends a request once more; it counts as the same, from its first start. */
  void resend(Exchange exchange, String why) {
    if (exchange.done) {
      return;
    }
    engine.resending(why);
    exchange.again();
    if (live < limit) {
      startOnNewConnection(exchange);
    } else {
      var connection = takeAvailable();
      if (connection != null) {
        start(connection, exchange);
      } else {
        waiting.addFirst(exchange);
      }
    }
  }

  /** Gives requests that wait the place of connections that closed. */
  void replace() {
    while (live < limit) {
      var exchange = pollWaiting();
      if (exchange == null) {
        return;
      }
      startOnNewConnection(exchange);
    }
  }

  /** Sends the request on a connection opened for it. */
  void startOnNewConnection(Exchange exchange) {
    var connection = connect();
    if (connection.hasCapacity()) {
      start(connection, exchange);
    } else {
      // The attempt failed at once: it is this request's error.
      engine.sending(exchange);
      engine.finished(exchange, Outcome.CONNECT_ERROR, "connection failed");
    }
  }

  /** Lets every connection that has room send what the engine has for it. */
  void fillAvailable() {
    for (int i = available.size(); i > 0; i--) {
      var connection = available.removeFirst();
      connection.queued = false;
      available(connection);
    }
  }

  /** Closes what is open. */
  void stop() {
    stopping = true;
    for (var connection : List.copyOf(connections)) {
      connection.closed("the run ended");
    }
    stopping = false;
  }

  /** The next that waits and was not given up meanwhile; null if there is none. */
  @Nullable Exchange pollWaiting() {
    var exchange = waiting.pollFirst();
    while (exchange != null && exchange.done) {
      exchange = waiting.pollFirst();
    }
    return exchange;
  }
}
