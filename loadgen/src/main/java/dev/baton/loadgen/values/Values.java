package dev.baton.loadgen.values;

import org.jspecify.annotations.Nullable;

/** Named values that placeholders stand for. */
@FunctionalInterface
public interface Values {
  /** No values at all. */
  Values NONE = name -> null;

  /** The value of a name; null if there is none. */
  @Nullable String get(String name);
}
