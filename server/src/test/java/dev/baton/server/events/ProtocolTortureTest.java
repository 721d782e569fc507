package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The short form of the torture of all protocols; stock shows that the torture itself is right. */
@Timeout(300)
final class ProtocolTortureTest {
  /** Hosts that fail today; an entry goes when they do not. */
  private static final Set<Host> KNOWN_TO_FAIL = Set.of(Host.SERIAL, Host.PER_REQUEST);

  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldEchoEveryByteAndOverlapNoCallbacks(Host host) {
    assumeFalse(KNOWN_TO_FAIL.contains(host), () -> host + " is known to fail");

    ProtocolTorture.Result result = ProtocolTorture.run(host, 2, 120);

    assertThat(result.clean()).as(result.toString()).isTrue();
  }
}
