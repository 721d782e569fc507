package dev.baton.server.metrics;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.logging.AccessLog;
import dev.baton.server.metrics.FamilySpec.Kind;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmInfoMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.netty4.NettyAllocatorMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientConfig;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpClientConfig;
import io.vertx.core.net.TcpServerConfig;
import io.vertx.core.spi.metrics.EventBusMetrics;
import io.vertx.core.spi.metrics.HttpClientMetrics;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.metrics.PoolMetrics;
import io.vertx.core.spi.metrics.TransportMetrics;
import io.vertx.core.spi.metrics.VertxMetrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one {@code Vertx}, and their exposition for Prometheus.
 *
 * <p>{@code Baton.vertx()} installs one; a stock {@code Vertx} gets one through {@link
 * BatonMetricsFactory}. What is recorded per request is written to single-writer cells (see {@link
 * Recorder}) and read when somebody asks: any thread may, also while every event loop is stuck.
 */
public final class BatonMetrics implements VertxMetrics {
  private final Recorder recorder = new Recorder();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), Clock.SYSTEM);
  private final ExpositionFormats formats = ExpositionFormats.init();
  private final JvmGcMetrics gc = new JvmGcMetrics();

  private final HttpServerRecorder httpServer = new HttpServerRecorder(recorder);
  private final TransportRecorder httpServerTransport =
      new TransportRecorder(recorder, "vertx_http_server", httpServer);
  private final TransportRecorder netServer = new TransportRecorder(recorder, "vertx_net_server");
  private final HttpClientRecorder httpClient = new HttpClientRecorder(recorder);
  private final TransportRecorder httpClientTransport =
      new TransportRecorder(recorder, "vertx_http_client");
  private final TransportRecorder netClient = new TransportRecorder(recorder, "vertx_net_client");
  private final PoolRecorder.Families pools = new PoolRecorder.Families(recorder);
  private final EventBusRecorder eventBus = new EventBusRecorder(recorder);
  private final StageMetrics stages = new StageMetrics(this, recorder);
  private final HandlerMetrics handlers = new HandlerMetrics(recorder, httpServer);
  private final Map<ShedReason, Integer> shed = new EnumMap<>(ShedReason.class);
  private final Map<TakeoverCause, Integer> takeoverDelays = new EnumMap<>(TakeoverCause.class);

  /**
   * Prepares everything; starts no thread.
   *
   * @throws IllegalStateException if the Vert.x on the class path would not call this class, so
   *     that metrics would be missing
   */
  public BatonMetrics() {
    MetricsSpi.check();
    Family shedRequests =
        recorder.family(
            FamilySpec.of(
                Kind.COUNTER,
                "baton_shed_requests",
                "Requests that were refused or dropped before their work was done.",
                "reason"));
    for (ShedReason reason : ShedReason.values()) {
      shed.put(reason, shedRequests.series(reason.label()));
    }
    Family delay =
        recorder.family(
            FamilySpec.of(
                Kind.HISTOGRAM,
                "baton_takeover_delay_seconds",
                "Time from a block until another worker drives the loop.",
                "cause"));
    for (TakeoverCause cause : TakeoverCause.values()) {
      takeoverDelays.put(cause, delay.series(SchedulerCollector.label(cause)));
    }
    registry.getPrometheusRegistry().register(this::collect);
    registry
        .config()
        .meterFilter(MeterFilter.denyNameStartsWith("process.cpu.time")) // nanoseconds
        .meterFilter(MeterFilter.denyNameStartsWith("system.cpu.count")) // a gauge named _count
        .meterFilter(new AllocatorFilter());
    Stream.of(
            new JvmInfoMetrics(),
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ClassLoaderMetrics(),
            gc,
            new ProcessorMetrics(),
            new FileDescriptorMetrics(),
            new UptimeMetrics(),
            new NettyAllocatorMetrics(UnpooledByteBufAllocator.DEFAULT))
        .forEach(binder -> binder.bindTo(registry));
    if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider pooled
        && pooled != UnpooledByteBufAllocator.DEFAULT) {
      new NettyAllocatorMetrics(pooled).bindTo(registry);
    }
  }

  /**
   * The metrics of {@code vertx}, null if it has none or others. Any thread.
   *
   * @param vertx of Baton, or a stock one
   */
  public static @Nullable BatonMetrics of(Vertx vertx) {
    return ((VertxInternal) vertx).metrics() instanceof BatonMetrics metrics ? metrics : null;
  }

  HttpServerRecorder httpServer() {
    return httpServer;
  }

  // ---------------------------------------------------------------- reading

  /** For meters of an application's own: they are exposed with the others. */
  public MeterRegistry registry() {
    return registry;
  }

  /**
   * How long requests took, for each method, status code and route so far. Any thread. Cheap enough
   * to be asked once a second; what happened in between is {@link LatencySnapshot#minus}.
   */
  public List<RouteLatency> httpLatencies() {
    return httpServer.latencies();
  }

  /**
   * Requests that are under way, of one method and route.
   *
   * @param method the HTTP method, {@code other} if it is no usual one
   * @param route the route's pattern, {@code unmatched} if there is none yet
   * @param count how many
   * @param oldestNanos when the first of them began, {@link System#nanoTime}
   */
  public record UnderWay(String method, String route, int count, long oldestNanos) {
    UnderWay plus(UnderWay other) {
      long oldest = other.oldestNanos - oldestNanos < 0 ? other.oldestNanos : oldestNanos;
      return new UnderWay(method, route, count + other.count, oldest);
    }
  }

  /** What is under way now, at most some thousands of each loop's requests. Any thread. */
  public List<UnderWay> underWay() {
    return httpServer.underWay();
  }

  /**
   * The route that requests with this path were given before: for one that has none yet.
   *
   * @return null if no such route is known
   */
  public @Nullable String routeOf(String path) {
    return httpServer.match(path);
  }

  /** How many requests were refused or dropped for {@code reason}. Any thread. */
  public long sheds(ShedReason reason) {
    return recorder.value(Objects.requireNonNull(shed.get(reason)));
  }

  /**
   * How a pool is used.
   *
   * @param name such as {@code vert.x-worker-thread}
   * @param waiting who waits for it
   * @param inUse who uses it
   * @param ended how many uses have ended so far; not counted, -1, while nobody waits
   */
  public record PoolUse(String name, long waiting, long inUse, long ended) {}

  /** The pools of one type, such as {@code worker}. Any thread. */
  public List<PoolUse> pools(String type) {
    return pools.uses(type);
  }

  /** Has each request of the HTTP servers logged; before the first one. */
  public void accessLog(AccessLog log) {
    httpServer.accessLog(log);
  }

  /**
   * All metrics as text.
   *
   * @param contentType of {@code body}
   * @param body in UTF-8
   */
  public record Exposition(String contentType, Buffer body) {}

  /**
   * All metrics, now. Any thread.
   *
   * @param accept the scraper's {@code Accept} header: decides about the format; null for
   *     Prometheus' text format
   */
  public Exposition scrape(@Nullable String accept) {
    ExpositionFormatWriter openMetrics = formats.getOpenMetricsTextFormatWriter();
    ExpositionFormatWriter writer =
        openMetrics.accepts(accept) ? openMetrics : formats.getPrometheusTextFormatWriter();
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);
    try {
      writer.write(out, registry.getPrometheusRegistry().scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a stream in memory does not fail
    }
    return new Exposition(writer.getContentType(), Buffer.buffer(out.toByteArray()));
  }

  /** Gives Netty's allocators a help text, and takes their identity hash away. */
  private static final class AllocatorFilter implements MeterFilter {
    @Override
    public Meter.Id map(Meter.Id id) {
      return id.getName().startsWith("netty.allocator.")
          ? new Meter.Id(
              id.getName(),
              Tags.of(id.getTags().stream().filter(tag -> !tag.getKey().equals("id")).toList()),
              id.getBaseUnit(),
              "Memory of Netty's buffers, in bytes.",
              id.getType())
          : id;
    }
  }

  private MetricSnapshots collect() {
    List<MetricSnapshot> all = new ArrayList<>();
    List<CounterDataPointSnapshot> overflows = new ArrayList<>();
    for (Family family : recorder.families()) {
      all.addAll(family.collect());
      if (family.isBounded()) {
        overflows.add(
            new CounterDataPointSnapshot(
                family.overflows(), Labels.of("metric", family.name()), null, 0));
      }
    }
    all.addAll(stages.collect());
    all.add(oldestRequests());
    all.add(
        new CounterSnapshot(
            new MetricMetadata(
                "baton_metrics_overflows",
                "Look-ups of label sets beyond a bound: they are counted as \"other\"."),
            overflows));
    return new MetricSnapshots(all);
  }

  /** What hangs: the age of the oldest request of each route that has any. */
  private MetricSnapshot oldestRequests() {
    long now = System.nanoTime();
    return new GaugeSnapshot(
        new MetricMetadata(
            "baton_oldest_request_seconds",
            "For how long the oldest request under way has been so, by method and route."),
        underWay().stream()
            .map(
                u ->
                    new GaugeDataPointSnapshot(
                        Math.max(0, now - u.oldestNanos()) / 1e9,
                        Labels.of("method", u.method(), "route", u.route()),
                        null))
            .toList());
  }

  // ---------------------------------------------------------------- recording

  /** Where pipelines report to. */
  public StageMetrics stages() {
    return stages;
  }

  /** Counts a request that was refused or dropped. Any thread. */
  public void shed(ShedReason reason) {
    recorder.cell().add(Objects.requireNonNull(shed.get(reason)), 1);
  }

  /** Records takeovers of {@code scheduler}'s loops from now on. */
  void observe(Scheduler scheduler) {
    for (Enclave enclave : scheduler.enclaves()) {
      enclave.onTakeover(this::takenOver);
      enclave.onAbsence(handlers::cameBack);
    }
  }

  private void takenOver(Takeover takeover) {
    recorder
        .cell()
        .record(
            Objects.requireNonNull(takeoverDelays.get(takeover.cause())),
            takeover.resumedAfterNanos());
  }

  // ---------------------------------------------------------------- what Vert.x calls

  @Override
  public void vertxCreated(Vertx vertx) {
    if (vertx instanceof BatonVertx baton) {
      Scheduler scheduler = baton.scheduler();
      observe(scheduler);
      registry
          .getPrometheusRegistry()
          .register(new SchedulerCollector(scheduler, stages, handlers, baton.blockingRoutes()));
    }
  }

  @Override
  public HttpServerMetrics<?, ?> createHttpServerMetrics(
      HttpServerConfig config,
      @Nullable SocketAddress tcpLocalAddress,
      @Nullable SocketAddress udpLocalAddress) {
    return httpServer;
  }

  @Override
  public TransportMetrics<?> createTcpServerMetrics(
      TcpServerConfig config, @Nullable String protocol, SocketAddress localAddress) {
    return "http".equals(protocol) ? httpServerTransport : netServer;
  }

  @Override
  public HttpClientMetrics<?, ?> createHttpClientMetrics(HttpClientConfig config) {
    return httpClient;
  }

  @Override
  public TransportMetrics<?> createTcpClientMetrics(
      TcpClientConfig config, @Nullable String protocol) {
    return "http".equals(protocol) ? httpClientTransport : netClient;
  }

  @Override
  public PoolMetrics<?, ?> createPoolMetrics(String type, @Nullable String name, int maxSize) {
    return pools.pool(type, name);
  }

  @Override
  public EventBusMetrics<?> createEventBusMetrics() {
    return eventBus;
  }

  @Override
  public void close() {
    gc.close();
  }
}
