package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import io.vertx.core.spi.metrics.PoolMetrics;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One pool: of worker threads, or of a client's connections. Times are nanoseconds, boxed. */
final class PoolRecorder implements PoolMetrics<Long, Long> {
  /** The families that all pools share. */
  static final class Families {
    private static final int MAX_POOLS = 64;

    private final Recorder recorder;
    private final Family queueTime;
    private final Family queuePending;
    private final Family usage;
    private final Family inUse;
    private final int clientQueueTime;
    private final int clientQueuePending;

    Families(Recorder recorder) {
      this.recorder = recorder;
      queueTime =
          family(Kind.HISTOGRAM, "vertx_pool_queue_time_seconds", "Time spent waiting for a pool.");
      queuePending = family(Kind.GAUGE, "vertx_pool_queue_pending", "Who waits for a pool.");
      usage =
          recorder.family(
              builder(Kind.HISTOGRAM, "vertx_pool_usage_seconds", "Time of using a pool.")
                  .countedAs("vertx_pool_completed", "Uses of a pool that have ended."));
      inUse = family(Kind.GAUGE, "vertx_pool_in_use", "Who uses a pool.");
      clientQueueTime =
          recorder
              .family(
                  FamilySpec.of(
                      Kind.HISTOGRAM,
                      "vertx_http_client_queue_time_seconds",
                      "Time that requests waited for a connection."))
              .series();
      clientQueuePending =
          recorder
              .family(
                  FamilySpec.of(
                      Kind.GAUGE,
                      "vertx_http_client_queue_pending",
                      "Requests that wait for a connection."))
              .series();
    }

    private Family family(Kind kind, String name, String help) {
      return recorder.family(builder(kind, name, help));
    }

    private static FamilySpec builder(Kind kind, String name, String help) {
      return FamilySpec.of(kind, name, help, "pool_type", "pool_name").withMaxSeries(MAX_POOLS);
    }

    List<BatonMetrics.PoolUse> uses(String type) {
      return queuePending.all().stream()
          .filter(series -> series.values().getFirst().equals(type))
          .map(series -> use(series.number(), type, series.values().getLast()))
          .toList();
    }

    private BatonMetrics.PoolUse use(int pending, String type, String name) {
      long waiting = recorder.value(pending);
      return new BatonMetrics.PoolUse(
          name,
          waiting,
          recorder.value(inUse.series(type, name)),
          waiting > 0 ? recorder.latency(usage.series(type, name)).count() : -1);
    }

    /** A pool with these labels; pools of the same labels are one. */
    PoolRecorder pool(String type, @Nullable String name) {
      String label = name == null ? "" : name;
      return new PoolRecorder(
          recorder,
          queueTime.series(type, label),
          queuePending.series(type, label),
          usage.series(type, label),
          inUse.series(type, label),
          type.equals("http") ? clientQueueTime : -1,
          type.equals("http") ? clientQueuePending : -1);
    }
  }

  private final Recorder recorder;
  private final int queueTime;
  private final int queuePending;
  private final int usage;
  private final int inUse;
  private final int clientQueueTime;
  private final int clientQueuePending;

  private PoolRecorder(
      Recorder recorder,
      int queueTime,
      int queuePending,
      int usage,
      int inUse,
      int clientQueueTime,
      int clientQueuePending) {
    this.recorder = recorder;
    this.queueTime = queueTime;
    this.queuePending = queuePending;
    this.usage = usage;
    this.inUse = inUse;
    this.clientQueueTime = clientQueueTime;
    this.clientQueuePending = clientQueuePending;
  }

  @Override
  public Long enqueue() {
    Cell cell = recorder.cell();
    cell.add(queuePending, 1);
    if (clientQueuePending >= 0) {
      cell.add(clientQueuePending, 1);
    }
    return System.nanoTime();
  }

  @Override
  public void dequeue(Long enqueuedNanos) {
    long nanos = System.nanoTime() - enqueuedNanos;
    Cell cell = recorder.cell();
    cell.add(queuePending, -1);
    cell.record(queueTime, nanos);
    if (clientQueuePending >= 0) {
      cell.add(clientQueuePending, -1);
      cell.record(clientQueueTime, nanos);
    }
  }

  @Override
  public Long begin() {
    recorder.cell().add(inUse, 1);
    return System.nanoTime();
  }

  @Override
  public void end(Long begunNanos) {
    Cell cell = recorder.cell();
    cell.add(inUse, -1);
    cell.record(usage, System.nanoTime() - begunNanos);
  }
}
