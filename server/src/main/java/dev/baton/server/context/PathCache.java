package dev.baton.server.context;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What was derived of the paths of one method's requests, so that it need not be derived again.
 * Bounded: emptied when it is full, and long paths are not kept. Any thread.
 */
final class PathCache<T> {
  private static final int MAX_PATHS = 4096;
  private static final int MAX_PATH_LENGTH = 256;

  private final Map<String, T> known = new ConcurrentHashMap<>();

  /** What belongs to {@code path}; null if that is not known. */
  @Nullable T get(String path) {
    return known.get(path);
  }

  /**
   * Keeps what belongs to {@code path}.
   *
   * @return {@code derived}
   */
  T keep(String path, T derived) {
    if (path.length() <= MAX_PATH_LENGTH) {
      if (known.size() >= MAX_PATHS) {
        known.clear();
      }
      known.put(path, derived);
    }
    return derived;
  }

  /** Forgets all. */
  void clear() {
    known.clear();
  }
}
