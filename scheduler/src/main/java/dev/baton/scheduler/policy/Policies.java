package dev.baton.scheduler.policy;

import dev.baton.scheduler.DidYouMean;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The policies that can be chosen by name: those of this package, and those that an application
 * brings as services, listed in {@code
 * META-INF/services/dev.baton.scheduler.policy.SchedulingPolicy} and with a constructor without
 * arguments. Any thread.
 */
public final class Policies {
  /** The name of the one that decides unless another one is chosen. */
  public static final String DEFAULT = "run-to-completion";

  private static final List<Supplier<SchedulingPolicy>> OURS =
      List.of(
          RunToCompletionPolicy::new,
          PerCoreFifoPolicy::new,
          CentralizedFifoPolicy::new,
          ShinjukuPolicy::new,
          EarliestDeadlinePolicy::new,
          ReservedShortPolicy::new,
          StagePartitionedPolicy::new);

  private Policies() {}

  private static SortedMap<String, Supplier<SchedulingPolicy>> all() {
    SortedMap<String, Supplier<SchedulingPolicy>> found = new TreeMap<>();
    OURS.forEach(policy -> found.put(policy.get().name(), policy));
    ServiceLoader.load(SchedulingPolicy.class).stream()
        .forEach(provider -> found.putIfAbsent(provider.get().name(), provider));
    return found;
  }

  /** Their names, in order. */
  public static List<String> names() {
    return List.copyOf(all().keySet());
  }

  /**
   * A new policy of this name.
   *
   * @throws IllegalArgumentException if there is none; the message says which one may be meant
   * @throws ServiceConfigurationError if one that an application brings cannot be made
   */
  public static SchedulingPolicy byName(String name) {
    SortedMap<String, Supplier<SchedulingPolicy>> all = all();
    Supplier<SchedulingPolicy> policy = all.get(name);
    if (policy == null) {
      throw new IllegalArgumentException(
          "policy="
              + name
              + ": there is no such policy; did you mean "
              + DidYouMean.nearest(name, all.keySet())
              + "? There are "
              + String.join(", ", all.keySet()));
    }
    return policy.get();
  }
}
