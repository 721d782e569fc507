package dev.baton.server.metrics;

import io.vertx.core.VertxOptions;
import io.vertx.core.spi.VertxMetricsFactory;

/**
 * Makes the metrics of a {@code Vertx}. On a stock one either name it or let it be found:
 *
 * <pre>{@code
 * Vertx.builder().withMetrics(new BatonMetricsFactory()).build();
 * Vertx.vertx(new VertxOptions().setMetricsOptions(new MetricsOptions().setEnabled(true)));
 * }</pre>
 */
public final class BatonMetricsFactory implements VertxMetricsFactory {
  @Override
  public BatonMetrics metrics(VertxOptions options) {
    return new BatonMetrics();
  }
}
