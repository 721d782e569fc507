package dev.baton.server.metrics;

import io.vertx.core.VertxOptions;
import io.vertx.core.spi.VertxMetricsFactory;

/**
 * Makes the metrics of a {@code Vertx}. On a stock one it is named, and never found by itself: an
 * application that enables metrics of its own gets those, whatever the order of its class path.
 *
 * <pre>{@code
 * Vertx.builder().withMetrics(new BatonMetricsFactory()).build();
 * }</pre>
 */
public final class BatonMetricsFactory implements VertxMetricsFactory {
  @Override
  public BatonMetrics metrics(VertxOptions options) {
    return new BatonMetrics();
  }
}
