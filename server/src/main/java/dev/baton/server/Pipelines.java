package dev.baton.server;

import dev.baton.stages.BoundPipeline;
import dev.baton.stages.StageSnapshot;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.util.List;
import java.util.Map;

/** The pipelines bound on a {@code Vertx}, by name. Any thread. */
public final class Pipelines {
  private static final String MAP = "baton.pipelines";

  private record Entry(BoundPipeline<?, ?> pipeline) implements Shareable {}

  private final Map<String, Entry> entries;

  private Pipelines(Map<String, Entry> entries) {
    this.entries = entries;
  }

  public static Pipelines of(Vertx vertx) {
    return new Pipelines(vertx.sharedData().<String, Entry>getLocalMap(MAP));
  }

  void add(BoundPipeline<?, ?> pipeline) {
    entries.put(pipeline.name(), new Entry(pipeline));
  }

  void remove(BoundPipeline<?, ?> pipeline) {
    entries.remove(pipeline.name(), new Entry(pipeline));
  }

  /** Every stage of every pipeline. */
  public List<StageSnapshot> snapshots() {
    return entries.values().stream().flatMap(e -> e.pipeline().snapshots().stream()).toList();
  }
}
