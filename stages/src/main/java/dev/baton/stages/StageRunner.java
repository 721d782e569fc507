package dev.baton.stages;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.queue.StageQueue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A stage that is bound: its place, its bound, its counters. Any thread. */
final class StageRunner {
  private static final int QUIET_MILLIS = 20;
  private static final int CLOSE_TIMEOUT_MILLIS = 10_000;

  final String name;
  final Stage.Kind kind;
  private final StageFunction<Object, Object> code;
  final long deadlineNanos;

  /** What a partitioned stage's loops pull from; null if it is fused. */
  final @Nullable StageQueue queue;

  /** Refuses what has waited in {@link #queue}; null without queue or target. */
  final @Nullable Admission admission;

  private final @Nullable Scheduler loops;
  private final int capacity;
  private final boolean counted;
  private final AtomicInteger inside = new AtomicInteger();
  private final Map<StageOutcome, LongAdder> outcomes = new EnumMap<>(StageOutcome.class);
  private final @Nullable StageListener listener;

  @SuppressWarnings("unchecked")
  StageRunner(
      String pipeline,
      Stage<?, ?> stage,
      PipelineOptions pipelineOptions,
      StageOptions options,
      Supplier<Scheduler.Builder> schedulers,
      StageListener.@Nullable Factory listeners) {
    name = stage.name();
    kind = stage.kind();
    code = (StageFunction<Object, Object>) stage.code();
    deadlineNanos = options.getDeadline().toNanos();
    boolean partitioned = options.getPlacement() == Placement.PARTITIONED;
    int asked = options.getCapacity();
    capacity =
        asked > 0
            ? asked
            : partitioned || kind == Stage.Kind.VIRTUAL ? StageOptions.DEFAULT_CAPACITY : 0;
    loops =
        partitioned
            ? schedulers.get().options(options.getScheduler()).stageCapacity(capacity).start()
            : null;
    queue = loops == null ? null : Objects.requireNonNull(loops.stageQueue());
    counted = queue == null && capacity > 0;
    long target = pipelineOptions.getAdmissionTarget().toNanos();
    admission =
        queue == null || target == 0
            ? null
            : new Admission(
                target, pipelineOptions.getAdmissionInterval().toNanos(), System.nanoTime());
    listener = listeners == null ? null : listeners.listenerOf(pipeline, name);
    for (StageOutcome outcome : StageOutcome.values()) {
      outcomes.put(outcome, new LongAdder());
    }
  }

  /**
   * Runs the stage's function; a null is what the stage before has returned. An interrupt flag that
   * it leaves behind ends with it: what follows on this thread has not been interrupted.
   */
  @SuppressWarnings("NullAway")
  Object apply(@Nullable Object input) throws Exception {
    try {
      return code.apply(input);
    } finally {
      boolean _ = Thread.interrupted();
    }
  }

  /** Takes a slot of a stage without queue. */
  boolean enter() {
    if (!counted) {
      return true;
    }
    int now;
    do {
      // Not "increment, look, take back": meanwhile others would be refused a slot that is free.
      now = inside.get();
      if (now >= capacity) {
        return false;
      }
    } while (!inside.compareAndSet(now, now + 1));
    return true;
  }

  /** Gives the slot of a stage without queue back. */
  void leave() {
    if (counted) {
      inside.decrementAndGet();
    }
  }

  void count(StageOutcome outcome, long waitedNanos, long serviceNanos) {
    Objects.requireNonNull(outcomes.get(outcome)).increment();
    StageListener l = listener;
    if (l != null) {
      l.onStage(outcome, waitedNanos, serviceNanos);
    }
  }

  /** Whether somebody wants to know times. */
  boolean isTimed() {
    return listener != null || deadlineNanos > 0 || queue != null;
  }

  @Nullable Scheduler loops() {
    return loops;
  }

  /**
   * Ends its loops once what is in its queue has run.
   *
   * @return completes when they have ended
   */
  Future<Void> shutdown() {
    if (loops == null) {
      return Future.succeededFuture();
    }
    Promise<Void> ended = Promise.promise();
    loops
        .eventLoopGroup()
        .shutdownGracefully(QUIET_MILLIS, CLOSE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .addListener(_ -> ended.complete());
    return ended.future();
  }

  StageSnapshot snapshot(String pipeline) {
    Map<StageOutcome, Long> counts = new EnumMap<>(StageOutcome.class);
    outcomes.forEach((outcome, count) -> counts.put(outcome, count.sum()));
    StageQueue q = queue;
    return new StageSnapshot(
        pipeline,
        name,
        kind,
        q == null ? Placement.FUSED : Placement.PARTITIONED,
        q == null ? 0 : q.waiting(),
        q == null ? inside.get() : q.inside(),
        capacity,
        admission != null && admission.isOverloaded(),
        q == null ? 0 : q.wakeUps(),
        counts);
  }
}
