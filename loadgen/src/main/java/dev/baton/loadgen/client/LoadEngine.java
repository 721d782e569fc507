package dev.baton.loadgen.client;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.OutcomeCounts;
import dev.baton.loadgen.record.Progress;
import dev.baton.loadgen.record.Recorder;
import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.schedule.Schedule;
import dev.baton.loadgen.values.Feed;
import dev.baton.loadgen.values.Origin;
import io.netty.channel.ManualIoEventLoop;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs one load on the calling thread: sends what is due, polls the sockets, gives up what takes
 * too long, and sleeps in between. Everything it owns belongs to that thread.
 *
 * <p>Open loop: a request is handed to a connection when its time has come, or as soon as one is
 * free. Closed loop: a connection sends its next request when it has room for one.
 */
public final class LoadEngine {
  private static final int MAX_SENDS_PER_TURN = 32;
  private static final long PRECONNECT_NANOS = 3_000_000_000L;
  private static final long RECONNECT_MILLIS = 10;
  private static final long PUBLISH_NANOS = 100_000_000L;
  private static final long YIELD_AHEAD_NANOS = 300_000_000L;
  private static final long HOUSEKEEPING_NANOS = 5_000_000L;

  // While answers are awaited: what one of them wakes early may hide a pause this long.
  private static final long LONGEST_SLEEP_NANOS = 1_000_000L;

  private final LoadOptions options;
  private final Recorder recorder;
  private final ManualIoEventLoop loop;
  private final RequestTemplate[] templates;
  private final List<ConnectionPool> pools = new ArrayList<>();
  private final ConnectionPool[][] poolsOf;
  private final long[] phaseEnds;
  private final SplittableRandom closedLoopRandom;
  private final List<Feed> feeds;

  // Requests that stand alone come first in the mix, then the steps of the scenarios.
  private final int alone;
  private final List<Scenario> scenarios;
  private final int[] firstStep;
  private final Set<Session> sessions = new HashSet<>();
  private final PriorityQueue<Exchange> agenda =
      new PriorityQueue<>(Comparator.comparingLong(e -> e.intendedNanos));
  private final long timeoutNanos;
  private final long spinNanos;

  // The list of open requests in the order they were sent.
  private @Nullable Exchange oldest;
  private @Nullable Exchange newest;
  private int open;

  private final CoreUse.Reader coreReader = new CoreUse.Reader();
  private final Schedule.Cursor cursor;
  private boolean more;
  private long startNanos;
  private long endNanos;
  private long drainEndNanos;
  private long yieldCompilersNanos;
  private long nextHousekeepingNanos;
  private long nextProgressNanos;
  private boolean yieldCompilers;
  private boolean measuring;
  private boolean measured;
  private boolean sendingAllowed;
  private long scheduled;
  private long sent;
  private final OutcomeCounts outcomes = new OutcomeCounts();

  // Written by any thread
  private volatile boolean stopRequested;

  /**
   * Creates an engine for the calling thread and resolves the hosts.
   *
   * @throws java.io.UncheckedIOException if a host cannot be resolved
   */
  public LoadEngine(LoadOptions options, Schedule schedule, Recorder recorder) {
    this.options = options;
    this.recorder = recorder;
    this.loop = new ManualIoEventLoop(Thread.currentThread(), Transport.handlerFactory());
    this.timeoutNanos = options.getTimeout().toNanos();
    this.spinNanos = options.getSpin().toNanos();
    this.feeds = options.getFeeds();
    this.cursor = schedule.cursor(options.getPart());
    this.yieldCompilers = options.isCompilersYield();
    this.closedLoopRandom = new SplittableRandom(options.getSeed());
    var specs = options.allRequests();
    this.alone = options.getRequests().size();
    this.scenarios = options.getScenarios();
    this.firstStep = firstSteps(alone, scenarios);
    this.templates = new RequestTemplate[specs.size()];
    this.poolsOf = new ConnectionPool[specs.size()][];
    boolean closeAfter = options.isNewConnections() && options.getProtocol() == Protocol.HTTP1;
    var transport = new Transport(loop, options);
    var byOwner = new LinkedHashMap<PoolKey, ConnectionPool>();
    for (int i = 0; i < templates.length; i++) {
      var spec = specs.get(i);
      boolean step = i >= alone;
      boolean varies = step || !feeds.isEmpty();
      templates[i] = new RequestTemplate(spec, i, options.getProtocol(), varies, step, closeAfter);
      boolean own = !options.isClosedLoop() && (spec.rate() > 0 || spec.connections() > 0);
      var origins = spec.urls().isEmpty() ? List.of(spec.origin()) : spec.urls().origins();
      poolsOf[i] = new ConnectionPool[origins.size()];
      for (int o = 0; o < origins.size(); o++) {
        var origin = origins.get(o);
        poolsOf[i][o] =
            byOwner.computeIfAbsent(
                new PoolKey(origin, own || origin.webSocket() || origin.events() ? i : -1),
                k -> newPool(transport, origin, spec, origins.size()));
        poolsOf[i][o].mix().add(templates[i], o);
      }
    }
    pools.addAll(byOwner.values());
    checkOpenFiles();
    var phases = schedule.phases();
    phaseEnds = new long[phases.size()];
    long sum = 0;
    for (int i = 0; i < phaseEnds.length; i++) {
      sum += phases.get(i).duration().toNanos();
      phaseEnds[i] = sum;
    }
  }

  private static int[] firstSteps(int alone, List<Scenario> scenarios) {
    int[] first = new int[scenarios.size()];
    int next = alone;
    for (int i = 0; i < first.length; i++) {
      first[i] = next;
      next += scenarios.get(i).steps().size();
    }
    return first;
  }

  /** Whose connections: those of one request that has a rate of its own, or of all others. */
  private record PoolKey(Origin origin, int request) {}

  private ConnectionPool newPool(
      Transport transport, Origin origin, RequestSpec spec, int origins) {
    int limit = spec.connections() > 0 ? spec.connections() : options.getConnections();
    return new ConnectionPool(
        this,
        origin.scheme() + "://" + origin.authority(),
        transport.connector(origin, spec),
        new ClosedLoopMix(options.getFeeds()),
        limit,
        options.isClosedLoop() ? limit : Math.ceilDiv(limit, origins),
        options.isNewConnections() ? 1 : options.getDepth(),
        options.isNewConnections());
  }

  private void checkOpenFiles() {
    long connections = pools.stream().mapToLong(ConnectionPool::ahead).sum();
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
      long left = system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount();
      if (connections > left) {
        throw new IllegalArgumentException(
            "connections: %,d in all, but 'ulimit -n' leaves this process %,d files; raise it, or"
                    .formatted(connections, Math.max(0, left))
                + " ask for fewer");
      }
    }
  }

  /** A connection can be used. */
  void connectionOpened() {
    recorder.connections().addOpened();
  }

  /** A connection could not be opened. */
  void connectionFailed(String why) {
    recorder.connections().addFailure(why);
  }

  /** Asks a running load to end now; any thread. */
  public void stop() {
    stopRequested = true;
  }

  /**
   * Runs the load to its end. The recorder is complete when this returns.
   *
   * @throws UncheckedIOException if to some origin no connection can be opened
   */
  public void run() {
    PacingThread.tuneCurrent(options.isRealtime());
    try {
      preconnect();
      runSchedule();
    } finally {
      shutdown();
    }
  }

  private void preconnect() {
    for (var pool : pools) {
      int ahead = options.isNewConnections() ? 1 : pool.ahead();
      for (int i = 0; i < ahead; i++) {
        pool.connect();
      }
    }
    long deadline = System.nanoTime() + PRECONNECT_NANOS;
    while (pools.stream().anyMatch(p -> p.openConnections() < p.liveConnections())
        && !stopRequested
        && System.nanoTime() < deadline) {
      loop.run(1_000_000);
    }
    for (var pool : pools) {
      if (pool.openConnections() == 0 && !options.isUnreachableAllowed() && !stopRequested) {
        String why = pool.failure();
        if (why == null) {
          why = "no answer within " + PRECONNECT_NANOS / 1_000_000_000 + " s";
        }
        throw new UncheckedIOException(
            pool.name() + ": no connection: " + why, new ConnectException(why));
      }
      if (options.isNewConnections()) {
        pool.stop();
      }
    }
  }

  private void runSchedule() {
    startNanos = System.nanoTime() + 1_000_000;
    if (options.getStartAt() != null) {
      awaitStart(options.getStartAt());
    }
    endNanos = startNanos + phaseEnds[phaseEnds.length - 1];
    drainEndNanos = endNanos + options.getDrain().toNanos();
    yieldCompilersNanos = startNanos + recorder.windowStartNanos() - YIELD_AHEAD_NANOS;
    nextHousekeepingNanos = startNanos;
    sendingAllowed = true;
    more = !options.isClosedLoop() && cursor.advance();
    if (options.isClosedLoop()) {
      loop.runNow();
      for (var pool : pools) {
        fill(pool);
      }
    }
    while (turn()) {
      // Each turn is a call of its own so that the JVM compiles it as a method.
    }
    long now = System.nanoTime();
    finish(now);
    publish(now);
  }

  private void awaitStart(Instant startAt) {
    long left = Duration.between(Instant.now(), startAt).toNanos();
    if (left < 0) {
      throw new IllegalArgumentException(
          "--start-at %s: was %.1f s ago when the connections were open; the parts of a schedule"
                  .formatted(startAt, -left / 1e9)
              + " start together, so leave time for all of them to get ready");
    }
    startNanos = System.nanoTime() + left;
    for (long now = System.nanoTime(); now < startNanos && !stopRequested; ) {
      loop.run(Math.min(HOUSEKEEPING_NANOS, startNanos - now));
      now = System.nanoTime();
    }
  }

  /** Sends what is due, then polls the sockets; {@code false} when the run is over. */
  private boolean turn() {
    long start = System.nanoTime();
    long now = sendDue(start);
    if (oldest != null && oldest.sentNanos + timeoutNanos <= now) {
      expire(now);
    }
    if (now >= nextHousekeepingNanos && !housekeeping(now)) {
      return false;
    }
    long wake = nextHousekeepingNanos;
    if (more) {
      wake = Math.min(wake, startNanos + cursor.offsetNanos());
    }
    if (!agenda.isEmpty()) {
      wake = Math.min(wake, agenda.peek().intendedNanos);
    }
    long sleep = wake - now - spinNanos;
    if (sleep > 0) {
      sleep = open > 0 ? Math.min(sleep, LONGEST_SLEEP_NANOS) : sleep;
      loop.run(sleep);
      awake(start, now, sleep);
    } else {
      loop.runNow();
      long end = System.nanoTime();
      recorder.away(end - startNanos, end - start);
    }
    return true;
  }

  /**
   * Records by how much a sleep was too long. Where that is more than the sleep itself, nobody
   * knows when the thread lost its core: at most when it fell asleep.
   */
  private void awake(long start, long fellAsleep, long sleep) {
    long end = System.nanoTime();
    long over = Math.max(0, end - fellAsleep - sleep);
    recorder.away(end - startNanos, over > sleep ? end - start : fellAsleep - start + over);
  }

  private long sendDue(long start) {
    long now = start;
    for (int n = 0; more && n < MAX_SENDS_PER_TURN; n++) {
      long due = startNanos + cursor.offsetNanos();
      if (due > now) {
        break;
      }
      dispatch(due, now);
      more = cursor.advance();
      now = System.nanoTime();
    }
    for (var step = agenda.peek(); step != null && step.intendedNanos <= now; ) {
      agenda.remove();
      dispatch(step, now);
      now = System.nanoTime();
      step = agenda.peek();
    }
    return now;
  }

  /** What is done every few milliseconds; {@code false} when the run is over. */
  private boolean housekeeping(long now) {
    if (now >= nextProgressNanos) {
      publish(now);
      for (var pool : pools) {
        pool.expireConnecting(now - timeoutNanos);
      }
      nextProgressNanos = now + PUBLISH_NANOS;
    }
    nextHousekeepingNanos = now + HOUSEKEEPING_NANOS;
    readCore(now - startNanos);
    if (yieldCompilers && now >= yieldCompilersNanos) {
      yieldCompilers = false;
      PacingThread.yieldCompilers();
    }
    if (stopRequested && now < endNanos) {
      endNanos = now;
      drainEndNanos = now;
      more = false;
      recorder.cutShort(now - startNanos);
      readCore(now - startNanos);
    }
    if (now < endNanos) {
      return true;
    }
    sendingAllowed = !options.isClosedLoop();
    boolean over = open == 0 && waitingRequests() == 0 && agenda.isEmpty() && !more;
    return !over && now < drainEndNanos;
  }

  /** Reads the use of the core once when the measured time begins and once when it ends. */
  private void readCore(long offsetNanos) {
    if (!measuring && offsetNanos >= recorder.windowStartNanos() && !measured) {
      measuring = true;
      recorder.coreAtStart(coreReader.now());
    }
    if (measuring && offsetNanos >= recorder.windowEndNanos()) {
      measuring = false;
      measured = true;
      recorder.coreAtEnd(coreReader.now());
    }
  }

  private void fill(ConnectionPool pool) {
    while (pool.liveConnections() < pool.limit()) {
      pool.connect();
    }
    pool.fillAvailable();
  }

  private void dispatch(long due, long now) {
    int request = cursor.request();
    long ordinal = cursor.ordinal();
    var row = Feed.row(feeds, ordinal);
    if (request < alone) {
      dispatch(new Exchange(templates[request], cursor.phase(), due, ordinal, row), now);
      return;
    }
    int index = request - alone;
    var session =
        new Session(
            scenarios.get(index), index, cursor.phase(), ordinal, due, row, options.getSeed());
    sessions.add(session);
    recorder.sessions().arrived(index, session.phase);
    schedule(session, due + session.firstPause());
  }

  private void schedule(Session session, long due) {
    agenda.add(new Exchange(templates[firstStep[session.index] + session.step()], session, due));
  }

  private void dispatch(Exchange exchange, long now) {
    int request = exchange.request.index;
    scheduled++;
    recorder.scheduled(
        request, exchange.phase, exchange.intendedNanos - startNanos, now - exchange.intendedNanos);
    if (!poolsOf[request][exchange.request.origin(exchange.ordinal)].submit(exchange)) {
      recorder.queued(request, exchange.phase);
    }
  }

  /** A step of a session ended: its next one is due after a pause, or the session has ended. */
  private void proceed(Session session, Exchange exchange, Outcome outcome, long now) {
    long pause = outcome == Outcome.OK ? session.proceed(exchange) : -1;
    if (pause >= 0) {
      schedule(session, now + pause);
    } else {
      var failure = session.failure();
      if (outcome == Outcome.OK && failure != null) {
        recorder.sessions().failed(failure);
      }
      end(session, outcome == Outcome.OK && failure != null ? Outcome.HTTP_ERROR : outcome, now);
    }
  }

  private void end(Session session, Outcome outcome, long now) {
    if (sessions.remove(session)) {
      recorder
          .sessions()
          .done(
              session.index,
              session.phase,
              outcome,
              session.intendedNanos - startNanos,
              now - startNanos);
    }
  }

  private void expire(long now) {
    for (var e = oldest; e != null && e.sentNanos + timeoutNanos <= now; e = oldest) {
      var connection = e.connection;
      boolean connecting = connection != null && connection.connecting();
      finished(e, Outcome.TIMEOUT, connecting ? "timeout while connecting" : "timeout");
      if (connection != null) {
        connection.cancel(e);
      }
    }
  }

  /** Counts what the end of the run left over. */
  private void finish(long now) {
    sendingAllowed = false;
    for (var e = oldest; e != null; e = oldest) {
      finished(e, Outcome.UNFINISHED, null);
    }
    for (var pool : pools) {
      for (var e = pool.pollWaiting(); e != null; e = pool.pollWaiting()) {
        long offset = e.intendedNanos - startNanos;
        recorder.unsent(e.request.index, e.phase, offset, now - e.intendedNanos);
      }
    }
    agenda.clear();
    for (var session : List.copyOf(sessions)) {
      end(session, Outcome.UNFINISHED, now);
    }
    for (; more; more = cursor.advance()) {
      long waited = Math.max(0, now - startNanos - cursor.offsetNanos());
      if (cursor.request() < alone) {
        scheduled++;
        recorder.scheduled(cursor.request(), cursor.phase(), cursor.offsetNanos(), waited);
        recorder.unsent(cursor.request(), cursor.phase(), cursor.offsetNanos(), waited);
      } else {
        recorder.sessions().missed(cursor.request() - alone, cursor.phase(), waited);
      }
    }
  }

  private void shutdown() {
    coreReader.close();
    for (var pool : pools) {
      pool.stop();
    }
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
    while (!loop.isTerminated()) {
      loop.runNow();
    }
  }

  private int waitingRequests() {
    int waiting = 0;
    for (var pool : pools) {
      waiting += pool.waitingRequests();
    }
    return waiting;
  }

  private void publish(long now) {
    int connections = 0;
    for (var pool : pools) {
      connections += pool.openConnections();
    }
    recorder.publish(
        new Progress(
            now - startNanos,
            phaseAt(now - startNanos),
            scheduled,
            sent,
            outcomes.get(Outcome.OK),
            outcomes.get(Outcome.HTTP_ERROR),
            outcomes.get(Outcome.TIMEOUT),
            outcomes.get(Outcome.CONNECT_ERROR),
            open,
            waitingRequests(),
            connections));
  }

  private int phaseAt(long offsetNanos) {
    int phase = 0;
    while (phase < phaseEnds.length - 1 && offsetNanos >= phaseEnds[phase]) {
      phase++;
    }
    return phase;
  }

  /** The next request of a closed loop; null in an open loop, and before and after the run. */
  @Nullable Exchange nextClosedLoop(ConnectionPool pool) {
    if (!sendingAllowed || !options.isClosedLoop()) {
      return null;
    }
    long now = System.nanoTime();
    if (now >= endNanos) {
      return null;
    }
    int phase = phaseAt(now - startNanos);
    var exchange = pool.mix().next(closedLoopRandom, phase, now);
    scheduled++;
    recorder.scheduledInClosedLoop(exchange.request.index, phase);
    return exchange;
  }

  /** The request is handed to a connection now; not for the first time if it is sent again. */
  void sending(Exchange exchange) {
    if (exchange.sentNanos != 0) {
      return;
    }
    sent++;
    recorder.sent(exchange.request.index, exchange.phase);
    exchange.sentNanos = options.isClosedLoop() ? exchange.intendedNanos : System.nanoTime();
    exchange.previous = newest;
    if (newest != null) {
      newest.next = exchange;
    } else {
      oldest = exchange;
    }
    newest = exchange;
    open++;
  }

  /** The request ended; does nothing the second time. */
  void finished(Exchange exchange, Outcome outcome, @Nullable String why) {
    if (exchange.done) {
      return;
    }
    exchange.done = true;
    long now = System.nanoTime();
    unlink(exchange);
    outcomes.count(outcome);
    recorder.done(
        exchange.request.index,
        exchange.phase,
        outcome,
        exchange.intendedNanos - startNanos,
        exchange.sentNanos - startNanos,
        now - startNanos,
        exchange.bodyBytes,
        why);
    if (exchange.session != null) {
      proceed(exchange.session, exchange, outcome, now);
    }
  }

  private void unlink(Exchange exchange) {
    open--;
    if (exchange.previous != null) {
      exchange.previous.next = exchange.next;
    } else {
      oldest = exchange.next;
    }
    if (exchange.next != null) {
      exchange.next.previous = exchange.previous;
    } else {
      newest = exchange.previous;
    }
    exchange.previous = null;
    exchange.next = null;
  }

  /** Ends the requests open on a connection that closed, or sends them again. */
  void endAll(ConnectionPool pool, Connection connection, String why) {
    var again = new ArrayList<Exchange>();
    for (var e = oldest; e != null; ) {
      var next = e.next;
      if (e.connection == connection) {
        if (pool.mayResend(connection, e)) {
          again.add(e);
        } else {
          finished(
              e,
              Outcome.CONNECT_ERROR,
              connection.idleWhenClosed(e) ? why + ", not to be sent twice" : why);
        }
      }
      e = next;
    }
    again.forEach(e -> pool.resend(e, "connection closed by the server before an answer"));
  }

  /** A request is sent once more. */
  void resending(String why) {
    recorder.connections().addResent(why);
  }

  /** A connection takes no more requests. */
  void connectionRetired(ConnectionPool pool) {
    if (sendingAllowed) {
      loop.execute(options.isClosedLoop() ? () -> reconnect(pool) : pool::refill);
    }
  }

  /** A connection closed or could not be opened. */
  void connectionLost(ConnectionPool pool, boolean wasOpen) {
    if (!sendingAllowed) {
      return;
    }
    if (options.isClosedLoop()) {
      if (wasOpen) {
        loop.execute(() -> reconnect(pool));
      } else {
        var _ = loop.schedule(() -> reconnect(pool), RECONNECT_MILLIS, TimeUnit.MILLISECONDS);
      }
    } else if (pool.waitingRequests() > 0) {
      loop.execute(pool::replace);
    }
  }

  private void reconnect(ConnectionPool pool) {
    if (sendingAllowed && pool.liveConnections() < pool.limit()) {
      var exchange = nextClosedLoop(pool);
      if (exchange != null) {
        pool.startOnNewConnection(exchange);
      }
    }
  }
}
