package dev.baton.scheduler.queue;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;

/** A scenario for Lincheck by the names of its operations, which take no arguments. */
public final class Scenario {
  private final Class<?> tested;
  private final List<Actor> before = new ArrayList<>();
  private final List<List<Actor>> threads = new ArrayList<>();

  private Scenario(Class<?> tested) {
    this.tested = tested;
  }

  /** An empty one of {@code tested}. */
  public static Scenario of(Class<?> tested) {
    return new Scenario(tested);
  }

  /** What one thread does first. */
  public Scenario before(String... operations) {
    before.addAll(actors(operations));
    return this;
  }

  /** One more thread. */
  public Scenario thread(String... operations) {
    threads.add(actors(operations));
    return this;
  }

  /** The scenario. */
  public ExecutionScenario build() {
    return new ExecutionScenario(before, threads, List.of(), validation());
  }

  private List<Actor> actors(String... operations) {
    return Arrays.stream(operations).map(name -> new Actor(method(name), List.of())).toList();
  }

  private Method method(String name) {
    try {
      return tested.getMethod(name);
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private @Nullable Actor validation() {
    return Arrays.stream(tested.getMethods())
        .filter(method -> method.isAnnotationPresent(Validate.class))
        .findAny()
        .map(method -> new Actor(method, List.of()))
        .orElse(null);
  }
}
