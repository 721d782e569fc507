package dev.baton.stages;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.EnclaveStage;
import dev.baton.scheduler.queue.StagePlace;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A stage that is bound: its place, its bound, its counters. Any thread. */
final class StageRunner {
  private static final int QUIET_MILLIS = 20;
  private static final int CLOSE_TIMEOUT_MILLIS = 10_000;

  final String name;
  final Stage.Kind kind;
  private final StageFunction<Object, Object> code;
  final long deadlineNanos;

  /** Where a partitioned stage's continuations wait; null if it is fused. */
  final @Nullable StagePlace queue;

  /** Refuses what has waited in {@link #queue}; null without queue or target. */
  final @Nullable Admission admission;

  private final @Nullable EnclaveStage inEnclave;
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
      StageHost host,
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
    String enclave = options.getEnclave();
    if (enclave != null && !partitioned) {
      throw new IllegalArgumentException(
          "stages."
              + name
              + ".enclave="
              + enclave
              + ": a fused stage runs where its request does; set its placement to partitioned");
    }
    inEnclave = enclave == null ? null : inEnclave(host, enclave, pipeline, capacity);
    loops =
        partitioned && inEnclave == null
            ? host.newScheduler().options(options.getScheduler()).stageCapacity(capacity).start()
            : null;
    queue = loops == null ? inEnclave : Objects.requireNonNull(loops.stageQueue());
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

  private EnclaveStage inEnclave(StageHost host, String enclave, String pipeline, int places) {
    try {
      return new EnclaveStage(host.enclave(enclave), "stage " + pipeline + "/" + name, places);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("stages." + name + "." + e.getMessage(), e);
    }
  }

  /**
   * Has it run on the loops of another enclave from now on.
   *
   * @throws IllegalArgumentException if it runs on loops of its own, or where its request does
   */
  void moveTo(Enclave enclave) {
    EnclaveStage place = inEnclave;
    if (place == null) {
      throw new IllegalArgumentException(
          "stage="
              + name
              + ": it is in no enclave; have it begin in one, by the option enclave of the stage");
    }
    place.moveTo(enclave);
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
    StagePlace q = queue;
    EnclaveStage place = inEnclave;
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
        counts,
        place == null ? null : place.enclave().name());
  }
}
