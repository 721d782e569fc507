package dev.baton.server;

import dev.baton.scheduler.DidYouMean;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.server.context.ContextMode;
import dev.baton.server.context.RequestRecorder;
import dev.baton.server.logging.AccessFormat;
import dev.baton.server.logging.AccessLog;
import dev.baton.server.management.Watch;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * How Baton runs a {@code Vertx}: which callbacks may overlap, and the scheduler beneath. Not
 * thread-safe; {@link Baton} copies what it needs.
 */
public final class BatonOptions {
  /** Default of {@link #getContextMode}. */
  public static final ContextMode DEFAULT_CONTEXT_MODE = ContextMode.SERIAL;

  /** Default of {@link #isMetrics}. */
  public static final boolean DEFAULT_METRICS = true;

  /** Default of {@link #isStartAhead}. */
  public static final boolean DEFAULT_START_AHEAD = true;

  /** Default of {@link #getMaxAwayPerRoute}. */
  public static final int DEFAULT_MAX_AWAY_PER_ROUTE = 0;

  /** Default of {@link #getTellAfter}. */
  public static final Duration DEFAULT_TELL_AFTER = Watch.DEFAULT_TELL_AFTER;

  private static final Duration MAX_TELL_AFTER = Duration.ofHours(1);

  /** Default of {@link #getHeadTimeout}. */
  public static final Duration DEFAULT_HEAD_TIMEOUT = Duration.ofSeconds(20);

  /** Default of {@link #getIdleTimeout}: longer than common load balancers keep connections. */
  public static final Duration DEFAULT_IDLE_TIMEOUT = Duration.ofSeconds(75);

  /** Default of {@link #getAccessLog}. */
  public static final AccessFormat DEFAULT_ACCESS_LOG = AccessFormat.OFF;

  private static final Map<String, BiConsumer<BatonOptions, Object>> FIELDS =
      Map.ofEntries(
          Map.entry("contextMode", (o, v) -> o.setContextMode(ContextMode.parse(text(v)))),
          Map.entry("metrics", (o, v) -> o.setMetrics(bool("metrics", v))),
          Map.entry("startAhead", (o, v) -> o.setStartAhead(bool("startAhead", v))),
          Map.entry(
              "maxAwayPerRoute", (o, v) -> o.setMaxAwayPerRoute(integer("maxAwayPerRoute", v))),
          Map.entry(
              "recordedRequests", (o, v) -> o.setRecordedRequests(integer("recordedRequests", v))),
          Map.entry("tellAfterNanos", (o, v) -> o.setTellAfter(nanos("tellAfterNanos", v))),
          Map.entry("accessLog", (o, v) -> o.setAccessLog(AccessFormat.parse(text(v)))),
          Map.entry(
              "headTimeoutMillis", (o, v) -> o.setHeadTimeout(millis("headTimeoutMillis", v))),
          Map.entry(
              "idleTimeoutMillis", (o, v) -> o.setIdleTimeout(millis("idleTimeoutMillis", v))),
          Map.entry("loops", (o, v) -> o.scheduler.setLoops(integer("loops", v))),
          Map.entry("cpus", (o, v) -> o.scheduler.setCpus(CpuSet.parse(text(v)))),
          Map.entry("pinning", (o, v) -> o.scheduler.setPinning(bool("pinning", v))),
          Map.entry("takeover", (o, v) -> o.scheduler.setTakeover(bool("takeover", v))),
          Map.entry("policy", (o, v) -> o.scheduler.setPolicy(text(v))),
          Map.entry("notifier", (o, v) -> o.scheduler.setNotifier(notifier(text(v)))),
          Map.entry("graceNanos", (o, v) -> o.scheduler.setGrace(nanos("graceNanos", v))),
          Map.entry("sliceNanos", (o, v) -> o.scheduler.setSlice(nanos("sliceNanos", v))),
          Map.entry(
              "kernelSliceNanos",
              (o, v) -> o.scheduler.setKernelSlice(nanos("kernelSliceNanos", v))),
          Map.entry("spinNanos", (o, v) -> o.scheduler.setSpin(nanos("spinNanos", v))),
          Map.entry("minStandbys", (o, v) -> o.scheduler.setMinStandbys(integer("minStandbys", v))),
          Map.entry("maxStandbys", (o, v) -> o.scheduler.setMaxStandbys(integer("maxStandbys", v))),
          Map.entry(
              "standbyKeepAliveNanos",
              (o, v) -> o.scheduler.setStandbyKeepAlive(nanos("standbyKeepAliveNanos", v))),
          Map.entry(
              "maxHeldContinuations",
              (o, v) -> o.scheduler.setMaxHeldContinuations(integer("maxHeldContinuations", v))),
          Map.entry("maxWaitNanos", (o, v) -> o.scheduler.setMaxWait(nanos("maxWaitNanos", v))),
          Map.entry("enclaves", (o, v) -> o.scheduler.setEnclaves(EnclaveJson.read(v))),
          Map.entry("routes", (o, v) -> o.setRoutes(EnclaveJson.routes(v))));

  private ContextMode contextMode = DEFAULT_CONTEXT_MODE;
  private boolean metrics = DEFAULT_METRICS;
  private boolean startAhead = DEFAULT_START_AHEAD;
  private int maxAwayPerRoute = DEFAULT_MAX_AWAY_PER_ROUTE;
  private int recordedRequests;
  private Duration tellAfter = DEFAULT_TELL_AFTER;
  private AccessFormat accessLog = DEFAULT_ACCESS_LOG;
  private Duration headTimeout = DEFAULT_HEAD_TIMEOUT;
  private Duration idleTimeout = DEFAULT_IDLE_TIMEOUT;
  private Map<String, String> routes = Map.of();
  private final SchedulerOptions scheduler;

  /** All defaults. */
  public BatonOptions() {
    scheduler = new SchedulerOptions();
  }

  /** A copy. */
  public BatonOptions(BatonOptions other) {
    contextMode = other.contextMode;
    metrics = other.metrics;
    startAhead = other.startAhead;
    maxAwayPerRoute = other.maxAwayPerRoute;
    recordedRequests = other.recordedRequests;
    tellAfter = other.tellAfter;
    accessLog = other.accessLog;
    headTimeout = other.headTimeout;
    idleTimeout = other.idleTimeout;
    routes = other.routes;
    scheduler = new SchedulerOptions(other.scheduler);
  }

  /**
   * Reads the form that {@link #toJson} writes; what is missing keeps its default.
   *
   * @throws IllegalArgumentException if a field is unknown, has the wrong type or is out of range;
   *     the message names it
   */
  public BatonOptions(JsonObject json) {
    this();
    json.forEach(
        field -> {
          BiConsumer<BatonOptions, Object> setter = FIELDS.get(field.getKey());
          if (setter == null) {
            throw new IllegalArgumentException(
                field.getKey()
                    + "="
                    + field.getValue()
                    + ": there is no such option; did you mean "
                    + DidYouMean.nearest(field.getKey(), FIELDS.keySet())
                    + "?");
          }
          setter.accept(this, field.getValue());
        });
  }

  /** The JSON form. */
  public JsonObject toJson() {
    JsonObject json =
        new JsonObject()
            .put("contextMode", contextMode.toString())
            .put("metrics", metrics)
            .put("startAhead", startAhead)
            .put("maxAwayPerRoute", maxAwayPerRoute)
            .put("recordedRequests", recordedRequests)
            .put("tellAfterNanos", tellAfter.toNanos())
            .put("accessLog", accessLog.toString())
            .put("headTimeoutMillis", headTimeout.toMillis())
            .put("idleTimeoutMillis", idleTimeout.toMillis())
            .put("loops", scheduler.getLoops())
            .put("pinning", scheduler.isPinning())
            .put("takeover", scheduler.isTakeover())
            .put("policy", scheduler.getPolicy())
            .put("notifier", scheduler.getNotifier().name().toLowerCase(Locale.ROOT))
            .put("graceNanos", scheduler.getGrace().toNanos())
            .put("sliceNanos", scheduler.getSlice().toNanos())
            .put("kernelSliceNanos", scheduler.getKernelSlice().toNanos())
            .put("spinNanos", scheduler.getSpin().toNanos())
            .put("minStandbys", scheduler.getMinStandbys())
            .put("maxStandbys", scheduler.getMaxStandbys())
            .put("standbyKeepAliveNanos", scheduler.getStandbyKeepAlive().toNanos())
            .put("maxHeldContinuations", scheduler.getMaxHeldContinuations())
            .put("maxWaitNanos", scheduler.getMaxWait().toNanos())
            .put("enclaves", EnclaveJson.write(scheduler.getEnclaves()))
            .put("routes", new JsonObject(new LinkedHashMap<>(routes)));
    CpuSet cpus = scheduler.getCpus();
    return cpus == null ? json : json.put("cpus", cpus.toString());
  }

  /** The mode of deployments that do not choose one, and of threads outside Vert.x. */
  public ContextMode getContextMode() {
    return contextMode;
  }

  public BatonOptions setContextMode(ContextMode contextMode) {
    this.contextMode = contextMode;
    return this;
  }

  /** Whether {@link dev.baton.server.metrics.BatonMetrics} are recorded. */
  public boolean isMetrics() {
    return metrics;
  }

  public BatonOptions setMetrics(boolean metrics) {
    this.metrics = metrics;
    return this;
  }

  /**
   * Whether requests of a route whose handler nearly always waits, where the JVM sees it, are
   * started on virtual threads instead of having their loop taken over each time. HTTP/1.x.
   */
  public boolean isStartAhead() {
    return startAhead;
  }

  public BatonOptions setStartAhead(boolean startAhead) {
    this.startAhead = startAhead;
    return this;
  }

  /**
   * How many handlers of one route may be away at once from the loops of one CPU, so that those of
   * others still find workers; more of its requests wait, and are then refused. 0 (the default)
   * means three quarters of {@link SchedulerOptions#getMaxStandbys}, and four times as many while
   * the route starts on virtual threads, which take no worker.
   */
  public int getMaxAwayPerRoute() {
    return maxAwayPerRoute;
  }

  /**
   * See {@link #getMaxAwayPerRoute}.
   *
   * @throws IllegalArgumentException if it is negative or larger than 10,000
   */
  public BatonOptions setMaxAwayPerRoute(int maxAwayPerRoute) {
    if (maxAwayPerRoute < 0 || maxAwayPerRoute > 10_000) {
      throw new IllegalArgumentException(
          "maxAwayPerRoute="
              + maxAwayPerRoute
              + ": choose a value from 1 to 10000, or 0 for three quarters of maxStandbys");
    }
    this.maxAwayPerRoute = maxAwayPerRoute;
    return this;
  }

  /**
   * How many of the requests that were answered last are kept for a simulator: when they came, and
   * how long their handlers computed and slept. 0 (the default) keeps none.
   */
  public int getRecordedRequests() {
    return recordedRequests;
  }

  /**
   * See {@link #getRecordedRequests}.
   *
   * @throws IllegalArgumentException if it is negative, 1, or larger than a million
   */
  public BatonOptions setRecordedRequests(int recordedRequests) {
    if (recordedRequests < 0
        || recordedRequests == 1
        || recordedRequests > RequestRecorder.MAX_REQUESTS) {
      throw new IllegalArgumentException(
          "recordedRequests="
              + recordedRequests
              + ": choose a value from 2 to "
              + RequestRecorder.MAX_REQUESTS
              + ", or 0 to keep none");
    }
    this.recordedRequests = recordedRequests;
    return this;
  }

  /**
   * How long a handler may be away from its loop, or a loop stand still, before the log tells; then
   * half as often each time. Zero switches that off.
   */
  public Duration getTellAfter() {
    return tellAfter;
  }

  /**
   * See {@link #getTellAfter}.
   *
   * @throws IllegalArgumentException if {@code tellAfter} is negative or longer than an hour
   */
  public BatonOptions setTellAfter(Duration tellAfter) {
    if (tellAfter.isNegative() || tellAfter.compareTo(MAX_TELL_AFTER) > 0) {
      throw new IllegalArgumentException(
          "tellAfter=" + tellAfter + ": give 0 (tells nothing) to 1 hour, such as 2 s");
    }
    this.tellAfter = tellAfter;
    return this;
  }

  /**
   * How each request is logged, to the logger {@value AccessLog#NAME}. The event loop writes these
   * lines: what takes them must not block. Needs {@link #isMetrics}.
   */
  public AccessFormat getAccessLog() {
    return accessLog;
  }

  public BatonOptions setAccessLog(AccessFormat accessLog) {
    this.accessLog = accessLog;
    return this;
  }

  /**
   * How long a client may take for the head of a request: from its first byte or, at the beginning
   * of a connection, from there. Then an HTTP server closes the connection. Zero: no limit.
   */
  public Duration getHeadTimeout() {
    return headTimeout;
  }

  public BatonOptions setHeadTimeout(Duration headTimeout) {
    this.headTimeout = checkTimeout("headTimeout", headTimeout);
    return this;
  }

  /**
   * How long a connection of an HTTP server may be open without a request; then the server closes
   * it. Zero: no limit.
   */
  public Duration getIdleTimeout() {
    return idleTimeout;
  }

  public BatonOptions setIdleTimeout(Duration idleTimeout) {
    this.idleTimeout = checkTimeout("idleTimeout", idleTimeout);
    return this;
  }

  private static Duration checkTimeout(String name, Duration value) {
    if (value.isNegative() || value.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(name + "=" + value + ": give zero up to a day");
    }
    return value;
  }

  /**
   * Routes whose handlers run in an enclave of their own choice, wherever their requests come: the
   * name of the enclave by route, such as {@code GET /reports/*}. Of those that fit the first
   * counts. In a context that is serial they still run one at a time.
   */
  public Map<String, String> getRoutes() {
    return routes;
  }

  public BatonOptions setRoutes(Map<String, String> routes) {
    this.routes = Collections.unmodifiableMap(new LinkedHashMap<>(routes));
    return this;
  }

  /** The scheduler's options, live: change them in place. */
  public SchedulerOptions getScheduler() {
    return scheduler;
  }

  private static String text(Object value) {
    return String.valueOf(value);
  }

  private static int integer(String name, Object value) {
    if (value instanceof Integer i) {
      return i;
    }
    throw new IllegalArgumentException(name + "=" + value + ": write a whole number");
  }

  private static boolean bool(String name, Object value) {
    if (value instanceof Boolean b) {
      return b;
    }
    throw new IllegalArgumentException(name + "=" + value + ": write true or false");
  }

  private static Duration nanos(String name, Object value) {
    if (value instanceof Integer || value instanceof Long) {
      return Duration.ofNanos(((Number) value).longValue());
    }
    throw new IllegalArgumentException(name + "=" + value + ": write whole nanoseconds");
  }

  private static Duration millis(String name, Object value) {
    if (value instanceof Integer || value instanceof Long) {
      return Duration.ofMillis(((Number) value).longValue());
    }
    throw new IllegalArgumentException(name + "=" + value + ": write whole milliseconds");
  }

  private static BlockNotifier.Kind notifier(String text) {
    for (BlockNotifier.Kind kind : BlockNotifier.Kind.values()) {
      if (kind.name().toLowerCase(Locale.ROOT).equals(text)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("notifier=" + text + ": choose one of perf, proc, tick");
  }
}
