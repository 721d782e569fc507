package dev.baton.stages;

import dev.baton.scheduler.DidYouMean;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Reads options from JSON, and checks them. */
final class Fields {
  private Fields() {}

  /** Sets each field of {@code json} on {@code target}. */
  static <T> void read(JsonObject json, Map<String, BiConsumer<T, Object>> setters, T target) {
    json.forEach(
        field -> {
          BiConsumer<T, Object> setter = setters.get(field.getKey());
          if (setter == null) {
            throw new IllegalArgumentException(
                field.getKey()
                    + "="
                    + field.getValue()
                    + ": there is no such option; did you mean "
                    + DidYouMean.nearest(field.getKey(), setters.keySet())
                    + "?");
          }
          setter.accept(target, field.getValue());
        });
  }

  static int integer(String name, Object value) {
    if (value instanceof Integer i) {
      return i;
    }
    throw new IllegalArgumentException(name + "=" + value + ": write a whole number");
  }

  static Duration millis(String name, Object value) {
    if (value instanceof Number number) {
      return Duration.ofNanos((long) (number.doubleValue() * 1e6));
    }
    throw new IllegalArgumentException(name + "=" + value + ": write milliseconds");
  }

  static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }

  static JsonObject object(String name, Object value) {
    if (value instanceof JsonObject object) {
      return object;
    }
    throw new IllegalArgumentException(name + "=" + value + ": write an object");
  }

  /**
   * Reads an object inside another one.
   *
   * @throws IllegalArgumentException if it cannot be read; the message begins with {@code path}
   */
  static <T> T within(String path, Object value, Function<JsonObject, T> reader) {
    try {
      return reader.apply(object("", value));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new IllegalArgumentException(path + (message.startsWith("=") ? "" : ".") + message, e);
    }
  }

  static int check(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name + "=" + value + ": give " + min + ".." + max);
    }
    return value;
  }

  static Duration notNegative(String name, Duration value) {
    if (value.isNegative() || value.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(name + "=" + value + ": give zero up to a day");
    }
    return value;
  }
}
