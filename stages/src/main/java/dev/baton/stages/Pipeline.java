package dev.baton.stages;

import dev.baton.scheduler.DidYouMean;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A chain of typed stages. Immutable: each method returns a longer pipeline.
 *
 * <pre>{@code
 * Pipeline<Exchange, Response> orders =
 *     Pipeline.of("orders", Parse.json(Order.class))
 *         .then("price", Order::price)
 *         .then(Respond.json());
 * }</pre>
 *
 * @param <I> what goes in
 * @param <O> what comes out
 */
public final class Pipeline<I, O> {
  private final String name;
  private final List<Stage<?, ?>> stages;
  private final @Nullable BiFunction<Throwable, I, @Nullable O> errorMapper;

  private Pipeline(
      String name,
      List<Stage<?, ?>> stages,
      @Nullable BiFunction<Throwable, I, @Nullable O> errorMapper) {
    this.name = name;
    this.stages = stages;
    this.errorMapper = errorMapper;
  }

  /**
   * A pipeline of one stage.
   *
   * @param name in options, metrics and logs; follows the rules of a stage's name
   */
  public static <I, O> Pipeline<I, O> of(String name, Stage<I, O> first) {
    Stage<?, ?> _ = first.named(name); // the same rules
    return new Pipeline<>(name, List.of(first), null);
  }

  /**
   * Adds a stage.
   *
   * @throws IllegalArgumentException if a stage of that name is there already
   */
  public <T> Pipeline<I, T> then(Stage<? super O, ? extends T> stage) {
    if (stages.stream().anyMatch(other -> other.name().equals(stage.name()))) {
      throw new IllegalArgumentException(
          "stage=" + stage.name() + ": pipeline " + name + " has one already; see Stage.named");
    }
    if (errorMapper != null) {
      throw new IllegalStateException(
          "stage=" + stage.name() + ": add stages to " + name + " before its error mapper");
    }
    List<Stage<?, ?>> longer = new ArrayList<>(stages);
    longer.add(stage);
    return new Pipeline<>(name, List.copyOf(longer), null);
  }

  /** Adds a stage whose function returns its result. It may block. */
  public <T> Pipeline<I, T> then(String stage, StageFunction<? super O, ? extends T> code) {
    return then(Stage.<O, T>plain(stage, code::apply));
  }

  /** Adds a stage whose function returns a future; the request is suspended until then. */
  public <T> Pipeline<I, T> thenCompose(
      String stage, StageFunction<? super O, ? extends Future<? extends T>> code) {
    return then(Stage.<O, T>future(stage, code::apply));
  }

  /** Adds a stage whose function runs on a virtual thread: for code known to block. */
  public <T> Pipeline<I, T> thenVirtual(String stage, StageFunction<? super O, ? extends T> code) {
    return then(Stage.<O, T>virtual(stage, code::apply));
  }

  /**
   * Says what comes out when a stage has thrown; the last step. The default answers {@link
   * Problem}s as they say, and everything else with status 500 and one line in the log.
   *
   * @param mapper gets the exception and the pipeline's input; null leaves it to the default.
   *     Called where the stage ran
   */
  public Pipeline<I, O> mapError(BiFunction<Throwable, I, @Nullable O> mapper) {
    return new Pipeline<>(name, stages, mapper);
  }

  /**
   * Checks that the stages which {@code options} name are there.
   *
   * @throws IllegalArgumentException if one is not; the message names it, and the nearest
   */
  public void check(PipelineOptions options) {
    List<String> known = stages.stream().map(Stage::name).toList();
    for (String asked : options.getStages().keySet()) {
      if (!known.contains(asked)) {
        throw new IllegalArgumentException(
            "stages."
                + asked
                + ": pipeline "
                + name
                + " has no such stage; did you mean "
                + DidYouMean.nearest(asked, known)
                + "?");
      }
    }
  }

  public String name() {
    return name;
  }

  /** In order. */
  public List<Stage<?, ?>> stages() {
    return stages;
  }

  @Nullable BiFunction<Throwable, I, @Nullable O> errorMapper() {
    return errorMapper;
  }

  @Override
  public String toString() {
    return "Pipeline[" + name + ", " + stages + "]";
  }
}
