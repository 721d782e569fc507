package dev.baton.server.metrics;

import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.metrics.Metrics;
import io.vertx.core.spi.metrics.TransportMetrics;
import io.vertx.core.spi.metrics.VertxMetrics;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;

/**
 * The check at start that Vert.x calls what this package implements. The methods of Vert.x's
 * metrics interfaces have default bodies: when one changes its signature, an implementation
 * compiled for another version goes on without an error, and without that metric.
 */
final class MetricsSpi {
  private MetricsSpi() {}

  /**
   * Checks the Vert.x on the class path.
   *
   * @throws IllegalStateException if series would be missing; the message says which and what to do
   */
  static void check() {
    checkEnabled(Metrics.METRICS_ENABLED);
    check(
        VertxMetrics.class,
        BatonMetrics.class,
        Set.of(
            "createEventBusMetrics",
            "createHttpServerMetrics",
            "createHttpClientMetrics",
            "createTcpServerMetrics",
            "createTcpClientMetrics",
            "createPoolMetrics",
            "vertxCreated"));
    check(
        HttpServerMetrics.class,
        HttpServerRecorder.class,
        Set.of(
            "requestBegin",
            "requestReset",
            "requestRouted",
            "responseEnd",
            "connected",
            "disconnected"));
    check(
        TransportMetrics.class,
        TransportRecorder.class,
        Set.of("connected", "disconnected", "bytesRead", "bytesWritten"));
  }

  static void checkEnabled(boolean enabled) {
    if (!enabled) {
      throw new IllegalStateException(
          "vertx.disableMetrics=true switches all metrics of Vert.x off; remove that property, or"
              + " start Baton with the option metrics=false");
    }
  }

  /**
   * Checks one interface.
   *
   * @param names of the methods that must be overridden, whatever their parameters
   */
  static void check(Class<?> spi, Class<?> implementation, Set<String> names) {
    for (String name : names) {
      Method[] called =
          Arrays.stream(spi.getMethods())
              .filter(m -> m.getName().equals(name) && !m.isSynthetic())
              .toArray(Method[]::new);
      if (called.length == 0) {
        throw missing(spi, name + "(…) is gone");
      }
      for (Method method : called) {
        if (!isOverridden(method, implementation)) {
          throw missing(spi, method + " is not what this version implements");
        }
      }
    }
  }

  private static boolean isOverridden(Method method, Class<?> implementation) {
    try {
      return !implementation
          .getMethod(method.getName(), method.getParameterTypes())
          .getDeclaringClass()
          .isInterface();
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private static IllegalStateException missing(Class<?> spi, String what) {
    return new IllegalStateException(
        spi.getSimpleName()
            + ": "
            + what
            + ", so its series would be missing without a word. Use the Vert.x version that Baton"
            + " is made for (import Baton's dependency management), or start Baton with the option"
            + " metrics=false");
  }
}
