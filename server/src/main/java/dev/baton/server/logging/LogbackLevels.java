package dev.baton.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Logback's. Only this class and {@link LogConsole} see it: applications may log elsewhere. */
final class LogbackLevels implements LogLevels {
  private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

  @Override
  public JsonArray toJson() {
    JsonArray loggers = new JsonArray();
    for (Logger logger : context.getLoggerList()) {
      Level level = logger.getLevel();
      if (level != null) {
        loggers.add(
            new JsonObject()
                .put("logger", logger.getName())
                .put("level", level.toString().toLowerCase(Locale.ROOT)));
      }
    }
    return loggers;
  }

  @Override
  public void set(String logger, @Nullable String level) {
    if (level == null && logger.equals(Logger.ROOT_LOGGER_NAME)) {
      throw new IllegalArgumentException("level=null: ROOT inherits from none; give a level");
    }
    context.getLogger(logger).setLevel(level == null ? null : parse(level));
  }

  static Level parse(String text) {
    Level level = Level.toLevel(text, null);
    if (level == null) {
      throw new IllegalArgumentException(
          "level=" + text + ": choose one of trace, debug, info, warn, error, off");
    }
    return level;
  }
}
