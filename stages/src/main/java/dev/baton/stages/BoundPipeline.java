package dev.baton.stages;

import dev.baton.scheduler.DidYouMean;
import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline with its options, its loops and its counters. Any thread.
 *
 * @param <I> what goes in
 * @param <O> what comes out
 */
public final class BoundPipeline<I, O> implements AutoCloseable {
  private final String name;
  private final PipelineOptions options;
  final @Nullable BiFunction<Throwable, I, @Nullable O> errorMapper;
  final StageRunner[] stages;
  final long deadlineNanos;

  /** Whether continuations look at the clock after each stage. */
  final boolean timed;

  private final Admission[] admissions;

  /**
   * Starts the loops of partitioned stages.
   *
   * @param options copied
   * @param homeLoops how many loops {@link RequestContext#loop} may name
   * @param host lends partitioned stages their loops
   * @param listeners hear of every stage; null if nobody listens
   * @throws IllegalArgumentException if options name a stage that the pipeline has not
   */
  public BoundPipeline(
      Pipeline<I, O> pipeline,
      PipelineOptions options,
      int homeLoops,
      StageHost host,
      StageListener.@Nullable Factory listeners) {
    this.name = pipeline.name();
    this.options = new PipelineOptions(options);
    this.errorMapper = pipeline.errorMapper();
    this.deadlineNanos = options.getDeadline().toNanos();
    pipeline.check(options);
    List<StageRunner> runners = new ArrayList<>();
    try {
      for (Stage<?, ?> stage : pipeline.stages()) {
        StageOptions own = options.getStages().getOrDefault(stage.name(), new StageOptions());
        runners.add(new StageRunner(name, stage, options, own, host, listeners));
      }
    } catch (RuntimeException e) {
      runners.forEach(StageRunner::shutdown);
      throw e;
    }
    this.stages = runners.toArray(StageRunner[]::new);
    long target = options.getAdmissionTarget().toNanos();
    this.admissions = new Admission[target == 0 ? 0 : homeLoops];
    for (int i = 0; i < admissions.length; i++) {
      long interval = options.getAdmissionInterval().toNanos();
      admissions[i] = new Admission(target, interval, System.nanoTime());
    }
    this.timed = deadlineNanos > 0 || runners.stream().anyMatch(StageRunner::isTimed);
  }

  /**
   * Runs {@code input} through the stages. In {@code context}, by the thread that has the right to
   * run there; what can be done at once is done before this returns.
   */
  public void run(I input, RequestContext context, Completion<O> completion) {
    new Continuation<>(this, input, context, completion).start();
  }

  /** Whether the first stage runs on loops of its own. */
  public boolean leavesHomeAtOnce() {
    return stages[0].queue != null;
  }

  /** Whether continuations look at the clock when they start. */
  boolean looksAtStart() {
    return timed || admissions.length > 0;
  }

  /** Whether a request that has waited {@code waitedNanos} for loop {@code loop} is let in. */
  boolean admits(int loop, long waitedNanos, long nowNanos) {
    return admissions.length == 0
        || admissions[loop % admissions.length].admits(waitedNanos, nowNanos);
  }

  public String name() {
    return name;
  }

  String lastStage() {
    return stages[stages.length - 1].name;
  }

  /** The options it was bound with; do not change them. */
  public PipelineOptions options() {
    return options;
  }

  /** Every stage, in order. */
  public List<StageSnapshot> snapshots() {
    List<StageSnapshot> snapshots = new ArrayList<>();
    for (StageRunner stage : stages) {
      snapshots.add(stage.snapshot(name));
    }
    return snapshots;
  }

  /**
   * Has a stage run on the loops of another enclave from now on. Any thread.
   *
   * @throws IllegalArgumentException if there is no such stage, or it runs in no enclave
   */
  public void moveStage(String stage, Enclave enclave) {
    List<String> names = new ArrayList<>();
    for (StageRunner runner : stages) {
      if (runner.name.equals(stage)) {
        runner.moveTo(enclave);
        return;
      }
      names.add(runner.name);
    }
    throw new IllegalArgumentException(
        "stage="
            + stage
            + ": pipeline "
            + name
            + " has no such stage; did you mean "
            + DidYouMean.nearest(stage, names)
            + "?");
  }

  /** The schedulers of partitioned stages, by the stage's name, in order. */
  public Map<String, Scheduler> schedulers() {
    Map<String, Scheduler> schedulers = new LinkedHashMap<>();
    for (StageRunner stage : stages) {
      Scheduler own = stage.loops();
      if (own != null) {
        schedulers.put(stage.name, own);
      }
    }
    return schedulers;
  }

  /** The same as {@link #shutdown()}; does not wait. */
  @Override
  public void close() {
    Future<Void> _ = shutdown();
  }

  /**
   * Ends the loops of partitioned stages once what is in their queues has run. Call it when nothing
   * comes any more.
   *
   * @return completes when they have ended
   */
  public Future<Void> shutdown() {
    return Future.join(Arrays.stream(stages).map(StageRunner::shutdown).toList()).mapEmpty();
  }
}
