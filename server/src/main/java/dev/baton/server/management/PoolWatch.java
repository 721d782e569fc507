package dev.baton.server.management;

import dev.baton.server.metrics.BatonMetrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sees which pools of worker threads stand still: tasks wait, and none has ended for a while. The
 * pools are Vert.x's, shared by all that runs blocking code there. One thread at a time.
 */
final class PoolWatch {
  /** For how long no task has ended when a pool is said to stand still. */
  private static final long STILL_NANOS = 1_000_000_000L;

  private static final String WORKERS = "worker";

  /** What is known of one pool. */
  static final class Pool {
    private final String name;
    private BatonMetrics.PoolUse use;
    private long ended = -1;
    private long sinceNanos;
    private long stillNanos;
    private long episodes;
    private long lookedNanos;
    private @Nullable Doing doing;

    private Pool(BatonMetrics.PoolUse use) {
      this.name = use.name();
      this.use = use;
    }

    /** Such as {@code vert.x-worker-thread}. */
    String name() {
      return name;
    }

    BatonMetrics.PoolUse use() {
      return use;
    }

    /** For how long it has stood still; 0 if it goes on, or has nothing to do. */
    long stillNanos() {
      return stillNanos;
    }

    /** What one of its threads does, while it stands still. */
    @Nullable Doing doing() {
      return doing;
    }

    /** Such as {@code Pool x: 20 tasks run, 3 wait, none has ended}. */
    String inWords() {
      return "Pool "
          + name
          + ": "
          + use.inUse()
          + (use.inUse() == 1 ? " task runs, " : " tasks run, ")
          + use.waiting()
          + (use.waiting() == 1 ? " waits" : " wait")
          + ", none has ended";
    }
  }

  private final BatonMetrics metrics;
  private final StackSampler stacks;
  private final Map<String, Pool> pools = new LinkedHashMap<>();

  PoolWatch(BatonMetrics metrics, StackSampler stacks) {
    this.metrics = metrics;
    this.stacks = stacks;
  }

  /**
   * Reads once more. Once a second.
   *
   * @param aliveNanos a clock that stands when this process does
   */
  void read(long aliveNanos) {
    for (BatonMetrics.PoolUse use : metrics.pools(WORKERS)) {
      Pool pool =
          pools.computeIfAbsent(
              use.name(),
              _ -> {
                Pool fresh = new Pool(use);
                expose(fresh);
                return fresh;
              });
      pool.use = use;
      look(pool, aliveNanos);
    }
  }

  private void expose(Pool pool) {
    Gauge.builder("baton.pool.still", pool, p -> p.stillNanos / 1e9)
        .description("For how long no task of the pool has ended while some wait; 0 if it goes on.")
        .baseUnit("seconds")
        .tag("pool_name", pool.name)
        .register(metrics.registry());
    FunctionCounter.builder("baton.pool.stalls", pool, p -> p.episodes)
        .description("How often the pool has stood still for a second or more.")
        .tag("pool_name", pool.name)
        .register(metrics.registry());
  }

  private void look(Pool pool, long aliveNanos) {
    if (pool.use.waiting() <= 0 || pool.use.ended() != pool.ended) {
      pool.ended = pool.use.ended();
      pool.sinceNanos = aliveNanos;
      pool.stillNanos = 0;
      pool.doing = null;
      return;
    }
    long nanos = aliveNanos - pool.sinceNanos;
    if (nanos < STILL_NANOS) {
      return;
    }
    if (pool.stillNanos == 0) {
      pool.episodes++;
    }
    pool.stillNanos = nanos;
    if (pool.doing == null || nanos > 2 * pool.lookedNanos) {
      pool.doing = stacks.lookAtPool(pool.name + "-");
      pool.lookedNanos = nanos;
    }
  }

  /** All that were seen. */
  List<Pool> pools() {
    return List.copyOf(pools.values());
  }

  /** Those that stand still. */
  List<Pool> still() {
    return pools.values().stream().filter(p -> p.stillNanos > 0).toList();
  }
}
