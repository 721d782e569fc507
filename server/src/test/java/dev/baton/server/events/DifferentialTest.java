package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Set;
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
  /** Hosts that differ today; an entry goes when they do not. */
  private static final Set<Host> KNOWN_TO_DIFFER = Set.of(Host.SERIAL, Host.PER_REQUEST);

  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldSeeWhatStockSees(Host host) {
    assumeFalse(KNOWN_TO_DIFFER.contains(host), () -> host + " is known to differ");
    long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

    Differential.Result result = Differential.run(host, 300, seed, true);

    assertThat(result.differences()).as("seed " + seed).isEmpty();
    assertThat(result.played()).isEqualTo(300);
  }
}
