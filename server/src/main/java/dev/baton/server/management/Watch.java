package dev.baton.server.management;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.PoolSnapshot;
import dev.baton.server.Pipelines;
import dev.baton.server.context.BlockingRoute;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.stages.BoundPipeline;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.shareddata.Shareable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The rolling record of what keeps a service's requests waiting, refused or hanging. Kept always,
 * so that the first look is as good as the hundredth minute's; by one thread that looks four times
 * a second at numbers others keep. It writes the log's lines about handlers that are away for long,
 * workers that run out, requests that are refused and loops that stand still.
 *
 * <p>Its clock stands when the process does: a process that was stopped, by a debugger, a signal or
 * a collection, is no news.
 */
public final class Watch implements Shareable {
  /** How long a handler may be away from its loop before the log tells, if nothing else is said. */
  public static final Duration DEFAULT_TELL_AFTER = Duration.ofSeconds(2);

  private static final String KEY = "baton.watch";
  private static final long TICK_NANOS = 250_000_000L;
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final int LOOKS_PER_TICK = 2;
  private static final int MANY_LOOKS = 25;
  private static final int MANY_LOOPS = 8;

  private final Pipelines pipelines;
  private final @Nullable BatonMetrics metrics;
  private final @Nullable BatonVertx vertx;
  private final @Nullable Scheduler scheduler;
  private final @Nullable RouteWindow routes;
  private final StackSampler stacks = new StackSampler();
  private final TakeoverLog log;
  private final @Nullable LoopWatch loops;
  private final @Nullable PoolWatch pools;
  private final Machine machine = new Machine();
  private final Refusals refusals;
  private final WatchLog lines;
  private final Set<Enclave> heardOf = new HashSet<>();
  private final Thread thread =
      Thread.ofPlatform().daemon().name("baton-watch").unstarted(this::run);

  // Guarded by this
  private long tickNanos = System.nanoTime();
  private long aliveNanos = 1;
  private long secondNanos = tickNanos;
  private int ticks;

  private volatile boolean draining;
  private volatile boolean ended;

  private final Collection<BlockingRoute> blockingRoutes;

  private Watch(Vertx service) {
    pipelines = Pipelines.of(service);
    BatonMetrics m = BatonMetrics.of(service);
    metrics = m;
    routes = m == null ? null : new RouteWindow(m::httpLatencies);
    log = new TakeoverLog(stacks, path -> m == null ? null : m.routeOf(path));
    refusals = new Refusals(m);
    lines = new WatchLog(DEFAULT_TELL_AFTER.toNanos());
    pools = m == null ? null : new PoolWatch(m, stacks);
    if (service instanceof BatonVertx baton) {
      vertx = baton;
      scheduler = baton.scheduler();
      blockingRoutes = baton.blockingRoutes().known();
      loops = new LoopWatch(scheduler.enclave(), scheduler.eventLoopGroup().loops(), stacks);
      scheduler.enclaves().forEach(enclave -> hear(new TakeoverLog.Part(enclave, null)));
      expose(loops.loops());
    } else {
      vertx = null;
      scheduler = null;
      blockingRoutes = List.of();
      loops = null;
    }
    second(secondNanos); // what comes before the first tick counts, too
  }

  /** Routes whose handlers have lost their loops. Any thread. */
  Collection<BlockingRoute> blockingRoutes() {
    return blockingRoutes;
  }

  /**
   * The one of {@code service}, which begins now if there is none yet, and ends with it. Any
   * thread.
   *
   * @param service of Baton or stock
   */
  public static Watch of(Vertx service) {
    return service
        .sharedData()
        .<String, Watch>getLocalMap(KEY)
        .computeIfAbsent(
            KEY,
            _ -> {
              Watch watch = new Watch(service);
              watch.start(service);
              return watch;
            });
  }

  private void start(Vertx service) {
    Supplier<Future<Void>> end =
        () -> {
          end();
          return Future.succeededFuture();
        };
    if (service instanceof BatonVertx baton) {
      baton.closeLast(end);
    } else {
      Future<Void> _ = ((VertxInternal) service).closeFuture().future().eventually(end);
    }
    pipelines.onBound(this::hear);
    thread.start();
  }

  private void end() {
    ended = true;
    thread.interrupt();
  }

  /**
   * Chooses how long a handler may be away from its loop, or a loop stand still, before the log
   * tells. Any thread.
   *
   * @param threshold zero switches these lines off
   */
  public void tellAfter(Duration threshold) {
    if (threshold.isNegative()) {
      throw new IllegalArgumentException("threshold=" + threshold + ": give 0 or more");
    }
    lines.tellAfter(threshold.toNanos());
  }

  /** The service has begun to end. Any thread. */
  void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }

  private void expose(List<? extends LoopWatch.Loop> added) {
    BatonMetrics m = metrics;
    if (m == null) {
      return;
    }
    for (LoopWatch.Loop loop : added) {
      Gauge.builder("baton.loop.still", loop, l -> l.stillNanos() / 1e9)
          .description("For how long the loop has stood still; 0 while it turns.")
          .baseUnit("seconds")
          .tag("loop", loop.label())
          .register(m.registry());
      FunctionCounter.builder("baton.loop.stalls", loop, LoopWatch.Loop::episodes)
          .description("How often the loop has stood still for a quarter of a second or more.")
          .tag("loop", loop.label())
          .register(m.registry());
    }
  }

  // ---------------------------------------------------------------- looking

  private void run() {
    while (!ended) {
      try {
        TimeUnit.NANOSECONDS.sleep(TICK_NANOS);
        tick();
      } catch (InterruptedException e) {
        // asked to end
      } catch (RuntimeException e) {
        lines.failed(e);
      }
    }
  }

  private synchronized void tick() {
    long now = System.nanoTime();
    look(now, LOOKS_PER_TICK);
    LoopWatch watched = loops;
    // Probes wake idle loops; of many loops it takes a little longer to see one that stands still.
    if (watched != null && ticks++ % (1 + watched.loops().size() / MANY_LOOPS) == 0) {
      watched.look(aliveNanos, now);
    }
    if (now - secondNanos >= SECOND_NANOS - TICK_NANOS / 2) {
      secondNanos = now;
      second(now);
    }
    lines.tell(this, now, aliveNanos);
  }

  /** Takes in takeovers and their ends. */
  private void look(long now, int looks) {
    // More than a tick and a bit at once: the process stood still, or at least this thread did.
    aliveNanos += Math.min(now - tickNanos, TICK_NANOS + TICK_NANOS / 2);
    tickNanos = now;
    log.poll(now, aliveNanos, looks);
  }

  private void second(long now) {
    if (loops != null && vertx != null) {
      expose(loops.add(vertx.stockLoops()));
    }
    if (pools != null) {
      pools.read(aliveNanos);
    }
    if (routes != null) {
      routes.read(now);
    }
    machine.read(now);
    refusals.read(pipelines.snapshots(), now, aliveNanos, lines::warn);
  }

  /** From its first request on. */
  private synchronized void hear(BoundPipeline<?, ?> pipeline) {
    pipeline
        .schedulers()
        .forEach(
            (stage, own) ->
                hear(new TakeoverLog.Part(own.enclave(), pipeline.name() + "/" + stage)));
  }

  private void hear(TakeoverLog.Part part) {
    if (heardOf.add(part.enclave())) {
      log.listen(part);
    }
  }

  /** Looks closely, for somebody who asks. Holds this. */
  void lookNow() {
    look(System.nanoTime(), MANY_LOOKS);
  }

  /** Sends probes. Holds this; a few times a second while somebody watches. */
  void probe() {
    if (loops != null) {
      long now = System.nanoTime();
      look(now, MANY_LOOKS);
      loops.look(aliveNanos, now);
    }
  }

  // ---------------------------------------------------------------- what it knows; hold this

  @Nullable Scheduler scheduler() {
    return scheduler;
  }

  Pipelines pipelines() {
    return pipelines;
  }

  TakeoverLog log() {
    return log;
  }

  @Nullable LoopWatch loops() {
    return loops;
  }

  /** Pools of worker threads; null without metrics. */
  @Nullable PoolWatch pools() {
    return pools;
  }

  @Nullable RouteWindow routes() {
    return routes;
  }

  StackSampler stacks() {
    return stacks;
  }

  Machine.Shares machine() {
    return machine.shares();
  }

  /** As {@link Machine#pausesSince}. */
  double pausesSince(long sinceNanos, long now) {
    return machine.pausesSince(sinceNanos, now);
  }

  Refusals refusals() {
    return refusals;
  }

  /** Pools without a standby, those of stages included. */
  List<PoolSnapshot> exhausted() {
    List<PoolSnapshot> exhausted = new ArrayList<>();
    for (Enclave enclave : heardOf) {
      enclave.poolSnapshots().stream().filter(PoolSnapshot::exhausted).forEach(exhausted::add);
    }
    return exhausted;
  }

  /** What is under way, the oldest first. */
  List<BatonMetrics.UnderWay> underWay() {
    return metrics == null
        ? List.of()
        : metrics.underWay().stream()
            .sorted(Comparator.comparingLong(BatonMetrics.UnderWay::oldestNanos))
            .toList();
  }

  /** What is under way, in words: for who waits for it, such as a drain. Any thread. */
  public String underWayInWords() {
    List<BatonMetrics.UnderWay> all = underWay();
    long now = System.nanoTime();
    int count = all.stream().mapToInt(BatonMetrics.UnderWay::count).sum();
    return all.isEmpty()
        ? "no request under way"
        : count
            + (count == 1 ? " request" : " requests")
            + " under way, the oldest for "
            + Diagnosis.time(now - all.getFirst().oldestNanos())
            + ": "
            + String.join(
                ", ",
                all.stream()
                    .limit(5)
                    .map(u -> u.method() + " " + u.route() + " (" + u.count() + ")")
                    .toList());
  }
}
