package dev.baton.server.events;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The short form of the torture of all protocols; stock shows that the torture itself is right. */
@Timeout(300)
final class ProtocolTortureTest {
  @ParameterizedTest
  @EnumSource(Host.class)
  void shouldEchoEveryByteAndOverlapNoCallbacks(Host host) {
    ProtocolTorture.Result result = ProtocolTorture.run(host, 2, 120);

    assertThat(result.clean()).as(result.toString()).isTrue();
  }
}
