package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The short form of the differential: what handlers see, in which order, is what they see on stock
 * Vert.x. That stock beside stock shows no difference is what makes the others mean something.
 */
@Timeout(300)
final class DifferentialTest {
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSeeWhatStockSees(Host host) {
    long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

    Differential.Result result = Differential.run(host, 300, seed, true);

    assertThat(result.differences()).as("seed " + seed).isEmpty();
    assertThat(result.played()).isEqualTo(300);
  }
}
