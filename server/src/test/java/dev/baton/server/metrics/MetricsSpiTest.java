package dev.baton.server.metrics;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MetricsSpiTest {
  /** What another version might call, with a body for those who do not know of it. */
  interface Changed {
    default HttpServerMetrics<?, ?> createHttpServerMetrics(HttpServerConfig config, String name) {
      throw new UnsupportedOperationException(name + config);
    }
  }

  @Test
  void shouldAcceptTheVertxItIsMadeFor() {
    assertThatCode(MetricsSpi::check).doesNotThrowAnyException();
  }

  @Test
  void shouldRefuseAMethodThatHasChangedItsParameters() {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                MetricsSpi.check(
                    Changed.class, BatonMetrics.class, Set.of("createHttpServerMetrics")))
        .withMessageContaining("createHttpServerMetrics")
        .withMessageContaining("its series would be missing")
        .withMessageContaining("metrics=false");
  }

  @Test
  void shouldRefuseAMethodThatIsGone() {
    assertThatIllegalStateException()
        .isThrownBy(
            () -> MetricsSpi.check(Changed.class, BatonMetrics.class, Set.of("createPoolMetrics")))
        .withMessageContaining("createPoolMetrics(…) is gone");
  }

  @Test
  void shouldRefuseVertxWithItsMetricsSwitchedOff() {
    assertThatIllegalStateException()
        .isThrownBy(() -> MetricsSpi.checkEnabled(false))
        .withMessageContaining("vertx.disableMetrics");
  }
}
