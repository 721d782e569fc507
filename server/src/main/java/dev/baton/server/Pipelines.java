package dev.baton.server;

import dev.baton.scheduler.DidYouMean;
import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.stages.BoundPipeline;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** The pipelines bound on a {@code Vertx}. Any thread. */
public final class Pipelines implements Shareable {
  private static final String KEY = "baton.pipelines";

  private final Collection<BoundPipeline<?, ?>> bound = new CopyOnWriteArrayList<>();

  private final Collection<Consumer<BoundPipeline<?, ?>>> listeners = new CopyOnWriteArrayList<>();

  private Pipelines() {}

  public static Pipelines of(Vertx vertx) {
    return vertx
        .sharedData()
        .<String, Pipelines>getLocalMap(KEY)
        .computeIfAbsent(KEY, _ -> new Pipelines());
  }

  void add(BoundPipeline<?, ?> pipeline) {
    bound.add(pipeline);
    listeners.forEach(listener -> listener.accept(pipeline));
  }

  /** Has {@code listener} told of each, before its first request; of some twice. */
  public void onBound(Consumer<BoundPipeline<?, ?>> listener) {
    listeners.add(listener);
    bound.forEach(listener);
  }

  void remove(BoundPipeline<?, ?> pipeline) {
    bound.remove(pipeline);
  }

  /**
   * Every stage of every pipeline. Pipelines of one name, such as those that the instances of a
   * verticle have bound, count as one.
   */
  public List<StageSnapshot> snapshots() {
    Map<List<String>, StageSnapshot> byName = new LinkedHashMap<>();
    for (BoundPipeline<?, ?> pipeline : bound) {
      for (StageSnapshot stage : pipeline.snapshots()) {
        byName.merge(List.of(stage.pipeline(), stage.stage()), stage, StageSnapshot::plus);
      }
    }
    return List.copyOf(byName.values());
  }

  /**
   * Has a stage run on the loops of another enclave from now on, in every pipeline of that name.
   *
   * @throws IllegalArgumentException if there is no such pipeline or stage, or it is in no enclave
   */
  public void moveStage(String pipeline, String stage, Enclave enclave) {
    List<BoundPipeline<?, ?>> named =
        bound.stream().filter(p -> p.name().equals(pipeline)).toList();
    if (named.isEmpty()) {
      List<String> names = bound.stream().map(BoundPipeline::name).distinct().toList();
      throw new IllegalArgumentException(
          "stage="
              + pipeline
              + "/"
              + stage
              + ": there is no such pipeline"
              + (names.isEmpty()
                  ? ", nor any other one"
                  : "; did you mean " + DidYouMean.nearest(pipeline, names) + "?"));
    }
    named.forEach(p -> p.moveStage(stage, enclave));
  }

  /** The loops of a partitioned stage, once per pipeline of that name; none if it is fused. */
  public List<Scheduler> schedulersOf(String pipeline, String stage) {
    return bound.stream()
        .filter(p -> p.name().equals(pipeline))
        .map(p -> p.schedulers().get(stage))
        .filter(Objects::nonNull)
        .toList();
  }
}
