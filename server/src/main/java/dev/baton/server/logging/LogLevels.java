package dev.baton.server.logging;

import io.vertx.core.json.JsonArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The levels of loggers, as the log's backend keeps them. Any thread. */
public interface LogLevels {
  /** The logger that all others inherit from. */
  String ROOT = "ROOT";

  /** Those of Logback; null if the log goes elsewhere, where levels are that one's own. */
  static @Nullable LogLevels find() {
    boolean logback =
        LoggerFactory.getILoggerFactory()
            .getClass()
            .getName()
            .equals("ch.qos.logback.classic.LoggerContext");
    return logback ? new LogbackLevels() : null;
  }

  /** Loggers that have a level of their own; the first one is {@code ROOT}. */
  JsonArray toJson();

  /**
   * Sets a level, from now on.
   *
   * @param logger its name, or {@code ROOT}
   * @param level {@code trace}, {@code debug}, {@code info}, {@code warn}, {@code error} or {@code
   *     off}; null inherits again
   * @throws IllegalArgumentException for any other level, and for null at {@code ROOT}
   */
  void set(String logger, @Nullable String level);
}
