package dev.baton.loadgen.values;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Named values that placeholders stand for. */
@FunctionalInterface
public interface Values {
  /** No values at all. */
  Values NONE = name -> null;

  /** The value of a name; null if there is none. */
  @Nullable String get(String name);

  /** The cookies, {@code name=value} each, to be sent with a request to a URL. */
  default List<String> cookies(URI uri) {
    return List.of();
  }
}
